"""`bench export`: what it writes is tested in tests/bench/report/exports; here are the commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.cli.main import main
from bench.datasets import storage
from bench.datasets.trajectories import Trajectories
from tests.helpers.records import RUN, Write


def test_records(write_record: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_record(RUN)
    out = tmp_path / "out"
    assert main(["export", "records", str(tmp_path / "results/test"), "--to", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}/records.parquet: 3 episodes of 1 policies\n"
    assert sorted(path.name for path in out.iterdir()) == ["README.md", "records.parquet"]


def test_data(
    hopper_like: Trajectories, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage.save(hopper_like, tmp_path / "data", {"task": "hopper-medium", "source": "generated"})
    out = tmp_path / "out"
    assert main(["export", "data", str(tmp_path / "data"), "--to", str(out)]) == 0
    expected = f"{out}/episodes.parquet: 3 episodes, 75 steps of hopper-medium\n"
    assert capsys.readouterr().out == expected


@pytest.mark.parametrize("what", ["policy", "data", "records"])
def test_a_missing_source_is_an_error_of_one_line(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = str(tmp_path / "nowhere")
    assert main(["export", what, source, "--to", str(tmp_path / "out")]) == 1
    printed = capsys.readouterr().err
    assert printed.startswith("error: ")
    assert source in printed
    assert printed.count("\n") == 1
    assert not (tmp_path / "out").exists()
