"""Measured costs by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from bench.core.files import write_json
from bench.methods.contract import BadMethod
from bench.report.step_costs import (
    costly,
    differences,
    domain_family,
    measured,
    read_records,
    settings_of,
)
from bench.runs import archive
from tests.helpers.costs import SETTINGS, record
from tests.helpers.records import LATER, RUN, Write

OWN = costly(SETTINGS)


def test_an_update_and_a_step_by_hand() -> None:
    """Runs of 100 and 300 updates took 5 s and 7 s; 400 and 600 steps took 2 s and 3 s."""
    records = [
        record(),
        record(updates=300, training=7.0, lengths=(200, 400), evaluation=1.0, start=0.5),
    ]
    found = measured(records, "bc", OWN, "hopper")
    assert found is not None
    assert found.update == pytest.approx(12 / 400)
    assert found.step == pytest.approx(3 / 1000)
    assert found.start == pytest.approx((3 + 1) / 2)
    assert found.lengths == {"hopper-medium": 250}
    assert (found.runs, found.source) == (2, "records of quick")


def test_a_diverged_run_counts_the_updates_that_it_took() -> None:
    found = measured([record(diverged_at=50)], "bc", OWN, "hopper")
    assert found is not None
    assert found.update == pytest.approx(5 / 50)


def test_recorded_episodes_cost_no_steps() -> None:
    found = measured([record(rolled_out=False, updates=0)], "bc", OWN, "hopper")
    assert found is not None
    assert (found.update, found.step, found.lengths) == (0, 0, {})


def test_settings_that_change_no_cost_may_differ() -> None:
    faster = record(settings=SETTINGS | {"learning_rate": 1.0, "time_std": 3.0})
    assert measured([faster], "bc", OWN, "hopper") is not None
    wider = record(settings=SETTINGS | {"width": 64})
    assert measured([wider], "bc", OWN, "hopper") is None
    assert differences([wider], "bc", OWN) == "width 64"
    both = record(settings=SETTINGS | {"width": 64, "batch_size": 8})
    assert differences([both, wider], "bc", OWN) == "width 64"
    assert differences([], "bc", OWN) == ""


def test_a_setting_of_a_later_version_does_not_count() -> None:
    assert measured([record()], "bc", OWN | {"history": 1}, "hopper") is not None


def test_the_own_domain_comes_first_then_the_family() -> None:
    other = record(task="walker2d-medium", training=50.0)
    found = measured([other, record()], "bc", OWN, "hopper")
    assert found is not None
    assert found.update == pytest.approx(0.05)
    found = measured([other], "bc", OWN, "hopper")
    assert found is not None
    assert found.source == "records of quick, on walker2d"
    assert measured([record(task="pong-replay")], "bc", OWN, "hopper") is None
    assert measured([record(module="cql")], "bc", OWN, "hopper") is None
    assert domain_family("hopper") == domain_family("walker2d") != domain_family("mine")


def test_a_record_without_the_time_of_its_start() -> None:
    found = measured([record(), record(start=math.nan)], "bc", OWN, "hopper")
    assert found is not None
    assert math.isnan(found.start)


def test_settings_of_a_method() -> None:
    settings = settings_of("percent_bc", {"width": 16, "top_percent": 40}, "cpu")
    assert settings["width"] == 16
    assert not {"learning_rate", "top_percent"} & set(settings)
    with pytest.raises(BadMethod, match="no option"):
        settings_of("bc", {"wide": 16}, "cpu")


def test_records_of_results_and_of_archives(
    tmp_path: Path, write_record: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "ARCHIVES", tmp_path / "archives")
    clock = {part: {"cpu_seconds": 4.0} for part in ("training", "evaluation")}
    write_record(RUN).with_name("run.json").write_text(json.dumps(clock))
    write_record(LATER)  # without times
    [found] = read_records(tmp_path / "results")
    assert (found.task, found.domain, found.module) == ("hopper-medium", "hopper", "bc")
    assert found.settings == {"width": 32}
    for path in (tmp_path / "results").rglob("run.json"):
        write_json(path, clock)
    archive.pack(tmp_path / "results/test/runs", archive.archive_of("test"))
    [packed] = read_records(tmp_path / "nowhere")
    assert packed.source == "records of test"
    assert (packed.task, packed.settings, packed.clock) == (found.task, found.settings, clock)


def test_the_kept_records_of_quick_have_the_times_of_all_their_methods() -> None:
    records = read_records(Path("nowhere"))
    known = {(record.module, record.domain) for record in records if record.scale == "quick"}
    assert {("dt", "hopper"), ("bc", "walker2d"), ("cql", "halfcheetah")} <= known
