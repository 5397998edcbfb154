"""pyproject.toml, the lock and environment.yml say the same versions."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def pins(lines):
    found = (re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[.*\])?==(\S+)", line) for line in lines)
    return {canonicalize_name(match[1]): match[2] for match in found if match}


def lock(name="requirements.lock"):
    return pins((ROOT / name).read_text().splitlines())


def conda():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    [pip] = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    return environment["dependencies"], pins(pip)


def satisfied(requirements, pinned):
    for text in requirements:
        requirement = Requirement(text)
        found = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(found), f"{text} is locked to {found}"


def test_lock_satisfies_pyproject():
    satisfied(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"], lock())


def test_behaviours_lock_adds_to_the_lock_and_contradicts_nothing():
    extra = lock("requirements-behaviours.lock")
    satisfied(PROJECT["optional-dependencies"]["behaviours"], extra)
    assert not set(extra) & set(lock())


def test_every_line_of_the_lock_is_a_pin():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    entries = [line for line in lines if line and not line.startswith("#")]
    assert len(entries) == len(lock()) > 50


def test_conda_users_get_the_same_versions():
    dependencies, pip = conda()
    assert pip == lock()
    assert "python=3.11" in dependencies
    assert PROJECT["requires-python"].startswith(">=3.11")


def test_the_installed_versions_are_the_locked_ones():
    different = {
        name: (version(name), locked)
        for name, locked in lock().items()
        if version(name).split("+")[0] != locked
    }
    assert not different


def test_the_simulator_is_one_that_reproduces_hopper_v4():
    major, minor = map(int, lock()["mujoco"].split(".")[:2])
    assert (2, 3) <= (major, minor) < (3, 5)
