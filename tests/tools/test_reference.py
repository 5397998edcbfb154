"""The tables that the repository shows come from the packed records that lie beside them."""

import copy
import gzip
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest
import yaml
from snakemake.utils import update_config

from bench.cli.main import main
from bench.report import cost, scores
from bench.report.artifact import write_artifact
from bench.report.claims import ledger
from bench.report.claims.registry import suites_of_claims
from bench.report.finished import Finished
from bench.report.time_to_score import make as time_to_score
from bench.report.trials import make as trials
from bench.runs import archive, record
from bench.runs.plan import make_plan
from tools import reference

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "reports" / "reference"
QUICK = yaml.safe_load((ROOT / "config/config.yaml").read_text())
PLAN = make_plan(QUICK)
SUITES = list(PLAN.runs)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """The folder in which the records of all scales lie."""
    folder = tmp_path_factory.mktemp("reference")
    for scale in ("quick", "speed", "trials"):
        archive.unpack(archive.archive_of(scale), folder)
    return folder


@pytest.fixture(scope="module")
def frames(unpacked):
    """Suite -> the scores of the records that are kept."""
    return {
        suite: scores.collect([unpacked / path for path in PLAN.records(suite)], PLAN, suite)
        for suite in SUITES
    }


def test_every_run_of_the_plan_has_a_record(unpacked):
    for suite in SUITES:
        for path in PLAN.records(suite):
            record.read(unpacked / path)
    kept = {path.parent for path in (unpacked / "results/quick").rglob("result.json")}
    assert kept == {unpacked / run.folder() for suite in SUITES for run in PLAN.runs[suite]}


@pytest.mark.long  # a change of the code of runs needs `make link`, or the runs again
@pytest.mark.parametrize(
    "scale",  # the page on speed says that its runs are older than the code
    sorted({path.name.partition(".")[0] for path in (KEPT / "records").iterdir()} - {"speed"}),
)
def test_the_kept_records_are_those_of_the_current_code(scale, capsys):
    assert main(["records", "check", "--strict", "--scale", scale]) == 0, capsys.readouterr().out


def test_the_records_of_a_scale_are_one_small_file():
    assert not (KEPT / "results").exists()
    files = sorted(path.name for path in (KEPT / "records").iterdir())
    assert {"quick.jsonl.gz", "speed.jsonl.gz", "trials.jsonl.gz"} <= set(files)
    assert {name.removesuffix(".jsonl.gz") for name in files} <= {
        "quick",
        "desk",
        "open",
        "speed",
        "trials",
    }
    for name in files:
        assert (KEPT / "records" / name).stat().st_size <= archive.MAX_BYTES


def test_packing_the_unpacked_records_gives_the_same_lines(unpacked, tmp_path):
    again = tmp_path / "quick.jsonl.gz"
    archive.pack(unpacked / "results/quick/runs", again)
    kept = archive.archive_of("quick")
    assert gzip.decompress(again.read_bytes()) == gzip.decompress(kept.read_bytes())


@pytest.mark.parametrize(
    ("suite", "page"), [(suite, page) for suite in SUITES for page in PLAN.artifacts[suite]]
)
def test_a_page_is_that_of_the_records(frames, tmp_path, suite, page):
    artifact = import_module(f"bench.report.artifacts.{page}").make(frames[suite], "quick")
    for suffix in (".md", ".csv"):
        write_artifact(artifact, [tmp_path / f"page{suffix}"])
        kept = KEPT / f"quick/{suite}/{page}{suffix}"
        assert (tmp_path / f"page{suffix}").read_text() == kept.read_text()


def test_the_ledger_is_that_of_the_records(frames, tmp_path):
    artifact = ledger.make({suite: frames[suite] for suite in suites_of_claims(PLAN)}, "quick")
    write_artifact(artifact, [tmp_path / "claims.md", tmp_path / "claims.csv"])
    for name in ("claims.md", "claims.csv"):
        assert (tmp_path / name).read_text() == (KEPT / "quick" / name).read_text()


@pytest.mark.parametrize("scale", ["open", "desk"])
def test_the_pages_of_complete_suites_are_those_of_the_records(scale, tmp_path):
    archive.unpack(archive.archive_of(scale), tmp_path)
    made = dict(reference.pages(scale, tmp_path))
    kept = {
        path.relative_to(KEPT / scale).with_suffix("").as_posix()
        for path in (KEPT / scale).rglob("*.md")
        if path.stem != "data"  # a page on data sets, which are not packed
    }
    assert kept == set(made)
    for page, artifact in made.items():
        for suffix in (".md",) if page.endswith("/cost") else (".md", ".csv"):
            again = tmp_path / f"page{suffix}"
            write_artifact(artifact, [again])
            shown = KEPT / scale / f"{page}{suffix}"
            assert again.read_text() == shown.read_text(), shown


def test_the_pages_on_cost_are_those_of_the_records(unpacked, tmp_path):
    given = make_plan(json.loads(json.dumps(QUICK, sort_keys=True)))  # as the workflow hands it on
    for suite in SUITES:
        records = [unpacked / run.folder() / "result.json" for run in PLAN.runs[suite]]
        cost.write_cost(records, given, suite, tmp_path / "cost.md")
        assert (tmp_path / "cost.md").read_text() == (KEPT / f"quick/{suite}/cost.md").read_text()


def test_the_pages_on_speed_are_those_of_the_records(unpacked, tmp_path):
    config = copy.deepcopy(QUICK)
    update_config(config, yaml.safe_load((ROOT / "config/speed.yaml").read_text()))
    plan = make_plan(config)
    records = {
        suite: [unpacked / path for path in plan.records(suite)]
        for suite in ("time_to_score", "precision")
    }
    compared = scores.collect(records["precision"], plan, "precision")
    for artifact, kept in (
        (
            time_to_score(records["time_to_score"], plan, "time_to_score"),
            "time_to_score/time_to_score",
        ),
        (
            import_module("bench.report.artifacts.variants").make(compared, "speed"),
            "precision/variants",
        ),
    ):
        for suffix in (".md", ".csv"):
            write_artifact(artifact, [tmp_path / f"page{suffix}"])
            text = (tmp_path / f"page{suffix}").read_text()
            assert text == (KEPT / "speed" / f"{kept}{suffix}").read_text()


def test_the_pages_on_trials_are_those_of_the_records(unpacked, tmp_path):
    config = copy.deepcopy(QUICK)
    update_config(config, yaml.safe_load((ROOT / "config/trials.yaml").read_text()))
    plan = make_plan(json.loads(json.dumps(config, sort_keys=True)))
    kept = [suite for suite in plan.tables if (KEPT / "trials" / suite).exists()]
    assert kept
    for suite in kept:
        records = [unpacked / path for path in plan.records(suite)]
        artifact = trials(records, plan, suite)
        for suffix in (".md", ".csv"):
            write_artifact(artifact, [tmp_path / f"page{suffix}"])
            text = (tmp_path / f"page{suffix}").read_text()
            assert text == (KEPT / f"trials/{suite}/trials{suffix}").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nosuch"], "reports/nosuch holds no tables: make them first"),
        (["nosuch", "--rewrite"], "no packed records at "),
    ],
)
def test_a_scale_that_is_not_there_is_one_line(arguments, message):
    command = [sys.executable, "tools/reference.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {message}")
    assert done.stderr.count("\n") == 1


def test_pages_come_from_packed_records_where_none_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(reference, "KEPT", tmp_path)
    reference.rewrite("trials")
    for page in ("trials", "cost"):
        written = (tmp_path / f"trials/trials_atari/{page}.md").read_text()
        assert written == (KEPT / f"trials/trials_atari/{page}.md").read_text()
    assert (tmp_path / "trials/trials_atari/trials.csv").is_file()


def test_what_is_kept_stays_where_there_are_no_new_tables(tmp_path, monkeypatch):
    runs = tmp_path / "results/mine/runs"
    runs.mkdir(parents=True)
    (tmp_path / "kept/mine/mujoco").mkdir(parents=True)
    (tmp_path / "kept/mine/mujoco/table2.md").write_text("kept")
    monkeypatch.setattr(reference, "ROOT", tmp_path)
    monkeypatch.setattr(reference, "KEPT", tmp_path / "kept")
    with pytest.raises(FileNotFoundError, match="reports/mine holds no tables"):
        reference.keep("mine")
    assert (tmp_path / "kept/mine/mujoco/table2.md").read_text() == "kept"


@pytest.mark.parametrize("whole", [True, False])
def test_two_scales_stand_side_by_side_once_both_are_complete(frames, monkeypatch, whole):
    """Quick's records stand for those of desk as well."""
    suites = frozenset(SUITES) if whole else frozenset(SUITES[1:])

    def read(name, config):
        return Finished(name, frames, frozenset(SUITES) if name == "quick" else suites)

    monkeypatch.setattr(reference.finished, "read_finished", read)
    monkeypatch.setattr(reference, "read_config", lambda files: QUICK)
    made = dict(reference.side_by_side("quick", "desk"))
    assert list(made) == (["scales", "scales_claims"] if whole else [])
    if whole:
        assert "Verdicts that differ: none." in made["scales_claims"].notes


def test_the_page_on_speed_quotes_the_ratios():
    ratios = pd.read_csv(KEPT / "benchmarks/ratios.csv")
    page = (ROOT / "docs/speed.md").read_text()
    steps = ratios[ratios["what"].str.startswith("DT training step")]
    for step in steps.itertuples():
        median = float(step._3.split()[0])  # ms, median [min, max]
        assert f"{median:.0f} ms" in page or f"{median:.2f} ms" in page
        assert any(text in page for text in (f"{step.ratio:.2f}", f"{step.ratio:.3f}"))
