"""One CQL training step, compared with d3rlpy's: a batch from its replay buffer and an update, as in its `fit`.

Continuous actions have two sizes, each with the observations and actions of Hopper. "d3rlpy's size" is that of
github.com/takuseno/d3rlpy at v2.8.1, reproductions/offline/cql.py: 3 hidden layers of 256, batches of 256, 10 sampled
actions. "the suite's size" is what scale quick had until its trials: 2 hidden layers of 128, batches of 128, 4 sampled
actions (now 2).
With discrete actions, batch and layers are d3rlpy's, and the sizes are those of Key-to-Door. Our step draws the batch
from the arrays of the data and normalises it. The time is that of the processor, so that other processes disturb less.
"""

import time

import d3rlpy
import numpy as np
import pytest
import torch

from baselines import cql, discrete_cql
from baselines._d3rlpy import update_of, vectors_of
from bench.datasets.build import from_arrays

OBSERVATION, ACTION, CELLS, N_ACTIONS = 11, 3, 75, 4
STEPS, LENGTH = 20_000, 400
SIZES = {  # layers, width, batch size, sampled actions
    "d3rlpy's size": {"layers": 3, "width": 256, "batch_size": 256, "action_samples": 10},
    "the suite's size": {"layers": 2, "width": 128, "batch_size": 128, "action_samples": 4},
}


@pytest.fixture(scope="module")
def arrays():
    """Return observations (N, obs), actions (N, act), rewards (N,), terminals (N,)."""
    generator = np.random.default_rng(0)
    return (
        generator.standard_normal((STEPS, OBSERVATION), dtype=np.float32),
        generator.uniform(-1, 1, (STEPS, ACTION)).astype(np.float32),
        generator.uniform(0, 3, STEPS).astype(np.float32),
        (np.arange(STEPS) + 1) % LENGTH == 0,
    )


@pytest.fixture(scope="module")
def discrete_arrays(arrays):
    """Return observations (N, cells), actions (N,), rewards (N,), terminals (N,)."""
    generator = np.random.default_rng(0)
    return (
        generator.integers(0, 2, (STEPS, CELLS)).astype(np.float32),
        generator.integers(0, N_ACTIONS, STEPS),
        *arrays[2:],
    )


def ours(arrays, precision, size):
    """Return our step. Actions (N,) are discrete."""
    discrete = arrays[1].ndim == 1
    module = discrete_cql if discrete else cql
    config = module.Config(precision=precision, **({} if discrete else size))
    kinds = {"action_range": (0, N_ACTIONS - 1), "discrete": True} if discrete else {}
    data = from_arrays(*arrays, timeouts=np.zeros(STEPS, dtype=bool), **kinds)
    sizes = (CELLS, N_ACTIONS) if discrete else (OBSERVATION, ACTION)
    update = update_of(
        module._create(config, *sizes, "cpu"),
        data,
        *vectors_of(data),
        batch_size=config.batch_size,
        loss="loss" if discrete else "critic_loss",
    )
    generator = np.random.default_rng(1)
    return lambda: update(1, generator)


def theirs(arrays, size):
    """Return d3rlpy's step, as a user of d3rlpy would write it."""
    encoder = d3rlpy.models.encoders.VectorEncoderFactory([size["width"]] * size["layers"])
    observations, actions, rewards, terminals = arrays
    batch_size = size["batch_size"]
    if actions.ndim == 1:
        config = d3rlpy.algos.DiscreteCQLConfig(
            batch_size=batch_size, learning_rate=3e-4, encoder_factory=encoder
        )
    else:
        config = d3rlpy.algos.CQLConfig(
            batch_size=batch_size,
            n_action_samples=size["action_samples"],
            alpha_learning_rate=0.0,
            actor_encoder_factory=encoder,
            critic_encoder_factory=encoder,
        )
    algorithm = config.create(device="cpu:0")
    dataset = d3rlpy.dataset.MDPDataset(
        observations, actions, rewards, terminals.astype(np.float32)
    )
    algorithm.build_with_dataset(dataset)
    return lambda: algorithm.update(dataset.sample_transition_batch(batch_size))


def step_of(subject, arrays, size="d3rlpy's size"):
    torch.manual_seed(0)
    whose, precision = subject.split()
    return ours(arrays, precision, SIZES[size]) if whose == "ours" else theirs(arrays, SIZES[size])


@pytest.mark.benchmark(group="CQL training step, d3rlpy's size", timer=time.thread_time)
@pytest.mark.parametrize("subject", ["ours float32", "ours bfloat16", "d3rlpy float32"])
def test_cql_step(benchmark, arrays, subject):
    benchmark.pedantic(step_of(subject, arrays), rounds=30, warmup_rounds=5)


@pytest.mark.benchmark(group="CQL training step, the suite's size", timer=time.thread_time)
@pytest.mark.parametrize("subject", ["ours float32", "ours bfloat16", "d3rlpy float32"])
def test_small_cql_step(benchmark, arrays, subject):
    benchmark.pedantic(step_of(subject, arrays, "the suite's size"), rounds=200, warmup_rounds=20)


@pytest.mark.benchmark(group="discrete CQL training step", timer=time.thread_time)
@pytest.mark.parametrize("subject", ["ours float32", "ours bfloat16", "d3rlpy float32"])
def test_discrete_cql_step(benchmark, discrete_arrays, subject):
    benchmark.pedantic(step_of(subject, discrete_arrays), rounds=100, warmup_rounds=10)
