"""The registry of tasks: which there are, their families, and tasks that were imported."""

from __future__ import annotations

import pytest

from bench.tasks.registry import DOMAINS, TASKS


def test_reference_scores_of_d4rl() -> None:
    # Farama-Foundation/D4RL d4rl/infos.py
    assert DOMAINS["hopper"].reference_min == -20.272305
    assert DOMAINS["hopper"].reference_max == 3234.3


@pytest.mark.parametrize("name", DOMAINS)
def test_the_random_policy_scores_0_and_the_expert_100(name: str) -> None:
    domain = DOMAINS[name]
    low, high = domain.reference_min, domain.reference_max
    assert domain.normalised(low) == 0
    assert domain.normalised(high) == 100
    assert domain.normalised((low + high) / 2) == pytest.approx(50)
    assert domain.normalised(low - (high - low)) == pytest.approx(-100)


@pytest.mark.parametrize("name", DOMAINS)
def test_a_spread_is_scaled_and_never_shifted(name: str) -> None:
    domain = DOMAINS[name]
    assert domain.normalised_spread(0) == 0
    assert domain.normalised_spread(domain.reference_max - domain.reference_min) == 100
    between = domain.normalised(700.0) - domain.normalised(500.0)
    assert domain.normalised_spread(200.0) == pytest.approx(between)


def test_tasks_are_environments_times_kinds_of_data() -> None:
    assert [name for name in TASKS if name.startswith("hopper")] == [
        "hopper-medium-expert",
        "hopper-medium",
        "hopper-medium-replay",
    ]
    assert all(TASKS[name].name == name for name in TASKS)
