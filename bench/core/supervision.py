"""Run a command in a child process and say in one line how it ended, whatever the code in it does.

Code of methods runs inside `bench train` and `bench evaluate`. It may end its process, hang, write without end, or be
killed for its memory. The parent does no work of its own, so it survives and reports.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import platform
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import FrameType

from bench.core.attempts import AttemptLog
from bench.core.stopping import SIGNALS, status_of

STOP_SECONDS = 4.5  # from a signal to the end of the command, at most
OVER_SECONDS = (
    30.0  # from the end of the time limit to that of a command which does not keep the limit itself
)
LOG_BYTES = 5_000_000  # of output that is written; of what follows, only the end
TAIL_BYTES = 20_000
_exit = os._exit  # methods must not call os._exit (`bench.methods.loader.blaming`)

REASONS = {
    signal.SIGKILL: "most often the system had no memory left (`dmesg` says so): run fewer jobs at once, or a smaller "
    "batch; the same command continues from the last checkpoint",
    signal.SIGBUS: "a file that it reads was truncated, or its disk failed: `bench data verify` names a damaged data "
    "set; make it again and run again",
}


def supervise(
    work: Callable[[], int],
    what: str,
    minutes: float | None = None,
    attempts: AttemptLog | None = None,
) -> int:
    """Run `work` in a child process, and return the status of the command.

    SIGTERM and SIGINT are passed on; after `STOP_SECONDS` the child is killed. If the parent is killed, the child
    ends too. Output beyond `LOG_BYTES` is left out if it goes to a file.

    Args:
        work: returns the status.
        what: names the work in messages.
        minutes: the time limit of the work, which `work` keeps itself; if it does not, it is killed.
        attempts: takes a copy of the output, unless the output goes to a terminal.
    """
    _open_outputs()
    _flush()
    logs = [] if os.isatty(1) else _pipes()
    attempts = attempts if logs else None
    reading, writing = os.pipe()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        os.close(reading)
        for source, sink, targets in logs:
            os.close(source)
            for target in targets:
                os.dup2(sink, target)
        _work(work, writing, parent, minutes)
    os.close(writing)
    relays = []
    for source, sink, targets in logs:
        os.close(sink)
        relays.append(
            threading.Thread(target=_relay, args=(source, targets[0], attempts), daemon=True)
        )
    for relay in relays:
        relay.start()
    status, reason = _Parent(child, reading, what, minutes).wait()
    for relay in relays:
        relay.join(timeout=1)  # a process that the work left running may keep the pipe open
    if reason:
        say(reason)
        if attempts:
            attempts.write(f"{reason}\n".encode())
    return status


def _work(work: Callable[[], int], writing: int, parent: int, minutes: float | None) -> None:
    """Run the work, say that it came to its end, and end this process."""
    status = 1
    try:
        _end_with(parent)
        faulthandler.enable()  # names the line at which native code fails
        if minutes:
            faulthandler.dump_traceback_later(60 * minutes + OVER_SECONDS / 2)
        status = work()
        os.write(writing, b"x")
    except BaseException:
        traceback.print_exc()
        os.write(writing, b"x")
    finally:
        _flush()
        _exit(status)  # does not wait for threads that the work left


def _end_with(parent: int) -> None:
    """Let this process be killed when its parent ends."""
    if platform.system() == "Linux":
        ctypes.CDLL(None).prctl(1, int(signal.SIGKILL))  # PR_SET_PDEATHSIG
    else:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        _exit(status_of(signal.SIGKILL))


def _end_after(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    _exit(status_of(signal.SIGKILL))


class _Parent:
    """Waits for the child."""

    def __init__(self, child: int, reading: int, what: str, minutes: float | None) -> None:
        self.child, self.reading, self.what, self.minutes = child, reading, what, minutes
        self.asked: int | None = None
        self.deadline = time.monotonic() + 60 * minutes + OVER_SECONDS if minutes else None

    def wait(self) -> tuple[int, str]:
        """Return the status of the command after the end of the child, and why it ended if that needs a word."""
        handled = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
        before = {number: signal.signal(number, self._pass_on) for number in handled}
        try:
            ended = self._wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        done = (
            bool(select.select([self.reading], [], [], 0)[0]) and os.read(self.reading, 1) == b"x"
        )
        os.close(self.reading)
        return self._status(ended, done)

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        if self.asked is None:
            self.asked, self.deadline = number, time.monotonic() + STOP_SECONDS
            os.kill(self.child, number)

    def _wait(self) -> int:
        while True:
            pid, ended = os.waitpid(self.child, os.WNOHANG)
            if pid:
                return ended
            if self.deadline and time.monotonic() > self.deadline:
                os.kill(self.child, signal.SIGKILL)
                return os.waitpid(self.child, 0)[1]
            # readable at the end of the child, or just before it
            if select.select([self.reading], [], [], 0.2)[0]:
                time.sleep(0.005)

    def _status(self, ended: int, done: bool) -> tuple[int, str]:
        overdue = self.deadline is not None and time.monotonic() > self.deadline
        if done:
            return os.waitstatus_to_exitcode(ended), ""
        if self.asked is not None:
            name = signal.Signals(self.asked).name
            reason = f"{self.what}: stopped by {name}, and killed because it did not end in time"
            return status_of(self.asked), reason
        if os.WIFSIGNALED(ended):
            number = os.WTERMSIG(ended)
            reason = REASONS.get(signal.Signals(number), "the lines above show where")
            if overdue and number == signal.SIGKILL:
                reason = f"its time limit of {self.minutes:g} minutes is over; the lines above show where it was"
            return 1, f"error: {self.what}: killed by {signal.Signals(number).name}: {reason}"
        code = os.waitstatus_to_exitcode(ended)
        return 1, (
            f"error: {self.what}: its process ended with status {code} before the work was done: code of the method "
            "ended it, or a library that it calls"
        )


def _open_outputs() -> None:
    """Give standard output and standard error a place, if the caller closed them (`bench train ... >&-`)."""
    for number in (1, 2):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:  # Python found it closed
            setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # it is closed
            stream.flush()


def say(text: str) -> None:
    """Write a line to standard error."""
    print(text, file=sys.stderr, flush=True)


def _pipes() -> list[tuple[int, int, list[int]]]:
    """Return where the child writes: for each log the two ends of a pipe, and the descriptors that it stands for.

    If standard output and standard error are one file, they share a pipe, so that lines keep their order.
    """
    one = os.path.sameopenfile(1, 2)
    return [(*os.pipe(), targets) for targets in ([[1, 2]] if one else [[1], [2]])]


def _relay(source: int, target: int, attempts: AttemptLog | None) -> None:
    """Copy what the child writes, up to `LOG_BYTES` and the last `TAIL_BYTES`."""

    def write(data: bytes) -> None:
        _write(target, data)
        if attempts:
            attempts.write(data)

    written, left_out, tail = 0, 0, b""
    while block := os.read(source, 65536):
        now = block[: max(LOG_BYTES - written, 0)]
        written += len(now)
        write(now)
        rest = block[len(now) :]
        tail = (tail + rest)[-TAIL_BYTES:]
        left_out += len(rest)
    if left_out:
        note = f"\n[more than {LOG_BYTES:,} bytes of output: {left_out - len(tail):,} bytes are left out here]\n"
        write(note.encode() + tail)
    os.close(source)


def _write(target: int, data: bytes) -> None:
    try:
        while data:
            data = data[os.write(target, data) :]
    except OSError:  # a full disk must not stop the run: its output is not its result
        return
