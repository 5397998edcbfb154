"""Progress as text: what is in it, and that it fits 60 columns, NO_COLOR and ASCII."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bench.cli.view import job_text, left, live_view, name_of, plain_line, spell, status_lines
from bench.report.jobs import Job
from bench.report.progress import Failure, Progress
from bench.runs.identity import Identity
from tests.helpers.started import run_of

LONG = Identity("quick", "halfcheetah-medium-expert", "sparse", 10.0, "dt-discount95", 12)
TRAIN = Job("train", LONG, "bench train", 60, 650, 1300, "0.04321")


def progress(**changes: object) -> Progress:
    whole = Counter(done=412, running=2, failed=1, missing=350)
    made = Progress(
        "quick",
        {"mujoco": Counter(done=200, missing=88), "atari_percent_bc": Counter(failed=1)},
        whole,
        {"data": (28, 28), "train": (415, 765), "evaluate": (412, 765), "sweep": (0, 33)},
        [(TRAIN, 17.0), (Job("data generate", None, "data generate hopper-medium", 1), None)],
        [Failure(LONG, "train", "error: method dt: " + "x\x1b[2J" * 40)],
        {Path("results/quick/a.json"): "digest differs"},
        8000.0,
        40.0,
        0,
        True,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def shown(one: Progress, width: int = 60, encoding: str = "utf-8", **settings: object) -> str:
    """Return what a terminal shows."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, errors="strict")
    console = Console(file=file, width=width, force_terminal=True, **settings)  # type: ignore[arg-type]
    console.print(live_view(one, 2, console))
    file.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (89, "89 s"), (90, "2 min"), (3599, "1 h 00 min"), (7500, "2 h 05 min")],
)
def test_times(seconds: float, text: str) -> None:
    assert spell(seconds) == text


def test_names_say_what_differs_from_the_usual() -> None:
    assert name_of(run_of(2)) == "bc hopper-medium/2"
    assert name_of(LONG) == "dt-discount95 halfcheetah-medium-expert sparse 10 %/12"
    assert job_text(TRAIN, 17.0)[1:] == ("650/1,300  loss 0.04321", "17 s left")
    assert job_text(Job("cost", None, "cost", 1), None) == ("cost", "", "")


def test_what_is_left() -> None:
    assert left(progress(), 2) == "1 h 07 min left on 2 cores"
    assert left(progress(), 1) == "2 h 13 min left on 1 core"
    assert left(progress(unknown=3), 2) == (
        "at least 1 h 07 min left on 2 cores; 3 runs were never measured"
    )
    nothing = progress(unknown=765, core_seconds=0.0)
    assert left(nothing, 2) == "time left not known: no such run was measured"
    assert left(progress(runs=Counter(done=3)), 2) == "all runs are done"


def test_the_lines_of_status() -> None:
    lines = status_lines(progress(), 2)
    assert lines[0] == "scale quick: 412 of 765 runs done"
    assert lines[2].split() == ["suite", "runs", "done", "running", "failed", "missing", "invalid"]
    assert lines[3].split() == ["mujoco", "288", "200", "0", "0", "88", "0"]
    assert lines[5].split() == ["all", "765", "412", "2", "1", "350", "0"]
    assert all(len(line) <= 63 for line in lines[:6])
    assert "files: data 28/28, train 415/765, evaluate 412/765, sweep 0/33" in lines
    assert "running: data generate hopper-medium" in lines
    assert (
        r"failed: train dt-discount95 halfcheetah-medium-expert sparse 10 %/12: error: "
        in "\n".join(lines)
    )
    assert "invalid: results/quick/a.json: digest differs" in lines
    reason = "results/quick/a.json is damaged (not JSON)"
    once = status_lines(progress(invalid={Path("results/quick/a.json"): reason}), 2)
    assert f"invalid: {reason}" in once
    assert "\n".join(lines).isascii()
    assert "\x1b" not in "".join(lines)


def test_long_lists_end_with_their_number() -> None:
    many = progress(failures=[Failure(run_of(seed), "train", "no") for seed in range(20)])
    lines = status_lines(many, 2)
    assert sum(line.startswith("failed: train") for line in lines) == 8
    assert "failed: and 12 more" in lines


def test_a_line_of_a_log_is_one_line() -> None:
    line = plain_line(progress(), 2)
    assert "\n" not in line
    assert line.isascii()
    assert (
        "quick: 412/765 runs done, 2 running, 1 failed; 1 h 07 min left on 2 cores; now train"
        in line
    )


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("width", [30, 60, 200])
@pytest.mark.parametrize("count", [0, 1, 30])
def test_the_view_fits_its_terminal(encoding: str, width: int, count: int) -> None:
    one = progress(jobs=[(TRAIN, 1.0)] * count, failures=progress().failures * count)
    text = shown(one, width, encoding, no_color=True, color_system=None)
    assert max(map(len, text.splitlines())) <= width
    assert "412 of 765" in text
    assert "\x1b[2J" not in text
    assert text.isascii() or encoding == "utf-8"


def test_bars_are_of_their_stages() -> None:
    lines = shown(progress(), color_system=None).splitlines()
    assert [line.split()[0] for line in lines[1:5]] == ["data", "train", "evaluate", "sweep"]
    assert [line.split()[-1] for line in lines[1:5]] == ["28/28", "415/765", "412/765", "0/33"]
    assert lines[1].count("━") == 24
    assert lines[2].count("━") + lines[2].count("╸") == pytest.approx(24 * 415 / 765, abs=1)


def test_no_color_has_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[31m" in shown(progress(), color_system="standard")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[31m" not in shown(progress(), color_system="standard")


def test_a_scale_without_runs_can_be_shown() -> None:
    nothing = progress(runs=Counter(), suites={}, stages={}, jobs=[], failures=[], invalid={})
    assert "0 of 0 runs" in shown(nothing)
    assert status_lines(nothing, 2)[0] == "scale quick: 0 of 0 runs done"
