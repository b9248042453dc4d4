"""The law of the matrix: floors point down, and every topic has its rooms.

Rows stand on the rows below them, columns are read from left to right; both rules can be seen
in the file tree, and are read here from the import statements and from the files themselves.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dlcore.course.exercises import skeleton, topics
from dlcore.course.exercises.marks import exercises_of, scored_tests
from dlcore.course.practice import runner
from dlcore.experiments import graph
from dlcore.graph import topological_order
from tests import longest_first

TOPICS = topics.topics()
FLOORS = {
    **dict.fromkeys(("shapes", "graph", "lazy"), 0),
    "kernels": 1,
    "autodiff": 2,
    **dict.fromkeys(("ops", "dlcore"), 3),  # the package brings the rules of its operations
    **dict.fromkeys(("nn", "data"), 4),
    "train": 5,
    **dict.fromkeys(("compat", "experiments", "benchmarks", "verification"), 6),
    **dict.fromkeys(("cli", "__main__"), 7),
}
TOWERS = ("formulas", "course")
READ = ("dlcore", "tests", "exercises", "solutions", "book")  # folders that import
CELL = re.compile(r"^`{3,}\{code-cell\}.*\n(?::.*\n)*((?:.*\n)*?)`{3,}$", re.MULTILINE)
# Folders in which a module is a topic or a package; what else they hold is machinery, by name.
MACHINERY = {
    "kernels": set(),
    "ops": {"precision", "window"},
    "nn": {"accounting", "containers", "init", "layer"},
    "nn/models": {"darts", "mlp"},
    "experiments": {
        "classroom", "depth", "errata", "experiment", "family", "full_training", "grading",
        "html_table", "ledger", "line_pairs", "logs", "memory", "outside", "paired", "startup",
        "traps", "written_twice",
    },
}  # fmt: skip
# Modules that are imported under a second name, and why they are.
SECOND_NAMES = {
    "dlcore.kernels.augment as kernels": "what the kernels serve stands in a module of its name",
    "dlcore.experiments.augment as lab": "a page uses several modules of its topic",
    "dlcore.kernels.conv as kernels": "the operations of a topic stand in a module of its name",
    "dlcore.kernels.dropout as kernels": "the operations of a topic stand in a module of its name",
    "dlcore.kernels.norm as kernels": "the operations of a topic stand in a module of its name",
    "dlcore.kernels.optim as kernels": "the optimizers stand in a module of its name",
    "dlcore.kernels.pool as kernels": "the operations of a topic stand in a module of its name",
    "dlcore.kernels.pool as pools": "used beside the kernels of conv",
    "dlcore.ops.activation as ops": "the layers of a topic stand in a module of its name",
    "dlcore.data.fetch as downloads": "the command of that name is defined beside it",
    "dlcore.formulas.quadratic.descent as quadratic": "used beside the experiments of descent",
    "dlcore.formulas.quadratic.optim as quadratic_optim": "used beside the formulas of optim",
    "dlcore.kernels.activation as kernels": "the operations of a topic stand in its module",
    "dlcore.formulas.derivative as page": "the experiments stand in a module of its name",
    "dlcore.formulas.conv as formulas": "a page uses several modules of its topic",
    "dlcore.experiments.conv as lab": "a page uses several modules of its topic",
    "dlcore.experiments.densenet as lab": "a page uses several modules of its topic",
    "dlcore.experiments.descent as lab": "a page uses several modules of its topic",
    "dlcore.experiments.dropout as lab": "a page uses several modules of its topic",
    "dlcore.experiments.fast as lab": "a page uses several modules of its topic",
    "dlcore.experiments.norm as lab": "a page uses several modules of its topic",
    "dlcore.experiments.optim as lab": "a page uses several modules of its topic",
    "dlcore.experiments.pytorch as lab": "a page uses several modules of its topic",
    "dlcore.experiments.pool as lab": "a page uses several modules of its topic",
    "dlcore.experiments.vgg as lab": "a page uses several modules of its topic",
    "dlcore.experiments.resnet as lab": "a page uses several modules of its topic",
    "dlcore.experiments.search as lab": "a page uses several modules of its topic",
    "dlcore.experiments.forward as autodiff": "used beside the formulas of forward",
    "dlcore.experiments.optim as races": "used beside the formulas of optim",
}
HOMES = {"numba": "kernels", "sympy": "formulas", "matplotlib": "experiments"}


def room(module):
    """Name the room of a module:  dlcore.ops.loss is in ops."""
    return module.split(".")[1] if "." in module else module


@pytest.fixture(scope="session")
def imports(modules):
    """What each module imports: modules of ours, packages of others."""
    return {module: graph.named(tree, modules) for module, tree in modules.items()}


@pytest.fixture(scope="session")
def ours(imports):
    """What each module imports of dlcore."""
    return {module: sorted(names & imports.keys()) for module, names in imports.items()}


def read(name):
    """Read a file of the repository."""
    return (topics.ROOT / name).read_text(encoding="utf-8")


def test_every_module_has_a_floor_or_a_tower(modules):
    """A folder that the architecture does not know is a mistake, or a decision to write down."""
    assert {room(module) for module in modules} <= {*FLOORS, *TOWERS}


@pytest.mark.parametrize("folder", MACHINERY)
def test_a_folder_holds_one_kind_of_thing(folder):
    """Its modules are topics, one file each, but for packages and a few that are named here."""
    files = {path.stem for path in (topics.ROOT / "dlcore" / folder).glob("[!_]*.py")}
    assert files - {*TOPICS} <= MACHINERY[folder]


def test_imports_name_modules_in_full(modules):
    """No import is relative: its statement says where a name comes from."""
    statements = [(name, node) for name, tree in modules.items() for node in ast.walk(tree)]
    relative = [name for name, node in statements if getattr(node, "level", None)]
    assert relative == []


def test_a_module_has_one_name(modules):
    """Nowhere is a module of dlcore imported under another one, without a reason that is listed."""
    python = [path for name in READ for path in sorted((topics.ROOT / name).rglob("*.py"))]
    sources = {path: path.read_text(encoding="utf-8") for path in python}
    pages = sorted((topics.ROOT / "book").glob("*.md"))
    sources |= {path: "\n".join(CELL.findall(path.read_text(encoding="utf-8"))) for path in pages}
    renamed = {each for source in sources.values() for each in renamings(source, modules)}
    assert renamed <= SECOND_NAMES.keys()


def renamings(source, modules):
    """Yield the modules that a program imports under another name:  dlcore.x as y."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            home = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            for alias in node.names:
                if alias.asname not in (None, alias.name) and home + alias.name in modules:
                    yield f"{home}{alias.name} as {alias.asname}"


def test_a_path_has_one_constant(modules):
    """No two constants of the library spell the same file or folder of the repository."""
    names = {}
    for module, tree in modules.items():
        for name, path in path_constants(module, tree):
            names.setdefault(path, []).append(f"{module}.{name}")
    assert {path: several for path, several in names.items() if len(several) > 1} == {}


def path_constants(module, tree):
    """Yield the constants of a module that hold a path, each with what it leads to."""
    place = topics.ROOT / module.replace(".", "/")
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    known = {"Path": Path, "topics": topics, "ROOT": topics.ROOT, "__file__": str(file)}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            used = {each.id for each in ast.walk(node.value) if isinstance(each, ast.Name)}
            literal = isinstance(node.value, ast.Constant) and "/" in str(node.value.value)
            if literal or (used & {"topics", "ROOT", "__file__"} and used <= known.keys()):
                value = eval(ast.unparse(node.value), known)
                path = topics.ROOT / value if literal else value
                if isinstance(path, Path):
                    yield ast.unparse(node.targets[0]), path


def test_floors_point_down(ours):
    """A module of floor k imports modules of floors 0 to k."""
    floor = {module: FLOORS[room(module)] for module in ours if room(module) in FLOORS}
    edges = [(module, used) for module in floor for used in ours[module] if used in floor]
    upward = [f"{user} imports {used}" for user, used in edges if floor[used] > floor[user]]
    assert upward == []


def test_imports_form_a_dag(ours):
    """The library's own algorithm finds an order of the library's own modules."""
    order = list(topological_order(ours, ours.get))
    place = {module: i for i, module in enumerate(order)}
    assert place.keys() == ours.keys()
    assert all(place[user] < place[used] for user in ours for used in ours[user])


def test_folders_form_a_dag(ours):
    """So do the folders: no two of them import from each other, on one floor either."""
    plan = {room(module): set() for module in ours}
    for module, names in ours.items():
        plan[room(module)] |= {room(used) for used in names} - {room(module)}
    assert {*topological_order(plan, plan.get)} == plan.keys()


@pytest.mark.parametrize("tower", TOWERS)
def test_towers_stand_alone(tower, ours):
    """Formulas and course import nothing else of dlcore; only where towers meet are they used."""
    inside = {room(used) for user in ours if room(user) == tower for used in ours[user]}
    users = {room(user) for user in ours if tower in map(room, ours[user])}
    assert inside <= {tower}
    assert users <= {tower, "verification", "experiments", "cli", "__main__"}


@pytest.mark.parametrize("package", HOMES)
def test_heavy_packages_stay_at_home(package, imports):
    """Numba lives in kernels, sympy in formulas, matplotlib in experiments."""
    roots = {user: {name.partition(".")[0] for name in names} for user, names in imports.items()}
    guests = [user for user in roots if package in roots[user] and room(user) != HOMES[package]]
    assert guests == []


def test_differentiation_knows_no_operation(ours):
    """Rules register themselves: autodiff never imports ops."""
    used = {room(used) for user in ours if room(user) == "autodiff" for used in ours[user]}
    assert "ops" not in used


def test_importing_dlcore_is_light():
    """`import dlcore` brings neither compiler, algebra, figures, command line nor tests."""
    heavy = ("numba", "sympy", "matplotlib", "typer", "pytest")
    program = f"import sys, dlcore; print(*[name for name in {heavy} if name in sys.modules])"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=topics.ROOT, capture_output=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_can_be_walked(topic):
    """A chapter arrives with all its rooms, or not at all."""
    needed = ("book/{}.md", "exercises/{}.py", "tests/test_{}.py", "solutions/{}.py")
    walked = {path.relative_to(topics.ROOT).as_posix() for path in topics.column(topic)}
    assert {name.format(topic) for name in needed} <= walked


def test_no_topic_has_the_name_of_a_package():
    """A reader's `import torch` beside a file exercises/torch.py would find that file."""
    locked = re.findall(r'^name = "(.+)"$', read("uv.lock"), re.MULTILINE)
    taken = {name.replace("-", "_") for name in locked} | {*sys.stdlib_module_names}
    others = {"flax", "jax", "keras", "optax", "sklearn", "tensorflow", "torch", "torchvision"}
    assert {*TOPICS} & (taken | others) == set()


@pytest.mark.parametrize("topic", TOPICS)
def test_every_room_points_back_to_its_chapter(topic, modules):
    """Each module of a column says  Chapter: book/<topic>.md."""
    rooms = [module for module in modules if module.rpartition(".")[2] == topic]
    docstrings = {module: ast.get_docstring(modules[module]) or "" for module in rooms}
    silent = [name for name, doc in docstrings.items() if f"Chapter: book/{topic}.md" not in doc]
    assert silent == []


@pytest.mark.parametrize("topic", TOPICS)
def test_exercises_are_solutions_with_holes(topic):
    """An untouched file is the cut of this solution; in an edited one no hole is foreign."""
    text, fresh = read(f"exercises/{topic}.py"), skeleton.cut(topic)
    in_step = text == fresh or not (skeleton.untouched(text) or skeleton.stale(text, fresh))
    assert in_step, f"solutions/{topic}.py has changed, run `dlcore exercises`"
    assert holes(text) <= holes(fresh)


def holes(source):
    """Collect the first hints that stand where answers are to be written."""
    return set(re.findall(r"# TODO: .+", source))


@pytest.mark.parametrize("topic", TOPICS)
def test_committed_exercises_are_solutions_with_holes(topic):
    """Both are judged as committed: a reader's answers do not break the suite."""
    solution, exercise = (
        committed(f"{folder}/{topic}.py") for folder in ("solutions", "exercises")
    )
    if not solution or not exercise:
        pytest.skip("no commit holds solution and exercise")
    assert exercise.partition("\n")[2] == skeleton.skeleton(solution)
    assert skeleton.untouched(exercise)


def committed(name):
    """Return a file as the last commit has it, or nothing."""
    try:
        command = ["git", "show", f"HEAD:./{name}"]
        done = subprocess.run(command, cwd=topics.ROOT, capture_output=True, check=False)
    except OSError:
        return ""
    return "" if done.returncode else done.stdout.decode()


@pytest.mark.parametrize("topic", TOPICS)
def test_every_scored_test_fails_on_the_skeleton(topic, tmp_path):
    """An exercise cannot be passed by leaving it alone: each of its tests meets a hole."""
    (tmp_path / f"{topic}.py").write_text(skeleton.cut(topic), encoding="utf-8")
    outcomes = runner.run([topic], folder=tmp_path).outcomes
    kinds = {o.claim: o.finding.kind if o.finding else "passed" for o in outcomes}
    assert outcomes
    assert kinds == dict.fromkeys(kinds, "not attempted")


@pytest.mark.parametrize("topic", TOPICS)
def test_every_exercise_has_a_page_a_hole_and_a_test(topic):
    """One name is label, docstring and mark, and nothing else ties the three together."""
    label = re.compile(r"^`{3,}\{exercise\}.*\n:label: ([\w-]+)$", re.MULTILINE)
    labels = label.findall(read(f"book/{topic}.md"))
    written = list(skeleton.exercises_in(read(f"solutions/{topic}.py")))
    assert labels == written
    assert sorted(written) == sorted(exercise.name for exercise in exercises_of(topic))
    assert all(name.startswith(f"{topic}-") for name in written)


@pytest.mark.parametrize("topic", TOPICS)
def test_every_exercise_has_one_number_of_points(topic):
    """The tests of one exercise agree on what it is worth."""
    assert set(scored_tests(topic).values()) == set(exercises_of(topic))


def test_the_files_that_begin_are_there():
    """None of those that take longest has been renamed, and then begins last."""
    assert [str(path) for path in longest_first.PLACES if not path.is_file()] == []
