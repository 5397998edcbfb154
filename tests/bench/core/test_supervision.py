"""A command in a child process: however it ends, one line says so, and the status is not 0."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.core import supervision
from bench.core.code import ROOT

PROGRAM = """
import os, signal, sys, threading, time
from bench.core import supervision
from bench.core.supervision import supervise
supervision.OVER_SECONDS = 2
def work():
{body}
    return 0
sys.exit(supervise(work, "results/x/bc/0", {minutes}))
"""


def program(body: str, minutes: float | None = None) -> list[str]:
    indented = "\n".join(f"    {line}" for line in body.splitlines())
    return [sys.executable, "-c", PROGRAM.format(body=indented, minutes=minutes)]


def supervised(body: str, minutes: float | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        program(body, minutes), cwd=ROOT, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("status", [0, 1, 143])
def test_the_status_of_the_work_is_that_of_the_command(status: int) -> None:
    done = supervised(f"print('said'); return {status}")
    assert (done.returncode, done.stdout, done.stderr) == (status, "said\n", "")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("os._exit(0)", "its process ended with status 0 before the work was done"),
        ("os._exit(7)", "its process ended with status 7 before the work was done"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "killed by SIGKILL: most often the system had no"),
        ("os.kill(os.getpid(), signal.SIGBUS)", "killed by SIGBUS: a file that it reads was"),
        ("os.abort()", "killed by SIGABRT: the lines above show where"),
    ],
)
def test_a_process_that_ends_itself_is_an_error(body: str, message: str) -> None:
    done = supervised(body)
    assert done.returncode == 1
    assert f"error: results/x/bc/0: {message}" in done.stderr


def test_a_truncated_map_names_the_line_and_the_cause(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    body = f"""
import numpy
numpy.save({str(path)!r}, numpy.ones(100_000))
mapped = numpy.load({str(path)!r}, mmap_mode="r")
os.truncate({str(path)!r}, 100)
print(mapped.sum())
"""
    done = supervised(body)
    assert done.returncode == 1
    assert "Fatal Python error: Bus error" in done.stderr
    assert "killed by SIGBUS: a file that it reads was truncated" in done.stderr
    assert "bench data verify" in done.stderr


def test_an_error_keeps_its_traceback() -> None:
    done = supervised("1 / 0")
    assert done.returncode == 1
    assert "ZeroDivisionError: division by zero" in done.stderr


def test_threads_that_still_run_do_not_keep_the_command(tmp_path: Path) -> None:
    began = time.monotonic()
    done = supervised("threading.Thread(target=time.sleep, args=(50,)).start()")
    assert done.returncode == 0
    assert time.monotonic() - began < 25


def test_a_process_that_still_writes_does_not_keep_the_command() -> None:
    began = time.monotonic()
    done = subprocess.run(
        program("import subprocess; subprocess.Popen(['sleep', '50'], stdout=1)\nprint('done')"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=25,
    )
    assert (done.returncode, done.stdout) == (0, "done\n")
    assert time.monotonic() - began < 25


def test_a_flood_of_output_is_cut_and_its_end_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as file:
        subprocess.run(
            program(
                "print('first')\nfor i in range(300_000): print('flood', i, '.' * 40)\nprint('last')"
            ),
            cwd=ROOT,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    text = log.read_text()
    assert supervision.LOG_BYTES < len(text) < supervision.LOG_BYTES + 50_000
    assert text.startswith("first\n")
    assert "bytes are left out here]" in text
    assert text.endswith("flood 299999 " + "." * 40 + "\nlast\n")


KEPT = """
import os, sys
from pathlib import Path
from bench.core.attempts import AttemptLog
from bench.core.supervision import supervise
def work():
    os.write(1, b"working\\n")  # a whole line at once: the two streams are read side by side
    os.write(2, b"a warning\\n")
    os._exit(3)
sys.exit(supervise(work, "results/x/bc/0", attempts=AttemptLog(Path(sys.argv[1]))))
"""


def test_output_and_reason_of_each_attempt_are_kept(tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", KEPT, str(log)], cwd=ROOT, capture_output=True, text=True
        )
        assert (done.returncode, done.stdout) == (1, "working\n")
    first, second = log.read_text().split("--- attempt of ")[1:]
    for attempt in (first, second):
        assert "working\n" in attempt
        assert "a warning\n" in attempt
        assert "error: results/x/bc/0: its process ended with status 3" in attempt.splitlines()[-1]


HANG = """
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_work_that_does_not_stop_is_killed_in_time(number: int, status: int) -> None:
    process = subprocess.Popen(
        program(HANG), cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.2)
    process.send_signal(number)
    began = time.monotonic()
    _, errors = process.communicate(timeout=30)
    assert time.monotonic() - began < supervision.STOP_SECONDS + 3
    assert process.returncode == status
    assert f"stopped by {signal.Signals(number).name}, and killed because" in errors


def test_work_over_its_time_is_killed_and_its_line_is_shown() -> None:
    done = supervised("time.sleep(60)  # deaf", minutes=0.2 / 60)
    assert done.returncode == 1
    assert "its time limit of 0.00333333 minutes is over" in done.stderr
    assert "in work" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the child notices after a second")
def test_the_work_ends_with_its_parent() -> None:
    process = subprocess.Popen(
        program("print(os.getpid(), flush=True)\ntime.sleep(60)"),
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.kill()
    process.wait()
    for _ in range(100):
        if not alive(child):
            return
        time.sleep(0.05)
    raise AssertionError("the child goes on")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_outputs_do_not_stop_the_work(closed: str, tmp_path: Path) -> None:
    made = tmp_path / "made"
    body = f"print('x'); print('y', file=sys.stderr); open({str(made)!r}, 'w').close(); return 7"
    command = shlex.join(program(body))
    done = subprocess.run(["bash", "-c", f"{command} {closed}"], cwd=ROOT, timeout=60)
    assert done.returncode == 7
    assert made.exists()
