"""Try the suite on mutants of the numeric core: one token of one module changes at a time.

The mutants are drawn by a seed, so many from each module. A mutant is tried by the tests that call
the function in which it lies, the fastest first. What came out is kept line by line: a run that
was stopped goes on where it was, and one after a change tries again what the change concerns.

Compiled kernels are left to the tests that compare them with their naive twins and with exact
calculus; a change in them would be compiled anew for each mutant.
"""

import ast
import json
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from hashlib import sha256

from rich.console import Console
from rich.progress import track

from dlcore.course.exercises.topics import ROOT
from dlcore.data.sources import cache
from dlcore.experiments import experiment
from dlcore.verification import mutant_server
from dlcore.verification.code_mutants import CodeMutant, code_mutants, equivalent
from dlcore.verification.tests_of_functions import tests_of_functions

CORE = ("dlcore/ops/**/*.py", "dlcore/nn/**/*.py", "dlcore/kernels/*.py",
        "dlcore/train/optim.py", "dlcore/train/schedule.py", "dlcore/train/solver.py")  # fmt: skip
COMPILED = ("kernel", "elementwise", "intrinsic_from_ir")  # decorators of compiled functions
EQUIVALENT = "tests/verification/equivalent_mutants.toml"  # mutants that compute the same
PER_MODULE = 12
WORTH = 30.0  # seconds of a processor that the tests of a mutant took on the right program
SECONDS = 120  # for the tests of a mutant
SHARE = 0.97  # of the mutants that compute something else are refused


@dataclass(frozen=True)
class CodeTrial:
    """A mutant of a module, what refused it, and why it computes the same, if it does."""

    path: str
    mutant: CodeMutant
    refused_by: str
    reason: str


def trials(folder, *, per_module=PER_MODULE, seed=0):
    """Yield the trial of every mutant that the seed draws; keep what is known in `folder`."""
    chosen = list(mutants_of_the_core(per_module, seed))
    tests = callers(tests_of_functions(folder / "calls.json"))
    reasons = equivalent(ROOT / EQUIVALENT)
    journal = folder / "mutants.jsonl"
    known = read(journal)
    with Server() as server, journal.open("a", encoding="utf-8") as lines:
        for path, mutant in chosen:
            name = f"{path}:{mutant.line}: {mutant}"
            refused_by, digest = known.get(name, ("", ""))
            if digest != grounds(path, refused_by):
                refused_by = server.refusal(path, mutant, reaching(tests, path, mutant))
                lines.write(json.dumps([name, refused_by, grounds(path, refused_by)]) + "\n")
                lines.flush()
            yield CodeTrial(path, mutant, refused_by, reasons.get((path, str(mutant)), ""))


def mutants_of_the_core(per_module, seed):
    """Draw mutants from each module of the core, by the seed and the module's name."""
    for path in sorted({file for pattern in CORE for file in ROOT.glob(pattern)}):
        source = path.read_text(encoding="utf-8")
        name = str(path.relative_to(ROOT))
        compiled = lines_of(source, COMPILED)
        mutants = [each for each in code_mutants(source) if each.line not in compiled]
        random.Random(f"{seed} {name}").shuffle(mutants)
        yield from ((name, each) for each in mutants[:per_module])


def lines_of(source, decorators):
    """Collect the lines of all functions that are decorated by one of some names."""
    functions = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef)]
    marked = [node for node in functions
              if any(name in ast.unparse(mark) for mark in node.decorator_list
                     for name in decorators)]  # fmt: skip
    return {line for node in marked for line in range(node.lineno, node.end_lineno + 1)}


def callers(tests):
    """Turn a map of tests to what they call around; the fastest tests come first."""
    found = {}
    for name, test in sorted(tests.items(), key=lambda pair: pair[1]["seconds"]):
        for function in test["calls"]:
            found.setdefault(function, []).append((name, test["seconds"]))
            found.setdefault(function.rpartition(":")[0], []).append((name, test["seconds"]))
    return {function: list(dict.fromkeys(names)) for function, names in found.items()}


def reaching(tests, path, mutant):
    """List tests that call the function in which a mutant lies, the fastest first.

    Outside all functions, or where no test calls it, they are those that call any of the module.
    """
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    around = [
        name for name, node in qualified(tree) if node.lineno <= mutant.line <= node.end_lineno
    ]
    of_the_module = tests.get(path, ())
    chosen, spent = [], 0.0
    for name, seconds in tests.get(f"{path}:{around[-1]}" if around else path) or of_the_module:
        if chosen and spent + seconds > WORTH:
            break
        chosen.append(name)
        spent += seconds
    return chosen


def qualified(tree, prefix=""):
    r"""Yield every function of a program after those around it, with its qualified name.

    >>> [name for name, _ in qualified(ast.parse("class A:\n def f(self):\n  def g(): pass"))]
    ['A.f', 'A.f.<locals>.g']
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef):
            yield prefix + node.name, node
            yield from qualified(node, f"{prefix}{node.name}.<locals>.")
        else:
            inside = f"{prefix}{node.name}." if isinstance(node, ast.ClassDef) else prefix
            yield from qualified(node, inside)


class Server:
    """The process that forks one for each mutant."""

    def __enter__(self):
        program = [sys.executable, mutant_server.__file__]
        self.process = subprocess.Popen(
            program, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.sound = {}
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def refusal(self, path, mutant, tests):
        """Return the first test that fails on a mutant and not on the right program, or nothing.

        Where no test could run, what was said instead is returned. Raises RuntimeError where that
        is so of the right program, too.
        """
        tests = [name for name in tests if self.sound.get(name, True)]
        while tests:
            failed = self.ask(path, mutant.source, tests)
            if failed not in tests:
                self.require(path, tests[0])
                return failed
            if self.passes(path, failed):
                return failed
            tests = [name for name in tests if name != failed]
        return ""

    def passes(self, path, test):
        """Tell whether a test passes on the right program, here."""
        if test not in self.sound:
            self.sound[test] = self.trial_of_the_right_program(path, test) == ""
        return self.sound[test]

    def require(self, path, test):
        """Raise RuntimeError where not even a test of the right program can run."""
        refused_by = self.trial_of_the_right_program(path, test)
        if refused_by not in ("", test):
            raise RuntimeError(f"mutants: {test} cannot run on {path} as it is: {refused_by}")

    def trial_of_the_right_program(self, path, test):
        """Have one test run on a module as it is; return what fails, or nothing."""
        return self.ask(path, (ROOT / path).read_text(encoding="utf-8"), [test])

    def ask(self, path, source, tests):
        """Have tests run on the source of a module; return the first that fails, or nothing."""
        module = path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        job = {"module": module, "path": str(ROOT / path), "source": source,
               "tests": tests, "seconds": SECONDS}  # fmt: skip
        print(json.dumps(job), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())


def grounds(path, refused_by):
    """Condense what a finding rests on: the module, and the tests that were tried.

    A survivor is tried again as soon as anything changes.
    """
    test = ROOT / refused_by.partition("::")[0]
    everything = [*(ROOT / "dlcore").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    files = [ROOT / path, *([test] if test.is_file() else [])] if refused_by else sorted(everything)
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def read(journal):
    """Read what is known of mutants; a last line that was cut off is none."""
    journal.parent.mkdir(parents=True, exist_ok=True)
    text = journal.read_text(encoding="utf-8") if journal.exists() else ""
    whole = [json.loads(line) for line in text.splitlines(keepends=True) if line[-1:] == "\n"]
    return {name: (refused_by, digest) for name, refused_by, digest in whole}


def summary(judged):
    """Count, for the record: how many mutants were made, refused, and are equivalent."""
    alive = [trial for trial in judged if not trial.refused_by]
    by_module = {}
    for trial in judged:
        made, refused, equal = by_module.get(trial.path, (0, 0, 0))
        apart = bool(trial.reason) and not trial.refused_by
        by_module[trial.path] = (made + 1, refused + bool(trial.refused_by), equal + apart)
    made, refused, equal = map(sum, zip(*by_module.values(), strict=True))
    values = {
        "modules": len(by_module),
        "mutants": made,
        "refused": refused,
        "equivalent": equal,
        "part": refused / (made - equal),
    }
    survivors = [[trial.path, str(trial.mutant), trial.reason] for trial in alive]
    return values, {"modules": by_module, "survivors": survivors}


def table(values, history):
    """Lay the counts out as text: a line for every module and one for all, then the survivors."""
    width = max(map(len, history["modules"]))
    line = f"{{:{width}}}  {{:>5}}  {{:>7}}  {{:>10}}  {{:>5}}".format
    total = (values["mutants"], values["refused"], values["equivalent"])
    lines = [line("", "made", "refused", "equivalent", "alive")]
    for name, (made, refused, equal) in [*history["modules"].items(), ("all", total)]:
        lines.append(line(name, made, refused, equal, made - refused - equal))
    lines.append(f"{values['part']:.1%} of those that compute something else are refused")
    for path, mutant, reason in sorted(history["survivors"], key=lambda row: (row[2] != "", row)):
        lines.append(f"{path}: {mutant}\n    {reason or 'alive'}")
    return "\n".join(lines)


def report(*, per_module=PER_MODULE, seed=0, record=False):
    """Try all mutants, print the counts, and write the record when asked; return a status."""
    begun = time.monotonic()
    drawn = trials(cache() / "verify", per_module=per_module, seed=seed)
    judged = list(track(drawn, "mutants", console=Console(stderr=True), transient=True))
    values, history = summary(judged)
    print(table(values, history))
    if record:
        command = f"dlcore verify mutants --code --count {per_module} --seed {seed} --record"
        seconds = round(time.monotonic() - begun, 1)
        found = {"name": "code-mutants", "command": command, "seed": seed}
        found |= experiment.circumstances() | {"seconds": seconds}
        found |= {"values": values, "theirs": {}, "history": history}
        experiment.write("code-mutants", found)
    return int(values["part"] < SHARE)
