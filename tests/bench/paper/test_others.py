"""What other implementations publish, checked against itself."""

from __future__ import annotations

import statistics
from collections import Counter

import numpy as np
import pytest

from bench.paper import (
    peers,
    peers_of,
    seeds_of,
)
from bench.tasks.registry import TASKS
from tests.helpers.quoted import GYM, KINDS

D4RL_TASKS = {f"{domain}-{kind}" for domain in GYM for kind in KINDS}


def test_how_many_scores_each_implementation_has() -> None:
    assert Counter((cell.source, cell.method, cell.rule) for cell in peers()) == {
        **{("CORL", m, "last"): 9 for m in ("DT", "CQL", "BC", "10%BC")},
        **{("CORL", m, "best of the evaluations"): 9 for m in ("DT", "CQL", "BC", "10%BC")},
        ("d3rlpy", "DT", "last"): 9,
        ("d3rlpy", "DT", "best of the evaluations"): 9,
        ("JAX-CORL", "DT", "last"): 6,
        ("JAX-CORL", "CQL", "last"): 6,
        ("OfflineRL-Kit", "CQL", "mean of the last 10 evaluations"): 9,
        ("min-DT", "DT", "last"): 3,
        ("min-DT", "DT", "best of the evaluations"): 3,
        ("min-DT", "DT", "mean of the last 10 evaluations"): 3,
    }


def test_known_scores_of_others() -> None:
    last = {
        cell.source: cell for cell in peers_of("hopper-medium-replay", "DT") if cell.rule == "last"
    }
    assert set(last) == {"CORL", "d3rlpy"}
    assert (last["CORL"].mean, last["CORL"].std, last["CORL"].seeds) == (81.77, 6.87, 4)
    assert (last["d3rlpy"].mean, last["d3rlpy"].std, last["d3rlpy"].seeds) == (79.6, 6.9, 10)
    assert last["CORL"].citation == "CORL README at eeeeef2"
    assert str(last["CORL"]) == "81.8 ± 6.9"
    cql = {c.source: c.mean for c in peers_of("walker2d-medium-replay", "CQL") if c.ranked}
    assert cql == {"CORL": 73.09, "OfflineRL-Kit": 71.3}
    dt = {c.source: str(c) for c in peers_of("halfcheetah-medium-expert", "DT") if c.ranked}
    assert dt == {"CORL": "91.5 ± 0.9", "d3rlpy": "56.5 ± 9.2", "JAX-CORL": "70.6 ± 14.7"}
    assert peers_of("reacher2d-medium", "DT") == []


@pytest.mark.parametrize(
    ("method", "last", "best"),
    [("BC", 50.4, 70.2), ("10%BC", 69.3, 80.7), ("CQL", 78.3, 84.7), ("DT", 73.8, 77.5)],
)
def test_corls_averages_are_those_of_its_readme(method: str, last: float, best: float) -> None:
    for rule, printed_mean in (("last", last), ("best of the evaluations", best)):
        means = [
            cell.mean
            for cell in peers()
            if (cell.source, cell.method, cell.rule) == ("CORL", method, rule)
        ]
        assert statistics.fmean(means) == pytest.approx(printed_mean, abs=0.051)


def test_only_v2_data_are_quoted() -> None:
    assert {cell.task for cell in peers()} == D4RL_TASKS
    assert set(TASKS) >= D4RL_TASKS
    # d3rlpy publishes CQL on -v0 only, and the official CQL is -v0 too
    assert {cell.source for cell in peers() if cell.method == "CQL"} == {
        "CORL",
        "JAX-CORL",
        "OfflineRL-Kit",
    }
    assert not [cell for cell in peers() if "v0" in cell.citation + cell.note]


def test_the_best_of_many_evaluations_is_never_ranked() -> None:
    for cell in peers():
        assert cell.ranked is ("best" not in cell.rule)
    for task in D4RL_TASKS:
        for method in ("DT", "CQL", "BC", "10%BC"):
            by_rule = {c.rule: c.mean for c in peers_of(task, method) if c.source == "CORL"}
            assert by_rule["best of the evaluations"] > by_rule["last"]


def test_corls_choice_of_target_is_said() -> None:
    for cell in peers():
        chosen = (cell.source, cell.method) == ("CORL", "DT")
        assert ("highest target return" in cell.note) == chosen


def test_scores_of_seeds_add_up_to_the_published_aggregates() -> None:
    published = [cell for cell in peers() if cell.source in ("d3rlpy", "min-DT")]
    assert len(published) == 27
    for cell in published:
        scores = seeds_of(cell)
        assert len(scores) == cell.seeds
        assert cell.ddof is not None
        # d3rlpy prints one decimal, ours has two; the seeds have three
        half = 0.0501 if cell.source == "d3rlpy" else 0.0051
        assert float(np.mean(scores)) == pytest.approx(cell.mean, abs=half), cell
        assert float(np.std(scores, ddof=cell.ddof)) == pytest.approx(cell.std, abs=half), cell


def test_d3rlpys_spread_is_the_populations() -> None:
    (cell,) = [
        c
        for c in peers_of("walker2d-medium-replay", "DT")
        if c.source == "d3rlpy" and c.rule == "last"
    ]
    assert (round(statistics.pstdev(seeds_of(cell)), 1), cell.std) == (13.2, 13.2)
    assert round(statistics.stdev(seeds_of(cell)), 1) == 13.9


def test_sources_without_seeds_have_none() -> None:
    assert [c for c in peers() if c.source not in ("d3rlpy", "min-DT") and seeds_of(c)] == []
