"""The shipped behaviour policies: levels, and the page that shows them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from bench.behaviours import ZOO, zoo
from bench.behaviours.actor import Actor
from bench.behaviours.mujoco_zoo import MEDIUM
from bench.core.files import DamagedFile, read_json, sha256
from bench.report import behaviours as describe
from bench.tasks.families import Domain
from bench.tasks.registry import DOMAINS, FAMILIES

GAMES = tuple(FAMILIES["atari"].domains)

SHIPPED = [domain for domain, _ in describe.shipped()]
CONTROL = [domain for domain in SHIPPED if domain.name not in GAMES]  # games: test_atari_zoo.py


@pytest.mark.parametrize("domain", CONTROL, ids=lambda domain: domain.name)
def test_levels(domain: Domain) -> None:
    animals = zoo.read(domain)
    low, high = MEDIUM
    assert (low, high) == (38, 50)
    assert low <= animals.medium.score <= high
    assert animals.expert.score >= 90
    assert len(animals.replay) == 24
    assert animals.replay[0].score < 10
    steps = [snapshot.step for snapshot in animals.replay]
    assert steps == sorted(set(steps))
    assert [snapshot.share for snapshot in animals.replay] == pytest.approx([1 / 24] * 24)
    distances = np.diff([0, *steps])
    assert distances.max() - distances.min() <= 2 * np.gcd.reduce(steps), "even in steps"
    manifest = read_json(ZOO / animals.folder.name / "manifest.json")
    assert manifest["learning_curve"][-1][0] >= animals.expert.step
    assert manifest["command"].startswith(f"bench behaviours train {animals.folder.name} ")
    assert manifest["evaluation"]["episodes"] == 100
    for snapshot in (*animals.replay, animals.expert):
        Actor.load(animals.intact(snapshot))  # its bytes are those of the manifest


def test_the_whole_zoo_stays_small() -> None:
    assert sum(path.stat().st_size for path in ZOO.rglob("*") if path.is_file()) <= 20_000_000


def test_a_domain_without_policies_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="bench behaviours train hopper"):
        zoo.read(DOMAINS["hopper"], tmp_path)


HOPPER = DOMAINS["hopper"]


def test_the_shipped_zoo_keeps_its_promises() -> None:
    shipped = zoo.read(HOPPER)
    assert len({snapshot.file for snapshot in (*shipped.replay, shipped.expert)}) == 25
    for snapshot in (*shipped.replay, shipped.expert):
        assert sha256(shipped.folder / snapshot.file) == snapshot.sha256
        assert snapshot.score == pytest.approx(HOPPER.normalised(snapshot.return_mean), abs=0.02)
        assert Actor.load(shipped.intact(snapshot)).mean[0].shape[1] == 3
    size = sum(path.stat().st_size for path in shipped.folder.iterdir())
    assert size < 5_000_000


def test_the_shipped_zoo_is_in_the_order_of_training() -> None:
    shipped = zoo.read(HOPPER)
    steps = [snapshot.step for snapshot in shipped.replay]
    assert steps == sorted(set(steps))
    assert shipped.medium.step == steps[-1] < shipped.expert.step
    assert sum(snapshot.share for snapshot in shipped.replay) == pytest.approx(1)
    assert all(snapshot.share > 0 for snapshot in shipped.replay)


def test_the_shipped_zoo_holds_nothing_else() -> None:
    shipped = zoo.read(HOPPER)
    files = {snapshot.file for snapshot in (*shipped.replay, shipped.expert)}
    assert {path.name for path in shipped.folder.iterdir()} == files | {"manifest.json"}


@pytest.mark.parametrize("damage", ["flipped", "truncated", "missing"])
def test_a_damaged_checkpoint_is_refused_by_name(tmp_path: Path, damage: str) -> None:
    shutil.copytree(ZOO / "hopper", tmp_path / "hopper")
    copied = zoo.read(HOPPER, tmp_path)
    path = tmp_path / "hopper" / copied.expert.file
    content = path.read_bytes()
    if damage == "flipped":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "truncated":
        path.write_bytes(content[:-1])
    else:
        path.unlink()
    with pytest.raises(DamagedFile, match=f"{path} is missing or damaged"):
        Actor.load(copied.intact(copied.expert))


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"replay": [{"file": "x"}]}'], ids=["empty", "list", "bare", "row"]
)
def test_a_damaged_zoo_is_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "hopper").mkdir()
    (tmp_path / "hopper" / "manifest.json").write_text(content)
    with pytest.raises(DamagedFile, match=str(tmp_path / "hopper" / "manifest.json")):
        zoo.read(HOPPER, tmp_path)


def test_a_missing_zoo_is_said_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="`bench behaviours train hopper` trains them"):
        zoo.read(HOPPER, tmp_path)
