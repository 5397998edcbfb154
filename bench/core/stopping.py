"""Stop a command: by SIGTERM or SIGINT, or by its time limit.

A training saves a checkpoint first, so it asks after each update whether it should stop (`deferred`). Any other work
is interrupted where it is. `bench.core.supervision` ends a process that does not stop in time.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)
PATIENCE = 10.0  # seconds between the end of the time limit and OverTime, where code asks whether it should stop


class Stopped(BaseException):
    """The user or the cluster stopped this command. The status of the command is `status`."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.status = status_of(number)


class OverTime(BaseException):
    """This command took longer than its time limit."""

    def __init__(self, minutes: float, *, saved: bool = False) -> None:
        kept = "; its state is saved, and the same command continues from there" if saved else ""
        super().__init__(
            f"it took longer than its time limit of {minutes:g} minutes (`time_limit` in the config){kept}"
        )


def status_of(number: int) -> int:
    """Return the exit status of a command that a signal stopped: 143 for SIGTERM, 130 for SIGINT."""
    return 128 + number


class _State:
    requested: int | None = None  # the signal; SIGALRM at the end of the time limit
    deferred = False
    minutes = 0.0  # the time limit


def requested() -> int | None:
    """Return the signal that asked this command to stop; None if none did."""
    return _State.requested


def check() -> None:
    """Stop here if a signal or the time limit asked for it.

    Raises:
        Stopped: a signal did.
        OverTime: the time limit did.
    """
    if _State.requested == signal.SIGALRM:
        raise OverTime(_State.minutes, saved=True)
    if _State.requested is not None:
        raise Stopped(_State.requested)


@contextmanager
def deferred() -> Iterator[None]:
    """Let signals, and for some seconds the time limit, wait in this context until the code calls `check`; at its end,
    stop if one waits.

    Raises:
        Stopped: a signal asked for it.
        OverTime: the time limit did.
    """
    _State.deferred = True
    try:
        yield
    finally:
        _State.deferred = False
    check()


@contextmanager
def stoppable(minutes: float | None = None) -> Iterator[None]:
    """Handle SIGTERM and SIGINT in this context; in the main thread only, elsewhere it has no effect.

    A signal that is ignored, as SIGINT in the background of a shell script, stays ignored.

    Args:
        minutes: the time limit; None: no limit.

    Raises:
        Stopped: a signal asked for it.
        OverTime: the time is over. It is raised at the line that runs at this moment; in `deferred`, at the next
            `check`, or after `PATIENCE` seconds.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def over_time(number: int, frame: FrameType | None) -> None:
        if not _State.deferred or _State.requested is not None:
            raise OverTime(minutes or 0)
        _State.requested = number
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)

    _State.requested, _State.minutes = None, minutes or 0.0
    handlers = {number: _stop for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, over_time)
    signal.setitimer(signal.ITIMER_REAL, 60 * (minutes or 0))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
        _State.requested = None


def _stop(number: int, frame: FrameType | None) -> None:
    if _State.requested is None:  # a later signal changes nothing: the process ends anyway
        _State.requested = number
        if not _State.deferred:
            raise Stopped(number)
