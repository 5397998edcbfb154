"""Two generations of checkpoints: what is damaged is never used."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from bench.core.files import DamagedFile, DiskFull
from bench.methods import checkpoints
from bench.methods.checkpoints import CHECKPOINT, OLDER
from tests.helpers.dt import make_context
from tests.helpers.tiny_training import run_tiny


def state(step: int) -> dict[str, torch.Tensor]:
    """Tensors of several types and shapes."""
    return {
        "weight": torch.arange(6.0).reshape(2, 3) + step,
        "count": torch.tensor(step),
        "half": torch.ones(3, dtype=torch.bfloat16),
        "mask": torch.tensor([True, False]),
        "random": torch.tensor(list(range(40)), dtype=torch.uint8),
        "none": torch.zeros(0),
    }


def two(folder: Path) -> None:
    """Write a checkpoint of step 1 and one of step 2."""
    for step in (1, 2):
        checkpoints.write(folder, {"step": step, "stamp": "s"}, state(step))


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def test_the_newest_is_read_and_the_one_before_is_kept(tmp_path: Path) -> None:
    assert checkpoints.read(tmp_path) is None
    two(tmp_path)
    found = checkpoints.read(tmp_path)
    assert found is not None
    assert found[0]["step"] == 2
    assert equal(found[1], state(2))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([CHECKPOINT, OLDER])
    (tmp_path / CHECKPOINT).unlink()  # as if killed between the two renames
    found = checkpoints.read(tmp_path)
    assert found is not None
    assert found[0]["step"] == 1
    checkpoints.remove(tmp_path)
    assert list(tmp_path.iterdir()) == []


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def without_a_header(path: Path) -> None:
    save_file(load_file(path), path)


def of_another_tensor(path: Path) -> None:
    """Change one number and write the file again, as a sound safetensors file."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        metadata = json.loads(file.read(length))["__metadata__"]
    tensors = load_file(path)
    tensors["weight"][0, 0] += 1
    save_file(tensors, path, metadata=metadata)


DAMAGES = pytest.mark.parametrize(
    "damage",
    [cut_short, without_a_header, of_another_tensor, lambda path: path.write_bytes(b"")],
    ids=["truncated", "no-header", "another-tensor", "empty"],
)


@DAMAGES
def test_the_older_one_is_used_if_the_newer_is_damaged(
    damage: Callable[[Path], Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two(tmp_path)
    damage(tmp_path / CHECKPOINT)
    found = checkpoints.read(tmp_path)
    assert found is not None
    assert found[0]["step"] == 1
    assert equal(found[1], state(1))
    assert f"checkpoint {tmp_path / CHECKPOINT} is damaged" in capsys.readouterr().out


@DAMAGES
@pytest.mark.parametrize("reader", ["resume", "discard_stale"])
def test_without_a_sound_one_the_damage_is_named(
    damage: Callable[[Path], Any], reader: str, tmp_path: Path
) -> None:
    two(tmp_path)
    for name in (CHECKPOINT, OLDER):
        damage(tmp_path / name)
    with pytest.raises(DamagedFile) as caught:
        getattr(make_context(folder=tmp_path), reader)()
    assert str(tmp_path / CHECKPOINT) in str(caught.value)
    assert "delete it" in str(caught.value)


def test_a_flipped_bit_anywhere_is_refused_or_without_effect(tmp_path: Path) -> None:
    checkpoints.write(tmp_path, {"step": 1, "losses": [{"step": 1, "loss": 0.5}]}, state(1))
    whole = (tmp_path / CHECKPOINT).read_bytes()
    sound = checkpoints.read(tmp_path)
    assert sound is not None
    refused = 0
    draw = random.Random(0)
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << draw.randrange(8)
        (tmp_path / CHECKPOINT).write_bytes(changed)
        try:
            found = checkpoints.read(tmp_path)
        except DamagedFile:
            refused += 1
            continue
        assert found is not None
        assert found[0] == sound[0]
        assert equal(found[1], sound[1])
    assert refused > 0.9 * len(whole)


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    checkpoints.write(tmp_path, {"step": 1}, state(1))
    whole = (tmp_path / CHECKPOINT).read_bytes()
    for length in range(0, len(whole), 7):
        (tmp_path / CHECKPOINT).write_bytes(whole[:length])
        with pytest.raises(DamagedFile, match=CHECKPOINT):
            checkpoints.read(tmp_path)


def test_a_full_disk_keeps_the_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two(tmp_path)

    def full(*arguments: Any, **more: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    with pytest.raises(DiskFull, match=CHECKPOINT):
        checkpoints.write(tmp_path, {"step": 3}, state(3))
    found = checkpoints.read(tmp_path)
    assert found is not None
    assert found[0]["step"] == 2


def test_a_training_goes_on_from_the_older_generation(tmp_path: Path) -> None:
    run_tiny(tmp_path)
    cut_short(tmp_path / CHECKPOINT)
    resumed = make_context(folder=tmp_path).resume()
    assert resumed is not None
    assert resumed[0] == 19
