"""Data sets as Parquet: equal when read back, and described."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.datasets import storage
from bench.datasets.trajectories import Trajectories
from bench.report.exports.data import COLUMNS, export
from tests.helpers.atari import make_frames
from tests.helpers.discrete import make_choices

ABOUT = {"task": "hopper-medium", "source": "generated", "seed": 3, "meaning": "one snapshot"}


def exported(data: Trajectories, root: Path, task: str = "hopper-medium") -> pd.DataFrame:
    storage.save(data, root / "data", ABOUT | {"task": task})
    export(root / "data", root / "out")
    return pd.read_parquet(root / "out/episodes.parquet")


def test_what_is_read_back_is_the_data(hopper_like: Trajectories, tmp_path: Path) -> None:
    frame = exported(hopper_like, tmp_path)
    assert list(frame.columns) == list(COLUMNS)
    assert [len(row) for row in frame["rewards"]] == [30, 20, 25]
    for name in ("observations", "actions", "rewards", "terminals", "timeouts"):
        column = [np.stack(list(row)) for row in frame[name]]
        np.testing.assert_array_equal(np.concatenate(column), getattr(hopper_like, name))
    assert [row.tolist().index(True) for row in frame["dones"]] == [29, 19, 24]
    assert [bool(row[-1]) for row in frame["terminals"]] == [True, True, False]


def test_discrete_actions_and_bytes_are_kept(tmp_path: Path) -> None:
    data = make_choices()
    frame = exported(data, tmp_path, "key_to_door-1k")
    np.testing.assert_array_equal(np.concatenate(list(frame["actions"])), data.actions)
    flat = np.stack([step for row in frame["observations"] for step in row])
    np.testing.assert_array_equal(flat, data.observations.reshape(data.steps, -1))
    assert flat.dtype == np.uint8


def test_the_card_by_hand(hopper_like: Trajectories, tmp_path: Path) -> None:
    exported(hopper_like, tmp_path)
    card = (tmp_path / "out/README.md").read_text()
    mean = hopper_like.returns.mean()
    assert "| episodes, steps | 3, 75 |" in card
    assert f"| return | mean {mean:.1f}, from " in card
    assert f"| normalised | mean {100 * (mean + 20.272305) / 3254.572305:.1f}, from " in card
    assert "| action | 3 numbers, -1 to 1 |" in card
    assert "| behaviour | one snapshot |" in card
    assert str(storage.read_manifest(tmp_path / "data")["digest"]) in card


def test_frames_are_refused_with_the_way_out(tmp_path: Path) -> None:
    storage.save(make_frames(), tmp_path / "data", ABOUT | {"task": "pong-replay"})
    with pytest.raises(
        ValueError, match=r"stacks of 4 frames.*`bench data export .*` writes Minari"
    ):
        export(tmp_path / "data", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_text_of_the_manifest_is_text_in_the_card(
    hopper_like: Trajectories, tmp_path: Path
) -> None:
    storage.save(hopper_like, tmp_path / "data", ABOUT | {"meaning": "a | <b>b\n# c [d](e)"})
    export(tmp_path / "data", tmp_path / "out")
    lines = (tmp_path / "out/README.md").read_text().splitlines()
    assert r"| behaviour | a \| &lt;b>b # c [d]\(e) |" in lines
