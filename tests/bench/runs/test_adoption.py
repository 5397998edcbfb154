"""Valid results are handed to Snakemake; what is not valid is marked, so that it is made again."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from bench.core.holding import holding
from bench.runs import adoption
from bench.runs.adoption import NotAdopted, adopt
from bench.runs.validity import Verdict

DATA = Path("data/generated/hopper-medium/1000-0/manifest.json")
IMPORTED = Path("data/imported/mine/manifest.json")
RUN = Path("results/tiny/runs/hopper-medium/dense/100/bc/0")


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Commands that would run Snakemake, in a folder with files."""
    monkeypatch.chdir(tmp_path)
    for path in (DATA, IMPORTED, RUN / "training.json", RUN / "result.json"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found: list[list[str]] = []

    def run(command: list[str], **more: Any) -> subprocess.CompletedProcess[str]:
        found.append(command)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(adoption.subprocess, "run", run)
    return found


def test_what_is_valid_is_given_to_snakemake(commands: list[list[str]]) -> None:
    found = [Verdict(DATA, "data", None), Verdict(RUN / "training.json", "training", None)]
    adopt(found, [Path("config/desk.yaml"), Path("config/smoke.yaml")])
    (command,) = commands
    assert command[3:5] == [str(DATA), str(RUN / "training.json")]
    assert {"--touch", "--force"} < set(command)
    assert command[-3:] == ["--configfile", "config/desk.yaml", "config/smoke.yaml"]
    assert (RUN / "training.json").stat().st_mtime > adoption.OLD


def test_what_is_not_valid_is_older_than_its_inputs(commands: list[list[str]]) -> None:
    training, result = RUN / "training.json", RUN / "result.json"
    adopt([Verdict(training, "training", "x"), Verdict(result, "record", "x")], [])
    (command,) = commands
    assert command[3:6] == ["--cleanup-metadata", str(training), str(result)]
    for path in (training, result):
        assert path.stat().st_mtime == adoption.OLD


def test_a_data_set_that_is_not_valid_loses_its_manifest_if_it_can_be_made_again(
    commands: list[list[str]],
) -> None:
    adopt([Verdict(DATA, "data", "damaged"), Verdict(IMPORTED, "data", "damaged")], [])
    assert not DATA.exists()
    assert DATA.with_name(adoption.SET_ASIDE).exists()
    assert IMPORTED.exists()


def test_imported_data_are_not_named_to_snakemake_which_has_no_rule_for_them(
    commands: list[list[str]],
) -> None:
    adopt([Verdict(IMPORTED, "data", None), Verdict(RUN / "training.json", "training", None)], [])
    assert [word for command in commands for word in command if "imported" in word] == []
    assert len(commands) == 1


def test_beside_a_live_pipeline_nothing_is_changed(commands: list[list[str]]) -> None:
    result = RUN / "result.json"
    before = result.stat().st_mtime
    invalid = [Verdict(DATA, "data", "x"), Verdict(result, "record", "x")]
    with holding(Path(".snakemake/holders/other"), "snakemake"):
        with pytest.raises(
            NotAdopted, match=r"\(snakemake\) works in this folder; nothing was changed"
        ):
            adopt(invalid, [])
        assert DATA.exists()
        assert result.stat().st_mtime == before
    adopt(invalid, [])
    assert not DATA.exists()


def test_what_does_not_exist_is_left_to_snakemake(commands: list[list[str]]) -> None:
    missing = Path("results/tiny/runs/hopper-medium/dense/100/bc/9/training.json")
    adopt([Verdict(missing, "training", "it does not exist", exists=False)], [])
    assert commands == []


def test_thousands_of_names_are_given_in_portions(
    commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adoption, "COMMAND_BYTES", 1000)
    paths = [Path("results") / f"{number:04}" for number in range(500)]
    adopt([Verdict(path, "record", None) for path in paths], [])
    named = [word for command in commands for word in command if word.startswith("results/")]
    assert named == [str(path) for path in paths]
    assert len(commands) > 5
    assert all(sum(len(w) for w in c if w.startswith("results/")) <= 1000 for c in commands)


def test_an_error_of_snakemake_is_shown_and_nothing_is_marked(
    commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(command: list[str], **more: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "a line\n", "LockException")

    monkeypatch.setattr(adoption.subprocess, "run", fail)
    found = [Verdict(DATA, "data", None), Verdict(RUN / "result.json", "record", "x")]
    with pytest.raises(NotAdopted, match="did not take the results over:\na line\nLockException"):
        adopt(found, [])
    assert (RUN / "result.json").stat().st_mtime > adoption.OLD
