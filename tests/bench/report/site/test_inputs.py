"""What a site is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.cli.configs import read_config
from bench.core.code import ROOT
from bench.report.site.inputs import Inputs, of_packed_records, of_working_folder
from bench.runs import archive
from bench.runs.identity import Identity
from tests.helpers.site import config, write_run


def test_runs_of_the_plan_and_those_that_the_config_no_longer_has(
    scale: Inputs, tmp_path: Path
) -> None:
    assert len(scale.runs()) == 2 * 4 * 2 + 1
    older = Identity("test", "hopper-medium", "dense", 100.0, "gone", 0)
    write_run(tmp_path, older, 1.0)
    (tmp_path / "results/test/runs/a/b/c/d/e").mkdir(parents=True)
    (tmp_path / "results/test/runs/a/b/c/d/e/result.json").touch()
    found = of_working_folder(config(), tmp_path / "results", tmp_path / "reports")
    assert found.runs()[-1] == older
    assert len(found.runs()) == len(scale.runs()) + 1


def test_a_run_knows_its_suites(scale: Inputs) -> None:
    dt = Identity("test", "hopper-medium", "dense", 100.0, "dt", 0)
    assert scale.suites_of()[dt] == ["mujoco", "targets"]


def test_nothing_is_there(tmp_path: Path) -> None:
    found = of_working_folder(
        config(), tmp_path / "results", tmp_path / "reports", tmp_path / "data"
    )
    assert found.data is None
    assert found.reports == tmp_path / "reports/test"


def test_another_name_of_the_folder_of_results(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be called `results`"):
        of_working_folder(config(), tmp_path / "runs", tmp_path / "reports")


def test_a_folder_of_results_in_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*/nowhere"):
        of_working_folder(config(), tmp_path / "nowhere/results", tmp_path / "reports")


def test_packed_records_lie_as_a_pipeline_leaves_them() -> None:
    settings = read_config([ROOT / "config/speed.yaml"])
    with of_packed_records(settings) as found:
        home = found.home
        records = archive.records_in(archive.archive_of("speed"))
        assert all((home / path).is_file() for path in records)
        assert found.packed
        assert found.reports == ROOT / "reports/reference/speed"
    assert not home.exists()
