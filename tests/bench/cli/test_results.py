"""`bench results`: what is printed, and what is handed to Snakemake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.cli.main import main
from bench.core.code import ROOT
from bench.runs import adoption, validity
from bench.runs.validity import Verdict
from tests.helpers.cli import fails

FOUND = [
    Verdict(Path("data/generated/a/manifest.json"), "data", None),
    Verdict(Path("results/x/1/training.json"), "training", "code: bench/a.py changed"),
    Verdict(Path("results/x/2/training.json"), "training", None),
    Verdict(Path("results/x/1/result.json"), "record", "it does not exist", exists=False),
]


@pytest.fixture
def adopted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What `adopt` is given, where FOUND is what there is."""
    monkeypatch.chdir(ROOT)
    given: list[Any] = []
    monkeypatch.setattr(validity, "verdicts", lambda config, plan: iter(FOUND))
    monkeypatch.setattr(adoption, "adopt", lambda *arguments: given.append(arguments))
    return given


def test_check_names_what_is_not_valid_and_changes_nothing(
    adopted: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["results", "check", "--config", "config/smoke.yaml"]) == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        "results/x/1/training.json: code: bench/a.py changed",
        "data: 1 of 1 valid, 0 not valid, 0 missing",
        "training: 1 of 2 valid, 1 not valid, 0 missing",
        "record: 0 of 1 valid, 0 not valid, 1 missing",
    ]
    assert printed.err.startswith("error: something is not valid")
    assert adopted == []


@pytest.mark.parametrize(
    ("words", "files"),
    [
        ([], []),
        (["--config", "config/config.yaml"], []),
        (["--config", "config/smoke.yaml"], [Path("config/smoke.yaml")]),
        (
            ["--config", "config/smoke.yaml", "config/smoke.yaml"],
            [Path("config/smoke.yaml"), Path("config/smoke.yaml")],
        ),
        (
            ["--config", "config/smoke.yaml", "--config", "config/smoke.yaml"],
            [Path("config/smoke.yaml"), Path("config/smoke.yaml")],
        ),
    ],
)
def test_adopt_hands_the_verdicts_and_the_config_on(
    words: list[str],
    files: list[Path],
    adopted: list[Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["results", "adopt", *words]) == 0
    assert adopted == [(FOUND, files)]
    assert capsys.readouterr().out.endswith("the next start makes the rest\n")


def test_a_config_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no file nowhere.yaml" in fails(
        capsys, "results", "check", "--config", "nowhere.yaml"
    )


def test_imported_data_that_are_not_valid_must_be_imported_again(
    adopted: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = Verdict(Path("data/imported/mine/manifest.json"), "data", "rewards.npy is damaged")
    monkeypatch.setattr(validity, "verdicts", lambda config, plan: iter([lost]))
    for verb in ("check", "adopt"):
        message = fails(capsys, "results", verb, "--config", "config/smoke.yaml")
        assert "no rule makes data/imported/mine, which you imported: import it again" in message
