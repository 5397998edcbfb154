"""Signals and the time limit stop a command where it is, or where it asks."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from bench.core import stopping
from bench.core.stopping import OverTime, Stopped, deferred, stoppable


def wait_for_a_signal(seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.01)
    raise AssertionError("nothing stopped this")


def interrupt(number: int) -> None:
    with stoppable():
        os.kill(os.getpid(), number)
        wait_for_a_signal()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_stops_what_runs(number: int, status: int) -> None:
    before = signal.getsignal(number)
    with pytest.raises(Stopped, match=f"stopped by {signal.Signals(number).name}") as caught:
        interrupt(number)
    assert caught.value.status == status
    assert signal.getsignal(number) == before
    assert stopping.requested() is None


def defer(number: int, checked: bool) -> None:
    with stoppable(), deferred():
        os.kill(os.getpid(), number)
        time.sleep(0.01)
        assert stopping.requested() == number
        os.kill(os.getpid(), number)  # again, as a user does who is in a hurry
        if checked:
            stopping.check()
            raise AssertionError("it went on")


@pytest.mark.parametrize("checked", [True, False], ids=["at-a-check", "at-the-end"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_deferred_signal_waits_for_a_check(number: int, checked: bool) -> None:
    with pytest.raises(Stopped):
        defer(number, checked)


def test_an_ignored_signal_stays_ignored() -> None:
    """As in the background of a shell script."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stoppable():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
    finally:
        signal.signal(signal.SIGINT, before)


def over_time() -> None:
    with stoppable(minutes=0.05 / 60):
        wait_for_a_signal()


def test_a_time_limit_stops_what_runs() -> None:
    with pytest.raises(OverTime, match=r"longer than its time limit of 0\.000833333 minutes"):
        over_time()


def over_time_in_a_loop(*, checked: bool) -> None:
    with stoppable(minutes=0.05 / 60), deferred():
        end = time.monotonic() + 5
        while time.monotonic() < end:
            time.sleep(0.01)
            if checked:
                stopping.check()


def test_a_loop_that_asks_ends_with_its_state_saved() -> None:
    with pytest.raises(OverTime, match="its state is saved, and the same command continues"):
        over_time_in_a_loop(checked=True)
    assert stopping.requested() is None


def test_a_loop_that_does_not_ask_ends_after_some_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "PATIENCE", 0.1)
    with pytest.raises(OverTime) as caught:
        over_time_in_a_loop(checked=False)
    assert "saved" not in str(caught.value)
    assert stopping.requested() is None


def test_without_a_signal_nothing_happens() -> None:
    with stoppable(minutes=1), deferred():
        stopping.check()
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_another_thread_has_no_signals() -> None:
    seen = []

    def work() -> None:
        with stoppable():
            seen.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
