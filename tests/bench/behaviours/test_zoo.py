"""The shipped behaviour policies: levels, and the page that shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.behaviours import ZOO, zoo
from bench.behaviours.actor import Actor
from bench.core.files import read_json
from bench.report import behaviours as describe
from bench.tasks.families import Domain
from bench.tasks.registry import DOMAINS, FAMILIES

GAMES = tuple(FAMILIES["atari"].domains)

SHIPPED = [domain for domain, _ in describe.shipped()]
CONTROL = [domain for domain in SHIPPED if domain.name not in GAMES]  # games: test_game_zoo.py


@pytest.mark.parametrize("domain", CONTROL, ids=lambda domain: domain.name)
def test_levels(domain: Domain) -> None:
    animals = zoo.read(domain)
    assert 30 <= animals.medium.score <= 50
    assert animals.expert.score > 70
    assert len(animals.replay) >= 10
    assert animals.replay[0].score < 10
    steps = [checkpoint.step for checkpoint in animals.replay]
    assert steps == sorted(steps)
    assert sum(checkpoint.share for checkpoint in animals.replay) == pytest.approx(1)
    manifest = read_json(ZOO / animals.folder.name / "manifest.json")
    assert manifest["learning_curve"][-1][0] >= animals.expert.step
    assert manifest["command"].startswith(f"bench behaviours train {animals.folder.name} ")
    assert manifest["evaluation"]["episodes"] == 100
    for checkpoint in (*animals.replay, animals.expert):
        Actor.load(animals.intact(checkpoint))  # its bytes are those of the manifest


def test_a_domain_without_policies_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="bench behaviours train hopper"):
        zoo.read(DOMAINS["hopper"], tmp_path)
