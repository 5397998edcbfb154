"""What a training is given: random numbers, a log, checkpoints and kept policies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from bench.core.files import DamagedFile
from bench.methods.context import CHECKPOINT, SNAPSHOTS
from bench.methods.contract import Diverged
from tests.helpers.dt import make_context
from tests.helpers.tiny_training import run_tiny


def test_a_checkpoint_of_other_settings_is_discarded_with_the_kept_policies(
    tmp_path: Path,
) -> None:
    run_tiny(tmp_path, stamp="old", snapshot_steps=(10,))
    assert (tmp_path / CHECKPOINT).exists()
    assert sorted(path.name for path in (tmp_path / SNAPSHOTS).iterdir()) == [
        "00000000.safetensors",
        "00000010.safetensors",
    ]
    make_context(folder=tmp_path, stamp="old").discard_stale()
    assert make_context(folder=tmp_path, stamp="old").resume()[0] == 20  # type: ignore[index]
    assert len(list((tmp_path / SNAPSHOTS).iterdir())) == 2
    make_context(folder=tmp_path, stamp="new").discard_stale()
    assert list(tmp_path.iterdir()) == []
    assert make_context(folder=tmp_path, stamp="new").resume() is None


def test_kept_policies_without_a_checkpoint_are_discarded(tmp_path: Path) -> None:
    run_tiny(tmp_path, snapshot_steps=(10,))
    (tmp_path / CHECKPOINT).unlink()
    make_context(folder=tmp_path).discard_stale()
    assert list(tmp_path.iterdir()) == []


def test_checkpoints_wait_for_their_interval(tmp_path: Path) -> None:
    run_tiny(tmp_path, save_every=1000.0)
    assert not (tmp_path / CHECKPOINT).exists()


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def without_a_header(path: Path) -> None:
    from safetensors.torch import save_file

    save_file(load_file(path), path)


@pytest.mark.parametrize(
    "damage",
    [cut_short, without_a_header, lambda path: path.write_bytes(b"")],
    ids=["truncated", "no-header", "empty"],
)
@pytest.mark.parametrize("reader", ["resume", "discard_stale"])
def test_a_damaged_checkpoint_is_refused_by_name(
    damage: Callable[[Path], Any], reader: str, tmp_path: Path
) -> None:
    run_tiny(tmp_path)
    damage(tmp_path / CHECKPOINT)
    with pytest.raises(DamagedFile) as caught:
        getattr(make_context(folder=tmp_path), reader)()
    assert str(tmp_path / CHECKPOINT) in str(caught.value)
    assert "delete it" in str(caught.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_log_refuses_what_is_not_finite(value: float) -> None:
    with pytest.raises(Diverged, match="entropy is not finite at step 3"):
        make_context().log(3, loss=1.0, entropy=value)
