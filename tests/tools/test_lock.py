"""pyproject.toml, the locks, environment.yml and set-up name the same versions."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
PYTHONS = ["3.11", "3.12", "3.13"]
LOCKS = ["requirements.lock", "requirements-behaviours.lock"]


def entries(name):
    """Return the requirements of a lock, each with its hashes: [(requirement, [hash])]."""
    text = re.sub(r"^#.*\n", "", (ROOT / name).read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", "").splitlines()
    return [
        (Requirement(re.sub(r"--hash=\S+", "", line).strip()), re.findall(r"--hash=(\S+)", line))
        for line in lines
    ]


def pins(requirements):
    """Return canonical name -> (version, marker)."""
    found = {}
    for requirement in requirements:
        [specifier] = requirement.specifier
        assert specifier.operator == "==", f"{requirement} is no pin"
        assert canonicalize_name(requirement.name) not in found, f"{requirement} is there twice"
        found[canonicalize_name(requirement.name)] = (specifier.version, str(requirement.marker))
    return found


def lock(name="requirements.lock"):
    return pins(requirement for requirement, _ in entries(name))


def torch():
    [pin] = [line for line in PROJECT["dependencies"] if re.match(r"torch\b", line)]
    return pin


def conda():
    """Return environment.yml's conda packages, its options for pip, and its pins."""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    [pip] = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    options = [line for line in pip if line.startswith("-")]
    requirements = [Requirement(line) for line in pip if not line.startswith("-")]
    return environment["dependencies"], options, pins(requirements)


def satisfied(requirements, pinned):
    for text in requirements:
        requirement = Requirement(text)
        found, _ = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(found), f"{text} is locked to {found}"


def test_lock_satisfies_pyproject():
    wanted = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]
    satisfied([text for text in wanted if text != torch()], lock())


def test_behaviours_lock_adds_to_the_lock_and_contradicts_nothing():
    extra = lock("requirements-behaviours.lock")
    satisfied(PROJECT["optional-dependencies"]["behaviours"], extra)
    assert not set(extra) & set(lock())


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_hashes(name):
    found = entries(name)
    assert len(found) > 20
    for requirement, hashes in found:
        assert hashes, f"{requirement} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", text) for text in hashes), requirement


@pytest.mark.parametrize("name", LOCKS)
def test_the_pins_are_the_same_for_every_python(name):
    for requirement, _ in entries(name):
        if requirement.marker is not None:
            needed = {
                requirement.marker.evaluate(
                    {"python_version": python, "python_full_version": f"{python}.0"}
                )
                for python in PYTHONS
            }
            assert len(needed) == 1, requirement


def test_torch_is_pinned_in_pyproject_and_in_no_lock():
    assert re.fullmatch(r"torch==\d+\.\d+\.\d+", torch())
    for name in LOCKS:
        assert "torch" not in lock(name)
        assert not [package for package in lock(name) if package.startswith(("nvidia", "triton"))]


def test_the_lock_holds_what_torch_needs():
    [metadata] = PYPROJECT["tool"]["uv"]["dependency-metadata"]
    assert f"{metadata['name']}=={metadata['version']}" == torch()
    satisfied(metadata["requires-dist"], lock())


def test_conda_users_get_the_same_versions():
    dependencies, options, pip = conda()
    assert pip == lock() | pins([Requirement(torch())])
    assert f"python {PROJECT['requires-python']}" in dependencies
    assert "-e ." in options


def test_torch_comes_from_the_same_index_everywhere():
    index = "https://download.pytorch.org/whl/cpu"
    assert f"--extra-index-url {index}" in conda()[1]
    assert f'cpu_index="{index}"' in (ROOT / "tools/setup.sh").read_text()
    assert f"<{index}>" in (ROOT / "README.md").read_text()


def test_the_same_pythons_are_named_everywhere():
    supported = SpecifierSet(PROJECT["requires-python"])
    assert [f"3.{minor}" for minor in range(20) if f"3.{minor}" in supported] == PYTHONS
    prefix = "Programming Language :: Python :: "
    assert PROJECT["classifiers"] == [prefix + python for python in PYTHONS]
    assert PYPROJECT["tool"]["mypy"]["python_version"] == PYTHONS[0]
    assert PYPROJECT["tool"]["ruff"]["target-version"] == f"py{PYTHONS[0].replace('.', '')}"
    words = f"{', '.join(PYTHONS[:-1])} or {PYTHONS[-1]}"
    assert f"Python {words}" in (ROOT / "README.md").read_text()
    setup = (ROOT / "tools/setup.sh").read_text()
    assert f'supported="{words}"' in setup
    assert f"\n{' | '.join(PYTHONS)}) ;;" in setup
    makefile = (ROOT / "Makefile").read_text()
    assert " ".join(f"python{python}" for python in PYTHONS) in makefile
    first, last = (python.replace(".", ", ") for python in (PYTHONS[0], PYTHONS[-1]))
    assert f"({first}) <= sys.version_info[:2] <= ({last})" in makefile
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == PYTHONS


def test_the_installed_versions_are_the_locked_ones():
    expected = {
        requirement.name: str(next(iter(requirement.specifier)).version)
        for requirement, _ in entries("requirements.lock")
        if requirement.marker is None or requirement.marker.evaluate()
    }
    expected["torch"] = torch().removeprefix("torch==")
    different = {
        name: (version(name), locked)
        for name, locked in expected.items()
        if version(name).split("+")[0] != locked
    }
    assert not different


def test_the_simulator_is_one_that_reproduces_hopper_v4():
    major, minor = map(int, lock()["mujoco"][0].split(".")[:2])
    assert (2, 3) <= (major, minor) < (3, 5)
