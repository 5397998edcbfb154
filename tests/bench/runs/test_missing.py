"""Which runs of a config have no valid packed record."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from bench.cli.main import main
from bench.core.files import DamagedFile, json_text
from bench.datasets import storage
from bench.runs import archive, missing
from bench.runs.evaluate import evaluate_run
from bench.runs.links import Links
from bench.runs.plan import make_plan
from bench.runs.sweep import sweep_run
from bench.runs.train import train_run
from tests.bench.runs.test_validity import CONFIG, DATA, OPTIONS
from tests.helpers.dt import make_data

RUN = Path("results/tiny/runs/hopper-medium/dense/100/bc/0")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The packed files of the run of CONFIG, with its sweep."""
    folder = tmp_path_factory.mktemp("packed")
    data = make_data((9, 5, 9), observation_size=11, action_size=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        storage.save(data, DATA, {"source": "generated", "task": "hopper-medium"})
        train_run(RUN, DATA, "bc", OPTIONS, 4, (0.5,), "cpu")
        evaluate_run(RUN, 2, 2, 1, "cpu", max_steps=5)
        sweep_run(RUN, DATA, 1, 2, 2, "cpu", max_steps=5)
        archive.pack(RUN.parents[4], folder / "tiny.jsonl.gz")
    return archive.read(folder / "tiny.jsonl.gz")


def missing_of(packed: dict[str, Any], sweep: bool = False, **changes: Any) -> dict[str, str]:
    config = copy.deepcopy(CONFIG)
    config["suites"]["mujoco"]["sweep"] = sweep
    for key, value in changes.items():
        config[key] = config[key] | value
    found = missing.missing(config, make_plan(config), packed, Links())
    return {path.name: reason for path, reason in found.items()}


def test_a_packed_run_is_not_missing(packed: dict[str, Any]) -> None:
    assert missing_of(packed) == missing_of(packed, sweep=True) == {}


def test_without_a_pack_all_is_missing() -> None:
    assert missing_of({}) == {"result.json": "it is not packed"}


def test_a_run_without_one_of_its_records_is_missing_as_a_whole(packed: dict[str, Any]) -> None:
    rest = {path: content for path, content in packed.items() if "sweep" not in path}
    assert missing_of(rest, sweep=True) == {
        "result.json": "another record of this run is missing",
        "sweep.json": "it is not packed",
    }
    rest = {path: content for path, content in packed.items() if "run.json" not in path}
    assert missing_of(rest) == {"result.json": "run.json, which is made with it, is not packed"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"training": {"steps": 5}}, "steps: 4 in the record, 5 here"),
        ({"training": {"curve": []}}, "curve.0: 0.5"),
        ({"data": {"seed": 1}}, "data: "),
        ({"evaluation": {"episodes": 3}}, "episodes: 2 in the record"),
        ({"methods": {"bc": {"module": "bc", "options": OPTIONS | {"width": 9}}}}, "config.width"),
    ],
)
def test_a_record_of_other_settings_is_missing(
    packed: dict[str, Any], changes: dict[str, Any], reason: str
) -> None:
    (found,) = missing_of(packed, **changes).values()
    assert found.startswith(reason)


def test_a_record_of_other_code_is_missing(
    packed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missing, "why_stale", lambda name, content, linked: "training: changed")
    assert missing_of(packed) == {"result.json": "training: changed"}


def test_a_damaged_record_is_named(packed: dict[str, Any]) -> None:
    path = str(RUN / "result.json")
    damaged = packed | {path: packed[path] | {"status": "diverged"}}
    with pytest.raises(DamagedFile, match=r"result\.json"):
        missing_of(damaged)


def test_the_command_names_what_is_to_be_run(
    packed: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(archive, "ARCHIVES", tmp_path)
    suite = CONFIG["suites"]["mujoco"] | {"seeds": [0, 1]}
    swept = CONFIG["suites"]["mujoco"] | {"seeds": [1, 2], "sweep": True}
    config = tmp_path / "tiny.json"
    config.write_text(json_text(CONFIG | {"suites": {"mujoco": suite, "other": swept}}))
    assert main(["records", "missing", "--config", str(config), "--suite", "mujoco"]) == 0
    printed = capsys.readouterr()
    # run 1 with the sweep that suite `other` asks of it
    assert printed.out.split() == [
        f"{RUN}/result.json",
        f"{RUN.parent}/1/result.json",
        f"{RUN.parent}/1/sweep.json",
    ]
    assert printed.err == "3 of 3 records are missing\n"
    assert main(["records", "missing", "--config", str(config), "--suite", "mujco"]) == 1
    assert "unknown suite 'mujco'; known: mujoco, " in capsys.readouterr().err
