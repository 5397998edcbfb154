"""`bench data verify`: every number of a manifest is that of the arrays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.behaviours.random_play import random_episodes
from bench.cli.main import main
from bench.core.files import DamagedFile, digest, read_json, write_json
from bench.datasets import storage
from bench.datasets.trajectories import Trajectories
from bench.datasets.verify import verify
from tests.helpers.atari import make_frames
from tests.helpers.dt import make_data

KINDS: dict[str, Callable[[], Trajectories]] = {
    "vectors": make_data,
    "discrete": lambda: random_episodes(3, 0),
    "frames": lambda: make_frames(scores=[1.0, 2.0, 3.0, 4.0]),
}


@pytest.fixture(params=KINDS)
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    storage.save(KINDS[request.param](), tmp_path / "set", {"source": "hand", "task": "x"})
    return tmp_path / "set"


def resign(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the manifest and give it a valid digest."""
    manifest = read_json(folder / storage.MANIFEST)
    change(manifest)
    write_json(folder / storage.MANIFEST, manifest | {"digest": digest(manifest)})


def test_a_data_set_as_it_was_written(folder: Path) -> None:
    assert verify(folder).steps > 0


def set_to(key: str, value: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda manifest: manifest.__setitem__(key, value)


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("observation_std", lambda m: m["observation_std"].__setitem__(0, 0.0)),
        ("observation_std", lambda m: m["observation_std"].__setitem__(-1, 1e9)),
        ("observation_mean", lambda m: m["observation_mean"].__setitem__(0, -7.5)),
        ("terminals", set_to("terminals", 0)),
        ("return", lambda m: m["return"].__setitem__("mean", 1e6)),
        ("returns", lambda m: m["returns"].__setitem__(0, 1e6)),
        ("lengths", lambda m: m["lengths"].__setitem__(0, 999)),
        ("length", lambda m: m["length"].__setitem__("max", 1e6)),
        ("timeouts", set_to("timeouts", 999)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_manifest_with_another_number_and_a_valid_digest(
    folder: Path, key: str, change: Callable[[dict[str, Any]], Any]
) -> None:
    resign(folder, change)
    with pytest.raises(DamagedFile, match=rf"manifest\.json: its {key} is not that of the arrays"):
        verify(folder)


@pytest.mark.parametrize("folder", ["vectors"], indirect=True)
def test_continuous_actions_are_those_of_a_policy(folder: Path) -> None:
    resign(folder, set_to("action_range", [-1.0, 2000.0]))
    with pytest.raises(DamagedFile, match="its action_range is not that of the arrays"):
        verify(folder)


def test_the_command_ends_with_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "verify", str(folder)]) == 0
    resign(folder, lambda manifest: manifest["observation_std"].__setitem__(0, 0.0))
    assert main(["data", "verify", str(folder)]) == 1
    assert "its observation_std is not that of the arrays" in capsys.readouterr().err
