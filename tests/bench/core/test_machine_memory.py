"""Data sets stay on disk, mapped: a run holds no copy of them."""

from __future__ import annotations

import tracemalloc

import pytest

from bench.datasets import storage
from bench.datasets.trajectories import Trajectories
from bench.methods.loader import load_method
from bench.tasks.registry import task_by_name
from tests.helpers.dt import make_context, make_data

EPISODES, LENGTH = 200, 1000


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Trajectories:
    """200,000 steps of Hopper's shape on disk: 12 MB."""
    folder = tmp_path_factory.mktemp("mapped")
    storage.save(make_data((LENGTH,) * EPISODES, 11, 3), folder, {"source": "hand"})
    return storage.load(folder)


def size(data: Trajectories) -> int:
    return data.observations.nbytes + data.actions.nbytes + data.rewards.nbytes


@pytest.mark.parametrize("name", ["dt", "bc", "percent_bc", "cql", "behaviour", "uniform"])
def test_training_copies_no_data(name: str, mapped: Trajectories) -> None:
    """DT keeps a return-to-go a step and %BC its tenth; more would be a copy of the data."""
    method = load_method(name)
    method.train(make_data((9, 9), 11, 3), method.config(), make_context(steps=1))  # imports
    context = make_context(steps=2, task=task_by_name("hopper-medium"))
    tracemalloc.start()
    try:
        method.train(mapped, method.config(), context)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.5 * size(mapped), f"{peak / size(mapped):.2f} of the data set"


def test_a_copy_would_be_noticed(mapped: Trajectories) -> None:
    tracemalloc.start()
    try:
        copy = mapped.observations - mapped.observation_mean
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert copy.shape == mapped.observations.shape
    assert peak > 0.5 * size(mapped)
