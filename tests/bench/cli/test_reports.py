"""From records to tables and figures by the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from bench.cli.main import main
from bench.core.code import ROOT
from bench.runs.plan import make_plan
from tests.conftest import CONFIG, RECORD
from tests.helpers.cli import fails


def test_damaged_scores(capsys: pytest.CaptureFixture[str]) -> None:
    Path("scores.parquet").write_text("<html>")
    arguments = [
        "artifact",
        "table2",
        "--scores",
        "scores.parquet",
        "--scale",
        "test",
        "--out",
        "table.md",
    ]
    assert "scores scores.parquet are damaged" in fails(capsys, *arguments)


def test_from_records_to_tables_and_figure(
    write_runs: Callable[..., list[Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    records = write_runs(
        {("hopper-medium", "dt"): [29.0, 30.0, 31.0], ("hopper-medium", "bc"): [40.0]}
    )
    config = json.dumps(yaml.safe_load((ROOT / "config/config.yaml").read_text()))
    paths = [str(path) for path in records]
    assert (
        main(["scores", "--config", config, "--suite", "mujoco", "--out", "scores.parquet", *paths])
        == 0
    )
    assert len(pd.read_parquet("scores.parquet")) == 4
    planned = len(make_plan(json.loads(config)).runs["mujoco"])
    told = capsys.readouterr().err
    assert f"note: {planned - 4} of {planned} runs of suite mujoco are not among these" in told
    outputs = [f"table2{suffix}" for suffix in (".md", ".csv", ".tex", ".png", ".svg")]
    arguments = ["--scores", "scores.parquet", "--scale", "test", "--out", *outputs]
    assert main(["artifact", "table2", *arguments]) == 0
    assert "| 30.0 [27.5, 32.5] " in Path("table2.md").read_text()
    assert all(Path(output).stat().st_size > 0 for output in outputs)
    assert main(["partial", "--config", config, "--suite", "mujoco", "--out", "partial.md"]) == 0
    file = str(ROOT / "config/config.yaml")
    assert main(["partial", "--config", file, "--suite", "mujoco", "--out", "file.md"]) == 0
    assert Path("file.md").read_bytes() == Path("partial.md").read_bytes()
    unknown = ["partial", "--config", config, "--suite", "minigrid", "--out", "partial.md"]
    assert "unknown suite 'minigrid'" in fails(capsys, *unknown)


def test_each_suite_of_the_claims_needs_its_scores(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["claims", "--scale", "test", "--out", "claims.md", "--suites", "mujoco", "sparse"]
    message = fails(capsys, *line, "--scores", "a.parquet")
    assert "2 suites but 1 files of scores; give one file for each suite" in message
    assert not Path("claims.md").exists()


def test_claims_without_scores_are_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["claims", "--scale", "test", "--out", "claims.md", "claims.csv"])
    assert caught.value.code == 2
    assert "the following arguments are required: --suites, --scores" in capsys.readouterr().err
    assert not Path("claims.md").exists()


def test_missing_scores_are_called_missing(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["artifact", "table2", "--scores", "s.parquet", "--scale", "test", "--out", "table.md"]
    said = fails(capsys, *line)
    assert "there are no scores at s.parquet; `bench scores`" in said
    assert "damaged" not in said


def test_claims_of_a_config_whose_suites_no_claim_names_are_listed_as_not_run() -> None:
    """The workflow gives both options without a value."""
    outs = ["--out", "claims.md", "claims.csv"]
    assert main(["claims", "--scale", "test", *outs, "--suites", "--scores"]) == 0
    assert set(pd.read_csv("claims.csv")["verdict"]) == {"not run"}


def test_a_suite_that_is_not_in_the_config_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["scores", "--config", json.dumps(CONFIG), "--suite", "atari", "--out", "s.parquet", "r"]
    assert "unknown suite 'atari'; known: mujoco" in fails(capsys, *line)


def test_an_artifact_that_does_not_exist_is_wrong_usage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["artifact", "table99", "--scores", "s", "--scale", "test", "--out", "table.md"])
    assert caught.value.code == 2
    assert "invalid choice: 'table99'" in capsys.readouterr().err


def test_two_scales_side_by_side(
    write_runs: Callable[..., list[Path]], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    write_runs({("hopper-medium", "dt"): [29.0, 30.0, 31.0], ("hopper-medium", "bc"): [40.0, 41.0]})
    config = tmp_path / "mine.yaml"
    steps = RECORD["training"]["steps"]
    methods = {name: {"steps": steps} for name in ("dt", "bc")}
    config.write_text(yaml.safe_dump({"name": "test", "methods": methods}))
    folder = str(tmp_path / "results" / "test")
    files = ["--config-a", str(config), "--config-b", str(config)]
    assert main(["scales", folder, folder, *files, "--out", "a.md", "a.csv", "a.svg"]) == 0
    assert "| 30.0 [27.5, 32.5] | 30.0 [27.5, 32.5] | +0.0 [" in capsys.readouterr().out
    assert pd.read_csv("a.csv")["first"].tolist()[:2] == [30, 40.5]
    assert "runs are missing in: mujoco" in Path("a.md").read_text()
    assert main(["scales", folder, folder, *files, "--claims", "--out", "b.md"]) == 0
    assert "Decided: 0 claims" in Path("b.md").read_text()
    nameless = fails(capsys, "scales", folder, folder)
    assert f"the folder {folder} has no name of a scale" in nameless
    assert "no file of config/ has the name 'test'" in nameless
    assert "no file of config/ has the name 'nope'" in fails(capsys, "scales", "nope", folder)
    assert "no packed records at" in fails(capsys, "scales", "nowhere", folder, *files)
