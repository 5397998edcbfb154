"""A user's own environments: code runs only from modules that the user named."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from bench.core.code import ROOT
from bench.environments.modules import VARIABLE, UntrustedModule, allow, allowed, module_of
from bench.environments.vector import make

MODULE = """
import gymnasium, pathlib
from gymnasium.spaces import Box
pathlib.Path("imported").touch()

class Own(gymnasium.Env):
    observation_space, action_space = Box(-1, 1, (2,)), Box(-1, 1, (1,))
    def reset(self, *, seed=None, options=None):
        return self.observation_space.low, {}
    def step(self, action):
        return self.observation_space.low, 1.0, False, False, {}

gymnasium.register("%(name)s/Own-v0", entry_point=Own, max_episode_steps=5)
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """The name of a module in the working directory; each test has its own, because imports last."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.setattr(sys, "path", list(sys.path))
    name = f"own_{zlib.crc32(request.node.name.encode())}"
    Path(f"{name}.py").write_text(MODULE % {"name": name})
    return name


def test_a_module_that_nobody_named_is_not_imported(own: str) -> None:
    with pytest.raises(UntrustedModule, match=f"`bench --import {own} COMMAND`, or `environment_m"):
        make(f"{own}:{own}/Own-v0")
    assert not Path("imported").exists()


@pytest.mark.parametrize("prefix", [True, False], ids=["MODULE:ID", "ID"])
def test_a_module_in_the_working_directory_is_found(own: str, prefix: bool) -> None:
    """The console script does not have the working directory on its path."""
    sys.path[:] = [entry for entry in sys.path if entry not in ("", str(Path.cwd()))]
    allow(own)
    made = make(f"{own}:{own}/Own-v0" if prefix else f"{own}/Own-v0")
    assert made.spec.max_episode_steps == 5
    assert Path("imported").exists()


def test_a_file_in_the_working_directory_replaces_no_package(own: str) -> None:
    sys.path[:] = [entry for entry in sys.path if entry not in ("", str(Path.cwd()))]
    allow(own)
    make(f"{own}/Own-v0")
    assert sys.path[-1] == str(Path.cwd())


def test_a_module_that_does_not_exist_is_named(own: str) -> None:
    allow("not_here")
    with pytest.raises(ModuleNotFoundError, match="no Python module 'not_here', neither installed"):
        make("Hopper-v4")


def test_an_import_that_fails_inside_a_module_keeps_its_name(own: str) -> None:
    Path(f"{own}.py").write_text("import not_installed_either")
    allow(own)
    with pytest.raises(ModuleNotFoundError, match="No module named 'not_installed_either'"):
        make("Hopper-v4")


@pytest.mark.parametrize("name", ["", "a b", "a;b", "../a", "a-b", "a:b", "os.system()"])
def test_what_is_no_name_of_a_module(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    with pytest.raises(ValueError, match="is not the name of a Python module"):
        allow(name)
    assert allowed() == []


@pytest.mark.parametrize(
    ("environment", "module"),
    [
        ("Hopper-v4", ""),
        ("own:Own-v0", "own"),
        ("a.b:own/Own-v0", "a.b"),
        ("own:x:Own-v0", "own:x"),
        ('Hopper-v4 {"kwargs": {"a": "b:c"}}', ""),
    ],
)
def test_the_module_of_an_id(environment: str, module: str) -> None:
    assert module_of(environment) == module


def test_child_processes_may_import_the_same(own: str) -> None:
    allow(own)
    code = "from bench.environments.modules import allowed; print(allowed())"
    said = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == f"[{own!r}]"
