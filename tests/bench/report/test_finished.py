"""The finished runs of a scale: from a folder, from packed records, damaged or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.core.files import DamagedFile
from bench.report.finished import read_finished
from bench.runs import archive
from tests.conftest import CONFIG as WITHOUT_RUNS
from tests.conftest import RECORD, write_scores

MEDIUM = "hopper-medium"
CONFIG = WITHOUT_RUNS | {"training": {"steps": RECORD["training"]["steps"]}}


def test_finished_runs_are_read_from_a_folder(tmp_path: Path) -> None:
    cells = {(MEDIUM, "dt"): [10.0, 20.0], (MEDIUM, "bc"): [5.0]}
    write_scores(tmp_path, cells)
    found = read_finished(str(tmp_path / "results" / "test"), CONFIG)
    assert found.name == "test"
    assert sorted(found.frames["mujoco"]["score"].round(6)) == [5, 10, 20]
    assert found.complete == frozenset()
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="holds no record of scale test; run it first"):
        read_finished(str(tmp_path / "empty"), CONFIG)
    with pytest.raises(FileNotFoundError, match="no packed records at"):
        read_finished("nowhere", CONFIG)
    with pytest.raises(
        FileNotFoundError, match="there is no folder results/nowhere; give a folder"
    ):
        read_finished("results/nowhere", CONFIG)
    record = next((tmp_path / "results").rglob("result.json"))
    record.write_text(record.read_text().replace('"status": "done"', '"status": "gone"'))
    with pytest.raises(DamagedFile):
        read_finished(str(tmp_path / "results" / "test"), CONFIG)


def test_packed_records_are_read_by_the_name_of_the_scale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_scores(tmp_path, {(MEDIUM, "dt"): [10.0, 20.0]})
    monkeypatch.setattr(archive, "ARCHIVES", tmp_path)
    archive.pack(tmp_path / "results" / "test" / "runs", archive.archive_of("test"))
    monkeypatch.chdir(tmp_path)
    found = read_finished("test", CONFIG)
    assert sorted(found.frames["mujoco"]["score"].round(6)) == [10, 20]


def test_a_run_of_other_updates_is_missing(tmp_path: Path) -> None:
    """The config now says other updates than the records for bc alone."""
    write_scores(tmp_path, {(MEDIUM, "dt"): [10.0, 20.0], (MEDIUM, "bc"): [5.0, 6.0]})
    axes = {"tasks": [MEDIUM], "methods": ["dt", "bc"], "baselines": False}
    config = CONFIG | {"suites": {"mujoco": CONFIG["suites"]["mujoco"] | axes}}
    place = str(tmp_path / "results" / "test")
    whole = read_finished(place, config)
    assert whole.complete == {"mujoco"}
    assert len(whole.frames["mujoco"]) == 4
    methods = config["methods"] | {"bc": config["methods"]["bc"] | {"steps": 10}}
    found = read_finished(place, config | {"methods": methods})
    assert found.complete == frozenset()
    assert set(found.frames["mujoco"]["method"]) == {"dt"}
