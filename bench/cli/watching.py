"""Start Snakemake as a child process, and show how far it is until it ends."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from rich.console import Console
from rich.live import Live

from bench.cli.view import live_view, plain_line
from bench.core.code import ROOT
from bench.core.stopping import Stopped, status_of
from bench.report.progress import Progress, Tracker

PATIENCE = (30.0, 10.0)  # seconds after the signal of the user, and after SIGTERM
# what Snakemake says at each start and at each round of its scheduler, and nobody needs beside a view
NOISE = re.compile(
    r"(Using (workflow specific profile|shell)|Config file .* is extended|Assuming unrestricted|Building DAG|"
    r"Conda environments: ignored|Select jobs to execute|Execute \d+ jobs).*"
)
TICK = 0.2  # seconds between two looks at the process
Line = tuple[IO[str], str]


class Pipeline:
    """A Snakemake in a group of processes of its own. At the end of the context it has ended.

    Attributes:
        status: its exit status, after the context.
    """

    def __init__(self, words: Sequence[str]) -> None:
        """Start it.

        Args:
            words: the arguments of Snakemake. The Snakefile is that of the working directory, else of this repository.
        """
        command = [sys.executable, "-m", "snakemake", *words]
        if not Path("Snakefile").exists():
            command += ["--snakefile", str(ROOT / "Snakefile")]
        self.status = 0
        self._queue: queue.SimpleQueue[Line] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,  # signals reach it from here alone, once
        )
        pairs = ((self._process.stdout, sys.stdout), (self._process.stderr, sys.stderr))
        self._readers = [
            threading.Thread(target=self._read, args=pair, daemon=True) for pair in pairs
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, source: IO[str], target: IO[str]) -> None:
        for line in source:
            if not NOISE.fullmatch(line.rstrip("\n")):
                self._queue.put((target, line.rstrip("\n")))

    def lives(self) -> bool:
        """Return whether it still runs."""
        return self._process.poll() is None

    def lines(self) -> Iterable[Line]:
        """Yield what it printed since the last call, each line with the stream that it is for."""
        with contextlib.suppress(queue.Empty):
            while True:
                yield self._queue.get_nowait()

    def __enter__(self) -> Self:
        """Pass SIGHUP on as well: the terminal was closed. Under `nohup`, which ignores it, the pipeline goes on."""
        self._hangup = signal.getsignal(signal.SIGHUP)
        if self._passes_hangup_on():
            signal.signal(signal.SIGHUP, lambda number, frame: self._signal(signal.SIGTERM))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for its end. If this process was asked to stop, or failed, stop the pipeline as well."""
        if self._passes_hangup_on():
            signal.signal(signal.SIGHUP, self._hangup or signal.SIG_DFL)
        if error is not None:
            number = signal.SIGINT
            if isinstance(error, Stopped) and error.status == status_of(signal.SIGTERM):
                number = signal.SIGTERM
            self._stop(number)
        code = self._process.wait()
        for reader in self._readers:
            reader.join(timeout=1)
        for stream, line in self.lines():
            with contextlib.suppress(OSError, ValueError):
                print(line, file=stream)
        self.status = code if code >= 0 else 128 - code

    def _passes_hangup_on(self) -> bool:
        in_main_thread = threading.current_thread() is threading.main_thread()
        return in_main_thread and self._hangup is not signal.SIG_IGN

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _stop(self, first: int) -> None:
        for number, patience in zip((first, signal.SIGTERM), PATIENCE, strict=True):
            self._signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)
                return
        self._signal(signal.SIGKILL)


def show(
    tracker: Tracker,
    cores: int,
    look: float,
    every: float,
    goes_on: Callable[[Progress], bool],
    lines: Callable[[], Iterable[Line]] = tuple,
) -> Progress:
    """Show how far a config is until it ends: a live view on a terminal, elsewhere a line now and then.

    Args:
        tracker: of the config.
        cores: for the time that is left.
        look: seconds between two looks at the files, on a terminal.
        every: seconds between two lines, elsewhere.
        goes_on: whether to go on after a look.
        lines: what else is to be printed.

    Returns:
        The last look.
    """
    console = Console(stderr=True)
    progress = tracker.now()
    if not console.is_terminal or console.is_dumb_terminal:
        return _show_lines(tracker, cores, every, goes_on, lines, progress)
    with Live(
        live_view(progress, cores, console), console=console, auto_refresh=False, transient=True
    ) as live:
        looked = time.monotonic()
        while goes_on(progress):
            for stream, line in lines():
                if stream.isatty():
                    console.print(line, markup=False, highlight=False)
                else:
                    print(line, file=stream, flush=True)
            if time.monotonic() - looked >= look:
                progress, looked = tracker.now(), time.monotonic()
                live.update(live_view(progress, cores, console), refresh=True)
            time.sleep(TICK)
    return _end(tracker, cores, lines)


def _show_lines(
    tracker: Tracker,
    cores: int,
    every: float,
    goes_on: Callable[[Progress], bool],
    lines: Callable[[], Iterable[Line]],
    progress: Progress,
) -> Progress:
    _say(plain_line(progress, cores))
    said = time.monotonic()
    while goes_on(progress):
        _pass_on(lines)
        if time.monotonic() - said >= every:
            progress, said = tracker.now(), time.monotonic()
            _say(plain_line(progress, cores))
        time.sleep(TICK)
    return _end(tracker, cores, lines)


def _end(tracker: Tracker, cores: int, lines: Callable[[], Iterable[Line]]) -> Progress:
    _pass_on(lines)
    progress = tracker.now()
    _say(plain_line(progress, cores))
    return progress


def _pass_on(lines: Callable[[], Iterable[Line]]) -> None:
    for stream, line in lines():
        print(line, file=stream, flush=True)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
