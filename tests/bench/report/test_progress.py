"""How far a config is: states of runs, stages, and the time that is left, by hand."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.core.holding import holding
from bench.core.working_folder import HOLDERS
from bench.report import progress
from bench.report.jobs import log_of
from bench.report.progress import Tracker
from bench.runs import archive
from bench.runs.identity import RESULT
from bench.runs.plan import make_plan
from bench.runs.train import TRAINING
from tests.helpers.costs import record
from tests.helpers.started import (
    OPTIONS,
    run_of,
    start_here,
    started_config,
    started_plan,
    train_here,
)


@pytest.fixture
def tracker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tracker:
    """Of an empty folder. A packed run of BC took 0.05 s an update, 0.005 s a step, and 3 s of start."""
    monkeypatch.chdir(tmp_path)
    one = record()
    one.result.update(config=OPTIONS, identity={"method": "bc"})
    monkeypatch.setattr(progress, "_packed", lambda: [one])
    return Tracker(started_config(), started_plan())


# 40 updates, 2 + 1 episodes of at most 5 steps, and the start
RUN_SECONDS = 40 * 0.05 + 3 * 5 * 0.005 + 3


def test_before_anything_ran(tracker: Tracker) -> None:
    now = tracker.now()
    assert now.runs == Counter(missing=3)
    assert now.suites == {"main": Counter(missing=3), "again": Counter(missing=1)}
    assert now.stages == {"data": (0, 1), "train": (0, 3), "evaluate": (0, 3)}
    assert now.core_seconds == pytest.approx(3 * RUN_SECONDS)
    assert now.seconds_on(2) == pytest.approx(1.5 * RUN_SECONDS)
    assert now.seconds_on(64) == pytest.approx(RUN_SECONDS)  # the longest run
    assert (now.unknown, now.jobs, now.failures, now.snakemake) == (0, [], [], False)


def test_on_the_way(tracker: Tracker) -> None:
    """A run is done, one was trained, and the last one took a quarter of its updates, of 0.05 s each."""
    start_here()
    train_here(1)
    log = log_of(run_of(2), "train")
    log.parent.mkdir(parents=True)
    log.write_text("step 10/40  loss 0.5\n")
    command = f"bench train --run {run_of(2).folder()}"
    tracker._here = lambda module: []  # type: ignore[method-assign]  # this machine's times are not known
    with ExitStack() as stack:
        stack.enter_context(holding(HOLDERS / "1", command))
        now = tracker.now()
    assert now.runs == Counter(done=1, missing=1, running=1)
    assert now.suites["again"] == Counter(done=1)
    assert now.stages == {"data": (1, 1), "train": (2, 3), "evaluate": (1, 3)}
    [(job, seconds)] = now.jobs
    assert (job.run, job.step) == (run_of(2), 10)
    assert seconds == pytest.approx(1.5)
    assert now.core_seconds == pytest.approx((RUN_SECONDS - 2) + (RUN_SECONDS - 0.5))


def test_a_run_is_done_in_the_suite_that_needs_no_sweep_of_it(
    tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_here()
    config = started_config()
    config["suites"]["again"]["sweep"] = True
    now = Tracker(config, make_plan(config)).now()
    assert now.suites == {"main": Counter(done=1, missing=2), "again": Counter(missing=1)}
    assert now.runs == Counter(missing=3)
    assert now.stages["sweep"] == (0, 1)


def test_what_was_measured_here_counts_first(tracker: Tracker) -> None:
    start_here()
    tracker.now()
    known = tracker._measured(run_of(1))
    assert known is not None
    assert (known.source, known.runs, known.updates) == ("here", 1, 40)


def test_a_failure_has_its_reason_and_a_running_job_is_none(tracker: Tracker) -> None:
    log = log_of(run_of(1), "train")
    log.parent.mkdir(parents=True)
    log.write_text("error: method bc: no\n")
    now = tracker.now()
    assert now.runs == Counter(failed=1, missing=2)
    [failure] = now.failures
    assert (failure.run, failure.stage, failure.reason) == (
        run_of(1),
        "train",
        "error: method bc: no",
    )
    with holding(HOLDERS / "1", f"bench train --run {run_of(1).folder()}"):
        now = tracker.now()
    assert (now.runs, now.failures) == (Counter(running=1, missing=2), [])


def test_an_invalid_run_is_counted_and_will_run_again(tracker: Tracker) -> None:
    start_here()
    path = run_of(0).folder() / RESULT
    path.write_text(path.read_text().replace("0", "1"))
    (run_of(0).folder() / TRAINING).write_text("{}")
    now = tracker.now()
    assert now.runs == Counter(invalid=1, missing=2)
    assert set(now.invalid) == {path, run_of(0).folder() / TRAINING}
    assert now.core_seconds == pytest.approx(3 * RUN_SECONDS)


def test_runs_without_a_measurement_are_counted(
    tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_packed", list)
    now = tracker.now()
    assert (now.unknown, now.core_seconds) == (3, 0)
    start_here()  # then this machine has a measurement
    assert tracker.now().unknown == 0


def test_the_packed_records_tell_the_cost_of_the_quick_scale() -> None:
    assert len(progress._packed()) >= 765
    assert {one.scale for one in progress._packed()} == set(archive.scales())
