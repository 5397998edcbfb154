"""Which files of a plan are valid: what the records say against the config and the code."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.core.files import digest, read_json, write_json
from bench.report.state import INVALID, MISSING, VALID, States
from bench.runs.clock import CLOCK
from bench.runs.identity import RESULT
from bench.runs.plan import make_plan
from bench.runs.train import TRAINING
from tests.helpers.started import run_of, start_here, started_config, started_plan


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("begun")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        start_here()
    return folder


@pytest.fixture
def here(begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the folder, as the working directory. Returns the folder of the finished run."""
    shutil.copytree(begun, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return run_of(0).folder()


def states(**changes: Any) -> States:
    return States(started_config() | changes, started_plan())


def test_what_is_there_and_what_is_not(here: Path) -> None:
    found = states()
    assert found.record(run_of(0), RESULT) == VALID
    assert found.training(run_of(0)) == VALID
    assert (found.record(run_of(1), RESULT), found.training(run_of(1))) == (MISSING, MISSING)
    assert found.reasons == {}
    assert list(found.finished) == [run_of(0)]


def rewrite(path: Path, change: Callable[[Any], object], sign: bool = True) -> None:
    content = read_json(path)
    change(content)
    if sign:
        content.pop("digest")
        content["digest"] = digest(content)
    write_json(path, content)


@pytest.mark.parametrize(
    ("change", "sign", "reason"),
    [
        (lambda c: c["evaluations"][0].update(target=1.0), False, "digest differs"),
        (lambda c: c["training"].update(steps=41), True, "steps: 41 in the record, 40 here"),
        (lambda c: c["protocol"].update(episodes=3), True, "episodes: 3 in the record, 2 here"),
        (lambda c: c["protocol"].pop("max_steps"), True, "max_steps"),
        (lambda c: c["identity"].update(seed=5), True, "it belongs to another run"),
        (lambda c: c["hashes"]["code"].update({"baselines/bc.py": "0"}), True, "baselines/bc.py"),
        (lambda c: c.pop("protocol"), True, "protocol"),
    ],
    ids=["digest", "steps", "episodes", "max_steps", "identity", "code", "half"],
)
def test_a_record_that_is_not_that_of_the_config_is_invalid(
    here: Path, change: Callable[[Any], object], sign: bool, reason: str
) -> None:
    rewrite(here / RESULT, change, sign)
    found = states()
    assert found.record(run_of(0), RESULT) == INVALID
    assert reason in found.reasons[here / RESULT]
    assert found.finished == {}


def test_a_damaged_file_and_a_lost_clock_are_invalid(here: Path) -> None:
    (here / TRAINING).write_text("{")
    (here / CLOCK).unlink()
    found = states()
    assert found.training(run_of(0)) == INVALID
    assert "damaged" in found.reasons[here / TRAINING]
    assert found.record(run_of(0), RESULT) == INVALID
    assert "run.json" in found.reasons[here / RESULT]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda c: c.update(steps=1), "steps: 1 in the record, 40 here"),
        (lambda c: c["code"].update({"bench/runs/train.py": "0"}), "bench/runs/train.py"),
    ],
)
def test_a_training_of_other_settings_or_code_is_invalid(
    here: Path, change: Callable[[Any], object], reason: str
) -> None:
    rewrite(here / TRAINING, change)
    found = states()
    assert found.training(run_of(0)) == INVALID
    assert reason in found.reasons[here / TRAINING]


def test_the_updates_are_those_of_the_domain(here: Path) -> None:
    """A method can have another number of updates in a domain; the runs were made with 40."""
    config = started_config()
    bc = config["methods"]["bc"]
    other = config | {"methods": {"bc": bc | {"steps": 99, "domain_steps": {"hopper": 40}}}}
    found = States(other, make_plan(other))
    assert (found.record(run_of(0), RESULT), found.training(run_of(0))) == (VALID, VALID)


def test_a_file_of_the_same_size_is_judged_again(here: Path) -> None:
    found = states()
    assert found.record(run_of(0), RESULT) == VALID
    status = (here / RESULT).stat()
    text = (here / RESULT).read_text()
    (here / RESULT).write_text(text.replace('"seed": 0', '"seed": 9'))
    os.utime(here / RESULT, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert (here / RESULT).stat().st_size == status.st_size
    assert found.record(run_of(0), RESULT) == INVALID


def test_a_file_is_judged_again_when_it_changed(here: Path) -> None:
    found = states()
    assert found.record(run_of(0), RESULT) == VALID
    content = (here / RESULT).read_text()
    (here / RESULT).write_text("{")
    assert found.record(run_of(0), RESULT) == INVALID
    (here / RESULT).write_text(content)
    assert found.record(run_of(0), RESULT) == VALID
    assert found.reasons == {}
    (here / RESULT).unlink()
    assert found.record(run_of(0), RESULT) == MISSING
