"""The child that runs Snakemake: its output, its status, and signals. Another module takes Snakemake's place."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bench.cli import watching
from bench.cli.watching import Pipeline, show
from bench.core.code import ROOT
from bench.core.stopping import Stopped
from tests.bench.cli.test_view import progress

FAKE = """
import signal, sys, time
from pathlib import Path
Path("words").write_text(" ".join(sys.argv[1:]))
def stop(number, frame):
    Path("signal").write_text(str(int(number)))
    sys.exit(1)
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, stop)
print("Building DAG of jobs...", file=sys.stderr)
print("a table")
print("an error", file=sys.stderr, flush=True)
sys.stdout.flush()
Path("ready").touch()
time.sleep(float(Path("seconds").read_text()))
sys.exit(int(Path("status").read_text()))
"""


@pytest.fixture(autouse=True)
def snakemake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("snakemake.py").write_text(FAKE)
    Path("Snakefile").touch()
    Path("seconds").write_text("0")
    Path("status").write_text("0")


class Fixed:
    """A tracker of a pipeline that does not get on."""

    looks = 0

    def now(self) -> Any:
        self.looks += 1
        return progress()


def wait_for(path: str) -> None:
    end = time.monotonic() + 20
    while not Path(path).exists():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_words_output_and_status(capfd: pytest.CaptureFixture[str]) -> None:
    Path("status").write_text("3")
    tracker: Any = Fixed()
    with Pipeline(["all", "--cores", "2"]) as pipeline:
        show(tracker, 2, 0.1, 60, lambda progress: pipeline.lives(), pipeline.lines)
    assert pipeline.status == 3
    assert Path("words").read_text() == "all --cores 2"
    printed = capfd.readouterr()
    assert printed.out == "a table\n"
    first, error, last = printed.err.splitlines()
    assert "412/765 runs done" in first
    assert error == "an error"  # and not what Snakemake says at every start
    assert "412/765 runs done" in last


def test_the_snakefile_of_the_repository_is_used_elsewhere() -> None:
    Path("Snakefile").unlink()
    with Pipeline(["all"]):
        pass
    words = Path("words").read_text().split()
    assert words[:2] == ["all", "--snakefile"]
    assert Path(words[2]).name == "Snakefile"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_pipeline(number: int) -> None:
    Path("seconds").write_text("60")
    error = KeyboardInterrupt() if number == signal.SIGINT else Stopped(number)
    began = time.monotonic()
    with pytest.raises(type(error)), Pipeline(["all"]):  # noqa: PT012
        wait_for("ready")
        raise error
    assert Path("signal").read_text() == str(int(number))
    assert time.monotonic() - began < 15


def test_a_pipeline_that_ignores_signals_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "PATIENCE", (0.2, 0.2))
    ignoring = FAKE.replace("    sys.exit(1)\n", "    pass\n")
    Path("snakemake.py").write_text(ignoring)
    Path("seconds").write_text("60")
    pipeline = Pipeline(["all"])
    with pytest.raises(KeyboardInterrupt), pipeline:  # noqa: PT012
        wait_for("ready")
        raise KeyboardInterrupt
    assert pipeline.status == 128 + signal.SIGKILL


def test_lines_come_at_their_time(capfd: pytest.CaptureFixture[str]) -> None:
    tracker: Any = Fixed()
    end = time.monotonic() + 1.0
    show(tracker, 2, 60, 0.3, lambda progress: time.monotonic() < end)
    assert 3 <= len(capfd.readouterr().err.splitlines()) <= 6
    assert tracker.looks >= 3


VIEW = """
import time
from bench.cli.watching import show
from tests.bench.cli.test_watching import Fixed
end = time.monotonic() + 0.8
show(Fixed(), 2, 0.2, 60, lambda progress: time.monotonic() < end)
"""


def test_a_terminal_gets_a_live_view() -> None:
    """On a real pseudo-terminal of 60 columns."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", VIEW],
        stderr=theirs,
        env=os.environ | {"COLUMNS": "60", "TERM": "xterm", "PYTHONPATH": str(ROOT)},
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # the end of a pseudo-terminal
        while block := os.read(ours, 65536):
            shown += block
    os.close(ours)
    assert process.wait() == 0
    text = shown.decode()
    assert text.count("evaluate") >= 2
    assert "\x1b[2K" in text  # a view is removed before the next one
    views = [plain(line) for line in text.splitlines()[:-1]]  # the last line stays in the log
    assert max(map(len, views)) <= 60


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_nohup_stays_in_force_and_other_handlers_come_back() -> None:
    """SIGHUP is ignored under nohup. So the end of the terminal must not end the pipeline."""

    def own(number: int, frame: Any) -> None:
        raise AssertionError

    before = signal.getsignal(signal.SIGHUP)
    try:
        for handler, kept in ((signal.SIG_IGN, True), (signal.SIG_DFL, False), (own, False)):
            signal.signal(signal.SIGHUP, handler)
            with Pipeline(["all"]):
                assert (signal.getsignal(signal.SIGHUP) == handler) is kept
            assert signal.getsignal(signal.SIGHUP) == handler
    finally:
        signal.signal(signal.SIGHUP, before)
