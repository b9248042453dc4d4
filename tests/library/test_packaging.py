"""The package: what it declares, what it installs, what its first page says."""

import re
import subprocess
import sys
import tomllib
from statistics import median

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from dlcore.course.exercises.topics import ROOT


def text(name):
    """Read a file of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def project():
    """The declarations of pyproject.toml."""
    return tomllib.loads(text("pyproject.toml"))["project"]


@pytest.fixture(scope="module")
def lock():
    """The lock: its header, and every package in it."""
    return tomllib.loads(text("uv.lock"))


@pytest.fixture(scope="module")
def requirements(project):
    """Every requirement, with the extra that asks for it, or none."""
    extras = {"": project["dependencies"], **project["optional-dependencies"]}
    return {(extra, Requirement(line)) for extra, lines in extras.items() for line in lines}


def locked(row):
    """Read a requirement as the lock writes it."""
    extra = re.search(r"extra == '(\w+)'", row.get("marker", ""))
    return extra[1] if extra else "", Requirement(row["name"] + row.get("specifier", ""))


def test_the_lock_is_in_step_with_the_project(project, lock, requirements):
    """The lock was made from these requirements: run `uv lock` after changing them."""
    [own] = [package for package in lock["package"] if package["name"] == project["name"]]
    assert {locked(row) for row in own["metadata"]["requires-dist"]} == requirements
    assert lock["requires-python"] == project["requires-python"]


def test_every_locked_version_is_allowed(lock, requirements):
    """What the lock installs lies within the ranges."""
    versions = {(package["name"], package["version"]) for package in lock["package"]}
    for _, wanted in requirements:
        found = [version for name, version in versions if name == wanted.name]
        assert found
        assert all(wanted.specifier.contains(version) for version in found)


def test_the_lock_names_one_public_index(project, lock):
    """Everything comes from PyPI: no path of any machine, no private mirror."""
    sources = [p["source"] for p in lock["package"] if p["name"] != project["name"]]
    files = [f["url"] for p in lock["package"] for f in [*p.get("wheels", []), *sdist(p)]]
    assert all(source == {"registry": "https://pypi.org/simple"} for source in sources)
    assert all(url.startswith("https://files.pythonhosted.org/") for url in files)


def sdist(package):
    """List the source archive of a locked package, when it has one."""
    return [package["sdist"]] if "sdist" in package else []


def test_requirements_are_ranges(requirements):
    """Each names its oldest version, and none names a single one."""
    for _, wanted in requirements:
        operators = {clause.operator for clause in wanted.specifier}
        assert ">=" in operators
        assert operators <= {">=", "<", "!="}


def test_the_readme_fits_one_screen():
    """At most fifty lines; so does the page on contributing."""
    assert len(text("README.md").splitlines()) <= 50
    assert len(text("CONTRIBUTING.md").splitlines()) <= 50


def test_the_readme_keeps_its_word():
    """Every command that it names exists, `make` or `dlcore`."""
    words = text("README.md") + text("CONTRIBUTING.md") + text("book/intro.md")
    targets = set(re.findall(r"^(\w+):", text("Makefile"), re.MULTILINE))
    line = [sys.executable, "-c", "from dlcore.cli import main; main()", "--help"]
    shown = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"(?:^|`)make (\w+)", words, re.MULTILINE)) <= targets
    assert set(re.findall(r"(?:^|`)dlcore (\w+)", words, re.MULTILINE)) <= {*shown.split()}


def test_the_citation_is_this_version_of_this_project(project):
    """CITATION.cff has what the format requires, and the authors and version of the package."""
    yaml = pytest.importorskip("yaml", reason="install the extra `book`")
    citation = yaml.safe_load(text("CITATION.cff"))
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["version"] == project["version"]
    assert citation["authors"] == project["authors"]


def test_importing_costs_little_more_than_numpy():
    """`import dlcore` takes 50 ms of the processor, or half as long as NumPy where that is more.

    The median of five processes; time that others spend on the processor does not count.
    """
    program = (
        "from time import process_time; start = process_time();"
        "import numpy; middle = process_time(); import dlcore;"
        "print(middle - start, process_time() - middle)"
    )
    runs = [subprocess.check_output([sys.executable, "-c", program]) for _ in range(5)]
    times = [map(float, run.split()) for run in runs]
    numpy, ours = map(median, zip(*times, strict=True))
    assert ours <= max(0.050, numpy / 2)


@pytest.mark.parametrize("minor", [11, 12, 13])
def test_supported_pythons_are_checked(project, minor):
    """The workflow runs every version that the project supports."""
    assert SpecifierSet(project["requires-python"]).contains(f"3.{minor}")
    assert f'"3.{minor}"' in text(".github/workflows/check.yml")
