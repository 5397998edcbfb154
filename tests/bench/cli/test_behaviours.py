"""`bench behaviours`: which trainer, which settings, and what is refused."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from bench.behaviours import ZOO, atari_zoo, mujoco_zoo
from bench.cli.main import main
from tests.helpers.cli import fails


def test_an_unknown_domain(capsys: pytest.CaptureFixture[str]) -> None:
    assert "unknown domain 'ant'; known: halfcheetah, hopper" in fails(
        capsys, "behaviours", "train", "ant"
    )


@pytest.mark.parametrize(
    ("domain", "algorithm", "message"),
    [
        ("pong", "sac", "pong cannot be trained with sac; known: ppo"),
        ("hopper", "ppo", "hopper cannot be trained with ppo; known: tqc, sac"),
    ],
)
def test_an_algorithm_of_the_other_kind_is_refused(
    domain: str, algorithm: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["behaviours", "train", domain, "--algorithm", algorithm]) == 1
    assert message in capsys.readouterr().err


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A list that fills with what trainers are given; nothing is trained."""
    given: list[Any] = []

    def train(domain: Any, work: Path, zoo: Path, **settings: Any) -> str:
        given.append((domain.name, work, zoo, settings))
        return "a zoo"

    for module in (mujoco_zoo, atari_zoo):
        monkeypatch.setattr(module, "train", train)
    return given


def test_what_is_not_said_is_the_trainers(
    trained: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["behaviours", "train", "hopper"]) == 0
    assert capsys.readouterr().out == "a zoo\n"
    assert main(["behaviours", "train", "pong"]) == 0
    below = Path("results/behaviours")
    hopper, pong = trained
    assert hopper == (
        "hopper",
        below / "hopper-tqc-0",
        ZOO,
        {
            "algorithm": "tqc",
            "steps": 400_000,
            "seed": 0,
            "keep_every": 1_000,
            "options": {},
            "command": "bench behaviours train hopper --algorithm tqc --steps 400000 --seed 0 "
            "--keep-every 1000",
        },
    )
    assert pong[:3] == ("pong", below / "pong-ppo-0", ZOO)
    assert (pong[3]["steps"], pong[3]["keep_every"]) == (2_500_000, 50_000)


def test_what_is_said_reaches_the_trainer_and_its_command(trained: list[Any]) -> None:
    options = ["--options", '{"gamma": 0.9, "name": "a b"}', "--keep-every", "10"]
    line = ["hopper", "--algorithm", "sac", "--steps", "50", "--seed", "4", *options]
    assert main(["behaviours", "train", *line, "--work", "here", "--zoo", "there"]) == 0
    [(_, work, zoo, settings)] = trained
    assert (work, zoo) == (Path("here"), Path("there"))
    command = settings.pop("command")
    assert settings == {
        "algorithm": "sac",
        "steps": 50,
        "seed": 4,
        "keep_every": 10,
        "options": {"gamma": 0.9, "name": "a b"},
    }
    assert main(shlex.split(command)[1:]) == 0  # the command that is kept does the same again
    assert trained[1][3] == settings | {"command": command}


def test_random_actions_need_no_trainer(capsys: pytest.CaptureFixture[str]) -> None:
    line = fails(capsys, "behaviours", "train", "key_to_door")
    assert "key_to_door needs no behaviour policies: its data come from random actions" in line
