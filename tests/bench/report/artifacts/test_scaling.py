"""The artifact of network sizes, from numbers that are known."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.report.artifact import write_artifact
from bench.report.artifacts import scaling
from bench.report.scores import collect
from bench.runs import record
from bench.runs.identity import Identity
from bench.runs.plan import Plan, make_plan
from tests.conftest import RECORD, write_scores

TASK = "hopper-medium"
KINDS = ("medium", "medium-replay", "medium-expert")
SIZES = {"small": 1_000, "middle": 10_000, "large": 100_000}


@pytest.fixture(scope="module")
def plan() -> Plan:
    suite = {
        "tasks": [TASK],
        "methods": list(SIZES),
        "rewards": ["dense"],
        "data_percents": [100],
        "seeds": [0, 1],
        "baselines": False,
        "diagnostic": "held_out",
    }
    methods = {name: {"module": "dt", "label": name.capitalize()} for name in SIZES}
    config: dict[str, Any] = {"name": "test", "suites": {"size": suite}, "methods": methods}
    return make_plan(config | {"training": {"steps": 9}})


def measured(folder: Path, plan: Plan, losses: dict[str, list[float]]) -> pd.DataFrame:
    """Return scores with these held-out losses of each seed."""
    paths = write_scores(folder, {(TASK, name): [40.0, 44.0] for name in losses})
    for name, values in losses.items():
        for seed, loss in enumerate(values):
            identity = Identity("test", TASK, "dense", 100.0, name, seed)
            empty = {"group": "all", "x": None, "y": None, "spread": None}
            measures = [
                {"measure": "held-out loss", "value": loss, **empty},
                {"measure": "parameters", "value": float(SIZES[name]), **empty},
            ]
            content = RECORD | {"evaluations": [], "measures": measures}
            record.write(folder / identity.folder(), identity, name="held_out.json", **content)
            paths.append(folder / identity.folder() / "held_out.json")
    return collect(paths, plan)


def test_a_power_law_is_found_exactly() -> None:
    sizes = np.array([1e3, 1e4, 1e5])
    a, b, r2 = scaling.power_law(sizes, 2.0 * sizes**-0.25)
    assert (a, b, r2) == pytest.approx((2.0, 0.25, 1.0))
    assert all(math.isnan(value) for value in scaling.power_law(sizes[:2], [1.0, 2.0]))
    assert math.isnan(scaling.power_law(sizes, [1.0, 1.0, 1.0])[2])
    assert scaling.spell_law(math.nan, math.nan, math.nan) == "too few sizes"


def test_rows_are_in_the_order_of_sizes(tmp_path: Path, plan: Plan) -> None:
    losses = {"large": [0.02, 0.02], "small": [0.08, 0.08], "middle": [0.04, 0.04]}
    artifact = scaling.make(measured(tmp_path, plan, losses), "test")
    assert [row[2:4] for row in artifact.body] == [
        ["Small", "1,000"],
        ["Middle", "10,000"],
        ["Large", "100,000"],
    ]
    assert artifact.body[0][5].startswith("0.0800")
    assert artifact.body[0][6].startswith("42.0 [")
    # the loss halves with each factor of ten: b = log10(2)
    assert "b = 0.301, R² = 1.00" in artifact.notes[-1]
    write_artifact(artifact, [tmp_path / "scaling.svg"])
    drawn = (tmp_path / "scaling.svg").read_text()
    for label in ("held-out loss", "parameters", "normalised score", "Hopper Medium"):
        assert label in drawn


def test_without_the_diagnostic_it_says_what_to_write(tmp_path: Path, plan: Plan) -> None:
    scores = measured(tmp_path, plan, {"small": [0.1, 0.1]})
    with pytest.raises(ValueError, match="diagnostic: held_out"):
        scaling.make(scores[scores["kind"] == "score"], "test")


def test_a_part_of_the_data_has_rows_of_its_own(tmp_path: Path, plan: Plan) -> None:
    """Losses 0.1 on all of the data and 0.3 on a tenth of it; scores 42 and 22."""
    whole = measured(tmp_path, plan, {"small": [0.1, 0.1]})
    tenth = whole.assign(
        data_percent=10.0, value=whole["value"].where(whole["value"] > 1, 0.3), score=22.0
    )
    artifact = scaling.make(pd.concat([whole, tenth], ignore_index=True), "test")
    numbers = artifact.numbers.set_index("method")
    assert numbers["loss"].to_dict() == pytest.approx(
        {"Small": 0.1, "Small, 10 % of the data": 0.3}
    )
    assert numbers["score"].tolist() == pytest.approx([42, 22])
    assert numbers["runs"].tolist() == [2, 2]


def test_loss_of_each_seed_counts(tmp_path: Path, plan: Plan) -> None:
    """Losses 0.08 and 0.16: mean 0.12 and standard error 0.04, so 1/3 on the logarithm; t of one degree of freedom."""
    artifact = scaling.make(measured(tmp_path, plan, {"small": [0.08, 0.16]}), "test")
    [row] = artifact.numbers.to_dict("records")
    assert (row["loss"], row["runs"]) == (pytest.approx(0.12), 2)
    assert row["loss_high"] == pytest.approx(0.12 * math.exp(12.7062047 / 3))


def test_sizes_are_in_order_whatever_the_order_of_the_config(tmp_path: Path, plan: Plan) -> None:
    losses = {"small": [0.08, 0.08], "middle": [0.04, 0.04], "large": [0.02, 0.02]}
    scores = measured(tmp_path, plan, losses)
    artifact = scaling.make(scores.assign(position=-scores["position"]), "test")
    assert [row[2] for row in artifact.body] == ["Small", "Middle", "Large"]


def test_losses_are_labelled_with_plain_numbers(tmp_path: Path, plan: Plan) -> None:
    losses = {"small": [0.2, 0.2], "middle": [0.1, 0.1], "large": [0.05, 0.05]}
    scaling.make(measured(tmp_path, plan, losses), "test").draw([tmp_path / "a.svg"])  # type: ignore[misc]
    picture = (tmp_path / "a.svg").read_text()
    assert all(f">{label}</text>" in picture for label in ("0.05", "0.1", "0.2"))


def test_each_part_of_the_data_has_a_power_law_of_its_own(tmp_path: Path, plan: Plan) -> None:
    """The loss halves with each factor of ten on all of the data: b = log10(2). On a tenth of it nothing changes."""
    losses = {"small": [0.08, 0.08], "middle": [0.04, 0.04], "large": [0.02, 0.02]}
    whole = measured(tmp_path, plan, losses)
    flat = whole["value"].where(whole["measure"] != "held-out loss", 0.5)
    tenth = whole.assign(data_percent=10.0, value=flat)
    artifact = scaling.make(pd.concat([whole, tenth], ignore_index=True), "test")
    assert "Hopper Medium: a = 0.64, b = 0.301, R² = 1.00; " in artifact.notes[-1]
    assert "Hopper Medium, 10 % of the data: a = 0.5, b = 0.000" in artifact.notes[-1].replace(
        "-0", "0"
    )
    write_artifact(artifact, [tmp_path / "scaling.svg"])
    assert "Hopper Medium, 10 % of the data" in (tmp_path / "scaling.svg").read_text()


def test_there_may_be_more_data_sets_than_colours(tmp_path: Path, plan: Plan) -> None:
    scores = measured(tmp_path, plan, {"small": [0.1, 0.1]})
    tasks = [
        f"{body}-{kind}"
        for body in ("hopper", "walker2d", "halfcheetah", "reacher2d")
        for kind in KINDS
    ]
    many = pd.concat([scores.assign(task=task) for task in tasks], ignore_index=True)
    artifact = scaling.make(many, "test")
    assert len(artifact.body) == 12
    write_artifact(artifact, [tmp_path / "scaling.svg"])
    assert "Reacher Medium-Expert" in (tmp_path / "scaling.svg").read_text()
