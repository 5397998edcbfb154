"""One training step of DT on images, compared with d3rlpy's; and its parts: the sampling of a batch, and the
convolutions. Also one training step of CQL on images.

The network is that of Table 8 (p.18): 6 layers, 8 heads, width 128, K = 30, dropout 0.1, four frames of 84 x 84
pixels. The batch has 32 windows, a quarter of the table's batch, so that a step is short. d3rlpy samples from its
replay buffer, as its `fit` does. It has no bfloat16.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

from baselines import cql_atari
from baselines._d3rlpy import update_of
from bench.datasets.build import from_arrays
from bench.methods.optimisers import AdamW, flatten
from bench.methods.training import descend
from dt.atari.config import Config
from dt.atari.method import build, decayed_and_others, loss_of
from dt.atari.windows import AtariWindows

BATCH, K, STEPS, LENGTH, N_ACTIONS, SEEN = 32, 30, 2000, 400, 4, (4, 84, 84)


@pytest.fixture(scope="module")
def data():
    generator = np.random.default_rng(0)
    ends = (np.arange(STEPS) + 1) % LENGTH == 0
    return from_arrays(
        generator.integers(0, 256, (STEPS, 84, 84), dtype=np.uint8),
        generator.integers(0, N_ACTIONS, STEPS),
        generator.integers(-1, 2, STEPS).astype(np.float32),
        terminals=ends,
        timeouts=np.zeros(STEPS, dtype=bool),
        action_range=(0, N_ACTIONS - 1),
        discrete=True,
        stack=4,
    )


def ours(data, precision):
    """Return the step of `dt.atari.method.train`, with the defaults of its Config except the batch size."""
    config = Config(precision=precision, batch_size=BATCH)
    model = build(config, N_ACTIONS, SEEN, LENGTH, "cpu")
    groups = zip(decayed_and_others(model), (0.1, 0.0), strict=True)
    optimiser = AdamW(
        [{"params": [flatten(group)], "weight_decay": decay} for group, decay in groups],
        lr=6e-4,
        betas=(0.9, 0.95),
        fused=True,
    )
    loss = loss_of(model, AtariWindows(data, K, 1.0, "cpu"), config, "cpu")
    update = descend(loss, model, optimiser, gradient_clip=1.0, flat=True)
    generator = np.random.default_rng(1)
    return lambda: update(1, generator)


def sampling(data):
    windows, generator = AtariWindows(data, K, 1.0, "cpu"), np.random.default_rng(1)
    return lambda: windows.sample(BATCH, generator)


def convolutions(data):
    """Return the forward and the backward pass of the convolutions in bfloat16."""
    batch = AtariWindows(data, K, 1.0, "cpu").sample(BATCH, np.random.default_rng(1))
    model = build(Config(), N_ACTIONS, SEEN, LENGTH, "cpu")

    def step():
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = model.see(batch.frames)
        states.float().sum().backward()

    return step


def d3rlpy(data):
    """Return d3rlpy's step (github.com/takuseno/d3rlpy at v2.8.1,
    reproductions/offline/discrete_decision_transformer.py).
    """
    import d3rlpy as library

    algorithm = library.algos.DiscreteDecisionTransformerConfig(
        batch_size=BATCH,
        context_size=K,
        encoder_factory=library.models.PixelEncoderFactory(
            feature_size=128, exclude_last_activation=True
        ),
        observation_scaler=library.preprocessing.PixelObservationScaler(),
        max_timestep=LENGTH,
    ).create(device="cpu:0")
    dataset = library.dataset.MDPDataset(
        data.observations[:, None],
        data.actions,
        data.rewards,
        data.terminals.astype(np.float32),
        transition_picker=library.dataset.FrameStackTransitionPicker(4),
        trajectory_slicer=library.dataset.FrameStackTrajectorySlicer(4),
    )
    algorithm.create_impl(SEEN, N_ACTIONS)
    return lambda: algorithm.update(dataset.sample_trajectory_batch(BATCH, length=K))


SUBJECTS = {
    "ours bfloat16": lambda data: ours(data, "bfloat16"),
    "ours float32": lambda data: ours(data, "float32"),
    "ours, sampling alone": sampling,
    "ours, convolutions alone, bfloat16": convolutions,
    "d3rlpy float32": d3rlpy,
}


@pytest.mark.benchmark(group="DT training step on images, Table 8's network, batch of 32")
@pytest.mark.parametrize("subject", SUBJECTS)
def test_atari_step(benchmark, data, subject):
    torch.manual_seed(0)
    benchmark.pedantic(SUBJECTS[subject](data), rounds=5, warmup_rounds=1)


PUBLISHED = cql_atari.Config()
CQL = {
    "ours bfloat16": replace(PUBLISHED, precision="bfloat16"),
    "ours float32": PUBLISHED,
    "ours bfloat16, no quantiles": replace(PUBLISHED, precision="bfloat16", quantiles=0),
}


@pytest.mark.benchmark(group="CQL training step on images, d3rlpy's settings")
@pytest.mark.parametrize("subject", [*CQL, "d3rlpy float32"])
def test_atari_cql_step(benchmark, data, subject):
    """d3rlpy's algorithm has a config written by hand, and gets the same batches as ours."""
    torch.manual_seed(0)
    config = CQL.get(subject, PUBLISHED)
    if subject in CQL:
        algorithm = cql_atari._create(config, SEEN, N_ACTIONS, "cpu")
    else:
        import d3rlpy as library

        algorithm = library.algos.DiscreteCQLConfig(
            learning_rate=5e-5,
            optim_factory=library.optimizers.AdamFactory(eps=1e-2 / 32),
            batch_size=32,
            alpha=4.0,
            q_func_factory=library.models.q_functions.QRQFunctionFactory(n_quantiles=200),
            observation_scaler=library.preprocessing.PixelObservationScaler(),
            target_update_interval=2000,
        ).create(device="cpu:0")
        algorithm.create_impl(SEEN, N_ACTIONS)
    transitions = cql_atari.stacks_of(data, config.standardise_frames)
    update = update_of(algorithm, data, *transitions, batch_size=config.batch_size, loss="loss")
    generator = np.random.default_rng(1)
    benchmark.pedantic(lambda: update(1, generator), rounds=30, warmup_rounds=3)
