"""`bench run`, `watch`, `status` and `tensorboard`, from the command line."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.cli import watching
from bench.cli.main import main
from bench.core.code import ROOT
from bench.core.holding import holding
from bench.core.working_folder import HOLDERS, SNAKEMAKE
from bench.report.jobs import log_of
from bench.report.training_log import LOSSES, write
from tests.helpers.cli import fails
from tests.helpers.pipeline import tiny, with_data
from tests.helpers.started import run_of, start_here, started_config


@pytest.fixture
def config() -> str:
    Path("small.yaml").write_text(yaml.safe_dump(started_config()))
    return "small.yaml"


def test_status_of_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--scale", "quick", "--cores", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "scale quick: 0 of 765 runs done"
    assert lines[-1].endswith("left on 2 cores (without data sets, diagnostics and tables)")
    assert main(["status"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == lines[0]


def test_status_of_targets(capsys: pytest.CaptureFixture[str]) -> None:
    demo = str(ROOT / "config/demo.yaml")
    assert main(["status", "all_demo", "--config", demo, "all_demo_targets"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "scale demo: 0 of 3 runs done"
    suites = [line.split()[0] for line in lines[3:6]]
    assert suites == ["demo", "demo_targets", "all"]


@pytest.mark.parametrize("command", ["run", "status", "watch"])
def test_a_target_that_does_not_exist(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    message = "scale quick has no target 'all_mujcoo'; did you mean 'all_mujoco'"
    assert message in fails(capsys, command, "all_mujcoo")
    message = "scale quick has no target 'mujoco'; did you mean 'all_mujoco'? there are all, "
    assert message in fails(capsys, command, "mujoco")
    assert "did you mean 'paper_atari'" in fails(capsys, command, "all_graph", "paper_atarii")
    if command != "run":  # whose other words Snakemake checks
        assert "no target 'reports/x.md'" in fails(capsys, command, "reports/x.md")


def test_status_on_the_way(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    start_here()
    capsys.readouterr()
    command = f"bench train --run {run_of(1).folder()}"
    with holding(HOLDERS / "1", command):
        assert main(["status", "--config", str(ROOT / "config/config.yaml"), config]) == 0
    lines = capsys.readouterr().out.splitlines()
    row = next(line for line in lines if line.startswith("main"))
    assert row.split() == ["main", "3", "1", "1", "0", "1", "0"]
    assert any(line.startswith("running: train bc hopper-medium/1") for line in lines)


def test_status_names_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean 'smoke'?" in fails(capsys, "status", "--scale", "smokes")
    both = ["--scale", "smoke", "--config", "a.yaml"]
    assert "name the same thing" in fails(capsys, "status", *both)
    assert "there is no file a.yaml" in fails(capsys, "status", "--config", "a.yaml")
    with pytest.raises(SystemExit):
        main(["status", "--cores", "some"])
    assert "argument --cores: 'some' is not a whole number above 0" in capsys.readouterr().err


def test_status_loads_neither_torch_nor_pandas() -> None:
    """They take seconds to load; benchmarks/test_start_up.py measures the time."""
    code = (
        "import sys\nfrom bench.cli.main import main\nmain(['status', '--scale', 'quick'])\n"
        "print(*sorted({'torch', 'pandas'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.startswith("scale quick: ")
    assert done.stderr.split() == []


def test_watch_without_a_pipeline_shows_the_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["watch", "--scale", "smoke"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("scale smoke: 0 of 86 runs done\n")
    assert said.err == "no pipeline works in this folder; `bench run` starts one\n"


def test_watch_shows_a_pipeline_until_it_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    looks: list[Any] = []

    def look(tracker: Any, cores: int, look: float, every: float, goes_on: Any) -> None:
        looks.append((cores, every, goes_on(tracker.now())))

    monkeypatch.setattr(watching, "show", look)
    with holding(HOLDERS / "1", SNAKEMAKE):
        assert main(["watch", "--scale", "smoke", "--cores", "3", "--every", "7"]) == 0
    assert looks == [(3, 7, True)]


def take_snakemakes_place(monkeypatch: pytest.MonkeyPatch, status: int) -> list[Any]:
    """Let a pipeline end at once with this status. Returns the words that it gets."""
    given: list[Any] = []

    class Fake:
        def __init__(self, words: list[str]) -> None:
            given.append(words)
            self.status = status

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *about: object) -> None:
            pass

        def lives(self) -> bool:
            return False

        def lines(self) -> tuple[()]:
            return ()

    monkeypatch.setattr(watching, "Pipeline", Fake)
    return given


@pytest.mark.parametrize("status", [0, 1])
def test_failures_are_named_if_the_pipeline_failed(
    status: int, monkeypatch: pytest.MonkeyPatch, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A log of an earlier failure may lie there, of a run that was not asked for."""
    take_snakemakes_place(monkeypatch, status)
    log = log_of(run_of(1), "train")
    log.parent.mkdir(parents=True)
    log.write_text("error: method bc: no\n")
    assert main(["run", "all_main", "--cores", "2", "--configfile", config]) == status
    said = capsys.readouterr().err
    text = f"failed: train bc hopper-medium/1: error: method bc: no\n  its log: {log}\n"
    assert (text in said) is (status != 0)


def test_run_gives_its_words_to_snakemake(monkeypatch: pytest.MonkeyPatch, config: str) -> None:
    given = take_snakemakes_place(monkeypatch, 5)
    words = ["run", "all_main", "--cores", "2", "--configfile", config, "--", "--forcerun", "train"]
    assert main(words) == 5
    quiet = ["--quiet", "host", "progress", "reason", "rules"]
    assert given == [
        ["all_main", "--forcerun", "train", "--cores", "2", *quiet, "--configfile", config]
    ]


def test_curves_for_tensorboard(capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path("results/small")
    assert "results/small holds no training" in fails(capsys, "tensorboard", str(folder))
    run = run_of(0).folder()
    run.mkdir(parents=True)
    write(run / LOSSES, {1: {"loss": 1.0}})
    assert main(["tensorboard", str(folder)]) == 0
    said = capsys.readouterr().out
    assert said == "1 curves written; `tensorboard --logdir results/small` shows them\n"
    assert list(run.glob("events.out.tfevents*"))


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with a small data set."""
    folder: Path = with_data(tmp_path_factory.mktemp("pipeline") / "clone")
    return folder


def bench(clone: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bench", *words],
        cwd=clone,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )


RESULT = "results/tiny/runs/hopper-medium/dense/100/bc/0/result.json"


@pytest.mark.slow
def test_a_real_pipeline_is_stopped_continued_and_fails(clone: Path) -> None:
    methods = {"bc": {"steps": 200_000, "options": {"width": 8, "layers": 1}}}
    words = ["run", RESULT, "--cores", "1", "--every", "1"]
    words += ["--configfile", str(tiny(clone, methods=methods))]
    stopped = bench(clone, *words)
    log = clone / "logs/tiny/train/hopper-medium/dense/100/bc/0.log"
    end = time.monotonic() + 60
    while not (log.exists() and "step " in log.read_text()):
        assert time.monotonic() < end
        assert stopped.poll() is None
        time.sleep(0.1)
    stopped.send_signal(signal.SIGINT)
    _, error = stopped.communicate(timeout=60)
    assert stopped.returncode == 130
    assert "finished work is kept" in error
    assert "train bc hopper-medium/0" in error
    assert "stopped and saved at step" in log.read_text()
    assert not list((clone / ".snakemake/holders").glob("*"))

    words[-1] = str(tiny(clone))
    done = bench(clone, *words)
    _, error = done.communicate(timeout=120)
    assert done.returncode == 0, error
    assert "1 curves written" in error
    run = clone / RESULT.removesuffix("/result.json")
    assert (run / LOSSES).read_text().startswith("step,loss,rate,gradient_norm,score\n")
    assert list(run.glob("events.out.tfevents*"))

    shutil.rmtree(clone / "results")
    (clone / "baselines/bc.py").write_text("raise ValueError('no')\n")
    failed = bench(clone, *words)
    _, error = failed.communicate(timeout=120)
    assert failed.returncode == 1
    assert "failed: train bc hopper-medium/0: error: " in error
    assert "its log: logs/tiny/train/hopper-medium/dense/100/bc/0.log" in error
