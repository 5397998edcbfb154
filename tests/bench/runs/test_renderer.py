"""Which library MuJoCo draws with where there is no screen."""

from __future__ import annotations

import os

import pytest

from bench.runs import renderer
from bench.runs.renderer import choose_renderer


@pytest.fixture(autouse=True)
def no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MUJOCO_GL", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.setenv(name, "")  # so that the test's end restores what a choice sets
        monkeypatch.delenv(name)


def installed(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr(renderer, "find_library", lambda name: name if name in names else None)


@pytest.mark.parametrize(
    ("names", "chosen"), [(("EGL", "OSMesa"), "egl"), (("EGL",), "egl"), (("OSMesa",), "osmesa")]
)
@pytest.mark.parametrize("environment", ["Hopper-v4", "bench/Reacher2d-v0"])
def test_the_first_one_that_is_there(
    environment: str, names: tuple[str, ...], chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch, *names)
    assert choose_renderer(environment) == chosen
    assert os.environ["MUJOCO_GL"] == chosen


def test_with_neither_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    with pytest.raises(ValueError, match=r"cannot draw Hopper-v4: .* `apt-get install libosmesa6`"):
        choose_renderer("Hopper-v4")
    assert "MUJOCO_GL" not in os.environ


@pytest.mark.parametrize("screen", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_a_screen_is_used(screen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(screen, ":0")
    assert choose_renderer("Hopper-v4") is None
    assert "MUJOCO_GL" not in os.environ


def test_what_the_user_chose_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, "EGL")
    monkeypatch.setenv("MUJOCO_GL", "osmesa")
    assert choose_renderer("Hopper-v4") == "osmesa"


@pytest.mark.parametrize("environment", ["bench/KeyToDoor-v0", "bench/Pong-v0"])
def test_other_simulators_need_none(environment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    assert choose_renderer(environment) is None
