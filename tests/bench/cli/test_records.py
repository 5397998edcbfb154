"""`bench records` and `bench reproduce`: what they do, print and refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.cli.main import main
from bench.runs import archive, linking, reproduce
from bench.runs.reproduce import Record, Reproduction
from tests.conftest import CONFIG
from tests.helpers.cli import fails
from tests.helpers.records import Write, contents, write_two


def test_packing_and_unpacking(
    write_record: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    results = write_two(tmp_path, write_record)
    monkeypatch.setattr(archive, "ARCHIVES", tmp_path / "kept")
    assert main(["records", "pack", "--scale", "test"]) == 0
    assert "test.jsonl.gz: 5 record files" in capsys.readouterr().out
    assert main(["records", "unpack", "--scale", "test", "--out", "back"]) == 0
    names = archive.record_names()
    assert contents(tmp_path / "back/results", names) == contents(results, names)
    assert main(["records", "unpack", "--scale", "tset", "--out", "back"]) == 1
    assert "no packed records at" in (message := capsys.readouterr().err)
    assert "there are: test" in message


def test_a_scale_without_records_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    line = fails(capsys, "records", "pack", "--scale", "none", "--out", "none.jsonl.gz")
    assert "results/none/runs holds no records; run the scale first" in line
    assert not Path("none.jsonl.gz").exists()


@pytest.fixture
def reproduced(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let a record's name say what comes of running it again; return what is linked."""
    linked: list[Any] = []

    def again(records: Any, work: Path, data: Path) -> Any:
        assert work.is_dir()
        assert data == Path("sets")
        for found in records:
            yield found, Reproduction(found.name, f"{found.name} in every field")

    def link(done: Any, plan: Any) -> int:
        linked.append(([record.name for record, _ in done], plan.scale))
        return 7

    monkeypatch.setattr(reproduce, "find", lambda name: Record(name, "result.json", {}))
    monkeypatch.setattr(reproduce, "reproduce_all", again)
    monkeypatch.setattr(linking, "link", link)
    return linked


REPRODUCE = ["reproduce", "--data", "sets"]


def test_each_record_is_a_line(reproduced: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    """Equal and close ones were reproduced; without `--link` nothing is linked."""
    assert main([*REPRODUCE, "equal", "close"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "equal: equal: equal in every field",
        "close: close: close in every field",
        "2 of 2 records were reproduced",
    ]
    assert reproduced == []


@pytest.mark.parametrize("outcome", ["different", "failed"])
def test_a_record_that_is_not_reproduced_is_an_error_and_links_nothing(
    outcome: str, reproduced: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    line = fails(capsys, *REPRODUCE, "equal", outcome, "--link", json.dumps(CONFIG))
    assert f"1 of 2 records were not reproduced, first {outcome}: {outcome} in every" in line
    assert reproduced == []


def test_what_is_reproduced_is_linked_where_it_is_asked_for(
    reproduced: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*REPRODUCE, "equal", "--link", json.dumps(CONFIG)]) == 0
    assert "\n7 fingerprints of the code of now are linked" in capsys.readouterr().out
    assert reproduced == [(["equal"], "test")]


def test_a_config_that_is_not_json_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*REPRODUCE, "equal", "--link", "config.yaml"])
    assert caught.value.code == 2
    assert "argument --link: invalid loads value: 'config.yaml'" in capsys.readouterr().err
