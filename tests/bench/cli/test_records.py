"""`bench records` and `bench reproduce`, from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.cli.main import main
from bench.core.code import ROOT
from bench.core.files import digest, write_json
from bench.datasets import storage
from bench.runs import archive, linking, links, reproduce
from bench.runs.evaluate import evaluate_run
from bench.runs.identity import Identity
from bench.runs.reproduce import Record, Reproduction
from bench.runs.train import train_run
from tests.conftest import CONFIG
from tests.helpers.cli import fails
from tests.helpers.dt import make_data

Write = Callable[..., Path]
RESULT = Path("results/test/runs/hopper-medium/dense/100/bc/0/result.json")


def test_packing_and_unpacking(
    write_record: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(archive, "ARCHIVES", tmp_path / "kept")
    monkeypatch.chdir(tmp_path)
    path = write_record(Identity("test", "hopper-medium", "dense", 100.0, "bc", 0))
    assert main(["records", "pack", "--scale", "test"]) == 0
    assert "test.jsonl.gz: 1 record files, " in capsys.readouterr().out
    assert main(["records", "unpack", "--scale", "test", "--out", "back"]) == 0
    assert (tmp_path / "back" / path.relative_to(tmp_path)).read_bytes() == path.read_bytes()
    assert main(["records", "unpack", "--scale", "tset", "--out", "back"]) == 1
    message = capsys.readouterr().err
    assert "no packed records at" in message
    assert "there are: test" in message


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A config of one run, which has run; its links are in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(links, "FILE", tmp_path / "links.json")
    data = tmp_path / "data/generated/hopper-medium/500-0"
    storage.save(make_data(observation_size=11, action_size=3), data, {"source": "generated"})
    options = {"width": 8, "layers": 1, "batch_size": 4}
    train_run(RESULT.parent, data, "bc", options, 3, (), "cpu")
    evaluate_run(RESULT.parent, 1, 1, 0, "cpu", max_steps=5)
    suite = CONFIG["suites"]["mujoco"] | {
        "tasks": ["hopper-medium"],
        "methods": ["bc"],
        "baselines": False,
        "seeds": [0],
    }
    return json.dumps(CONFIG | {"suites": {"mujoco": suite}})


def older(change: Callable[[dict[str, Any]], None] = lambda content: None) -> None:
    """Make the record one of older code."""
    content = json.loads(RESULT.read_text())
    content["hashes"]["code"]["baselines/bc.py"] = "0"
    change(content)
    content["digest"] = digest(content)
    write_json(RESULT, content)


def test_linking(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", str(RESULT), "--link", config]) == 0
    assert "0 fingerprints of the current code are linked" in capsys.readouterr().out
    assert not links.FILE.exists()
    older()
    assert main(["reproduce", str(RESULT), "--link", config]) == 0
    assert "1 fingerprints of the current code are linked" in capsys.readouterr().out
    [original] = links.read().originals.values()
    assert original["baselines/bc.py"] == "0"


def test_nothing_is_linked_where_one_differs_or_is_missing(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    older(lambda content: content["hashes"].update(policy="f0"))
    assert main(["reproduce", str(RESULT), "--link", config]) == 1
    assert f"1 of 1 records were not reproduced; the first is {RESULT}" in capsys.readouterr().err
    older(lambda content: content.pop("machine"))
    assert main(["reproduce", str(RESULT), "--link", config]) == 1
    assert "nothing is linked: " in capsys.readouterr().err
    assert not links.FILE.exists()


def test_nothing_is_linked_where_one_is_missing(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    older()
    more = json.loads(config)
    more["suites"]["mujoco"]["methods"].append("behaviour")
    assert main(["reproduce", str(RESULT), "--link", json.dumps(more)]) == 1
    error = capsys.readouterr().err
    assert "nothing is linked: 1 records that stand for a method and kind of data were not" in error
    assert "/behaviour/0/result.json; `make link`" in error
    assert not links.FILE.exists()


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
        "2 of 2 records were reproduced: 1 byte for byte, 1 in their first losses",
    ]
    assert reproduced == []


@pytest.mark.parametrize("outcome", ["different", "failed"])
def test_a_record_that_is_not_reproduced_is_an_error_and_links_nothing(
    outcome: str, reproduced: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    line = fails(capsys, *REPRODUCE, "equal", outcome, "--link", json.dumps(CONFIG))
    assert f"1 of 2 records were not reproduced; the first is {outcome}: {outcome} in every" in line
    assert reproduced == []


def test_a_config_that_is_not_json_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*REPRODUCE, "equal", "--link", "config.yaml"])
    assert caught.value.code == 2
    assert "argument --link: 'config.yaml' is not JSON" in capsys.readouterr().err


def test_comparing_records_with_themselves_says_that_nothing_moved(
    write_runs: Callable[..., list[Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    write_runs({("hopper-medium", "dt"): [29.0, 30.0], ("hopper-medium", "bc"): [40.0, 41.0]})
    folder = "results/test"
    assert main(["compare", folder, folder, "--out", "change.md", "change.csv"]) == 0
    said = capsys.readouterr().out
    assert "Nothing moved: all 4 runs have the same returns in every episode." in said
    assert Path("change.md").read_text() + "\n" == said
    assert "no records at nowhere" in fails(capsys, "compare", folder, "nowhere")


def test_the_records_of_a_suite_that_are_not_packed_are_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Those of other suites are not, but a run has all of its records: Figure 4 needs a sweep of two runs."""
    smoke = ["records", "missing", "--config", str(ROOT / "config/smoke.yaml"), "--suite"]
    runs = [f"results/smoke/runs/reacher2d-medium/dense/100/dt/{seed}" for seed in (0, 1)]
    paths = [f"{run}/{name}.json" for run in runs for name in ("result", "sweep")]
    assert main([*smoke, "targets"]) == 0
    said = capsys.readouterr()
    assert sorted(said.out.splitlines()) == paths
    assert said.err == "4 of 4 records are missing\n"
    assert main([*smoke, "targets", "--why"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sorted(lines) == [f"{path}: it is not packed" for path in paths]
    assert "unknown suite 'target'; known: mujoco, " in fails(capsys, *smoke, "target")
