"""Versions of MuJoCo that give other numbers are refused."""

from __future__ import annotations

import pytest

from bench.environments import mujoco, mujoco_version
from bench.environments.vector import UnknownEnvironment


def test_the_rule_is_that_of_the_mujoco_family() -> None:
    assert (mujoco_version.FROM, mujoco_version.BELOW) == (mujoco.FROM, mujoco.BELOW)


@pytest.mark.parametrize("installed", ["2.3.2", "3.5.0", "4.0.1"])
def test_another_version_is_refused(installed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mujoco_version, "version", lambda name: installed)
    with pytest.raises(UnknownEnvironment, match=f"mujoco {installed} is installed, but bench/X"):
        mujoco_version.check("bench/X-v0")


@pytest.mark.parametrize("installed", ["2.3.3", "3.4.0"])
def test_a_comparable_version_passes(installed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mujoco_version, "version", lambda name: installed)
    mujoco_version.check("bench/X-v0")
