"""A damaged record of a training is refused by name, or the damage has no effect."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from bench.core.files import DamagedFile
from bench.runs.evaluate import checked_training
from bench.runs.train import TRAINING
from tests.helpers.runs import run_folder, train_one


@pytest.fixture(scope="module")
def trained(hopper_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = run_folder(tmp_path_factory.mktemp("trained"))
    train_one(folder, hopper_data, steps=4)
    return folder


@pytest.mark.long
def test_a_flipped_bit_anywhere_is_refused_or_without_effect(trained: Path) -> None:
    path = trained / TRAINING
    whole, draw, refused = path.read_bytes(), random.Random(0), 0
    sound = checked_training(trained)
    try:
        for place in range(len(whole)):
            changed = bytearray(whole)
            changed[place] ^= 1 << draw.randrange(8)
            path.write_bytes(changed)
            try:
                assert checked_training(trained) == sound
            except DamagedFile as error:
                refused += str(path) in str(error)
    finally:
        path.write_bytes(whole)
    assert refused > len(whole) / 2


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_a_truncated_record_is_refused(trained: Path, share: float) -> None:
    path = trained / TRAINING
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    try:
        with pytest.raises(DamagedFile, match=str(path)):
            checked_training(trained)
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("content", ["[]", "null", "3", "{}", '{"policy": 1}'])
def test_something_else_is_refused(trained: Path, content: str) -> None:
    path = trained / TRAINING
    whole = path.read_bytes()
    path.write_text(content)
    try:
        with pytest.raises(DamagedFile, match=str(path)):
            checked_training(trained)
    finally:
        path.write_bytes(whole)


def test_a_record_without_a_digest_is_refused(trained: Path) -> None:
    """As an earlier version wrote it: nothing says that it is whole."""
    path = trained / TRAINING
    whole = path.read_bytes()
    content = json.loads(whole)
    del content["digest"]
    path.write_text(json.dumps(content))
    try:
        with pytest.raises(DamagedFile, match="run again"):
            checked_training(trained)
    finally:
        path.write_bytes(whole)
