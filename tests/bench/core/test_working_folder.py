"""A lock of Snakemake is removed when, and only when, no live process holds its folder."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.core import working_folder
from bench.core.code import ROOT
from bench.core.holding import this_machine
from bench.core.working_folder import HOLDERS, LOCKS, VARIABLE, InUse, forget, joined
from bench.core.working_folder import unlock_if_abandoned as unlock

JOIN = """
import sys, time
from pathlib import Path
from bench.core import working_folder
if sys.argv[2] == "snakemake":
    working_folder.join(Path(sys.argv[1]))
    print("joined", flush=True)
    time.sleep(60)
with working_folder.joined(sys.argv[2]):
    print("joined", flush=True)
    time.sleep(60)
"""
Start = Callable[[str], subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start processes that join tmp_path as Snakemake or as one of its commands."""
    started = []

    def begin(what: str) -> subprocess.Popen[str]:
        named = json.dumps({"folder": str(tmp_path), **this_machine()})
        process = subprocess.Popen(
            [sys.executable, "-c", JOIN, tmp_path, what],
            cwd=ROOT,
            env=os.environ | {VARIABLE: named},
            text=True,
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "joined\n"
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def lock(folder: Path) -> None:
    """Leave what Snakemake leaves when it is killed."""
    (folder / LOCKS).mkdir(parents=True)
    (folder / LOCKS / "0.input.lock").write_text("data/x\n")
    (folder / LOCKS / "0.output.lock").write_text("results/x\n")


def kill(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        process.kill()
        process.wait()


def test_the_lock_of_a_killed_snakemake_is_removed(tmp_path: Path, start: Start) -> None:
    snakemake, command = start("snakemake"), start("bench train")
    lock(tmp_path)
    assert not unlock(tmp_path)
    kill(snakemake, command)
    assert unlock(tmp_path)
    assert not (tmp_path / LOCKS).exists()
    assert list((tmp_path / HOLDERS).iterdir()) == []
    assert not unlock(tmp_path)


def test_a_live_snakemake_keeps_its_lock(tmp_path: Path, start: Start) -> None:
    killed, _ = start("snakemake"), start("snakemake")
    lock(tmp_path)
    kill(killed)
    assert not unlock(tmp_path)
    assert len(list((tmp_path / LOCKS).iterdir())) == 2


def test_orphans_are_named_and_keep_the_lock(tmp_path: Path, start: Start) -> None:
    snakemake, one, two = start("snakemake"), start("bench train 1"), start("bench train 2")
    lock(tmp_path)
    kill(snakemake)
    with pytest.raises(
        InUse, match=r"earlier Snakemake was killed, but 2 of its commands"
    ) as caught:
        unlock(tmp_path)
    for process, name in ((one, "bench train 1"), (two, "bench train 2")):
        assert f"process {process.pid} on " in str(caught.value)
        assert f"({name})" in str(caught.value)
    assert (tmp_path / LOCKS).exists()
    kill(one, two)
    assert unlock(tmp_path)


def test_a_lock_of_unknown_origin_stays(tmp_path: Path) -> None:
    lock(tmp_path)
    assert not unlock(tmp_path)
    assert (tmp_path / LOCKS).exists()


def test_a_snakemake_on_another_machine_may_live(tmp_path: Path) -> None:
    lock(tmp_path)
    (tmp_path / HOLDERS).mkdir()
    there = {"pid": 1, "host": "login2", "machine": {"id": "x", "boot": "y"}, "what": "snakemake"}
    (tmp_path / HOLDERS / "1-x").write_text(json.dumps(there))
    assert not unlock(tmp_path)
    assert (tmp_path / LOCKS).exists()
    forget(tmp_path)  # as `snakemake --unlock`
    assert list((tmp_path / HOLDERS).iterdir()) == []


def test_without_a_lock_dead_holders_are_forgotten(tmp_path: Path, start: Start) -> None:
    kill(start("snakemake"))
    assert len(list((tmp_path / HOLDERS).iterdir())) == 1
    assert not unlock(tmp_path)
    assert list((tmp_path / HOLDERS).iterdir()) == []


@pytest.mark.parametrize(
    "named",
    [
        None,
        "",
        "[1]",
        "no json",
        json.dumps({"folder": "/nowhere/at/all", **this_machine()}),
        json.dumps({"folder": ".", "id": "of another", "boot": "machine"}),
    ],
)
def test_outside_a_workflow_of_this_machine_nothing_is_held(
    named: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    if named is not None:
        monkeypatch.setenv(VARIABLE, named)
    with joined("bench train"):
        assert list(tmp_path.iterdir()) == []


def test_a_command_holds_its_folder_while_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, json.dumps({"folder": str(tmp_path), **this_machine()}))
    with joined("bench train " + "x" * 500):
        (path,) = (tmp_path / HOLDERS).iterdir()
        assert json.loads(path.read_text())["what"].startswith("bench train x")
        assert len(json.loads(path.read_text())["what"]) < 200
    assert list((tmp_path / HOLDERS).iterdir()) == []
    assert working_folder.SNAKEMAKE == "snakemake"


def test_a_process_that_has_not_written_its_name_is_not_killed_as_0(
    tmp_path: Path,
) -> None:
    """`kill 0` would end the shell of the user."""
    lock(tmp_path)
    path = tmp_path / HOLDERS / "1-ab"
    path.parent.mkdir(parents=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(InUse, match=r"an unknown process on this machine\. Wait") as caught:
            unlock(tmp_path)
    assert "kill " not in str(caught.value)
