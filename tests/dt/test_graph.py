"""The graph model: its prior, its tokens, what it learns, and how it acts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from bench.behaviours.random_walks import walks
from bench.datasets.build import from_arrays
from bench.datasets.trajectories import Trajectories
from bench.environments.graph import HORIZON, Graph, distances, random_graph
from bench.methods.contract import BadMethod
from bench.methods.loader import load_method
from bench.runs.diagnostics.paths import roll_out
from dt.graph import (
    Config,
    GraphPolicy,
    GraphTransformer,
    log_prior,
    return_tokens,
    train,
)
from tests.helpers.discrete import short_context

SMALL = Config(width=16, layers=1, batch_size=32)
NUM_ENVS = 6


def ring() -> Graph:
    """Return six nodes around which edges lead both ways; the goal is 0."""
    adjacency = np.zeros((6, 6), dtype=np.bool_)
    for node in range(6):
        adjacency[node, (node + 1) % 6] = adjacency[node, (node - 1) % 6] = True
    return Graph(adjacency, 0)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Small matrices are slower on several threads, much so where cores are shared."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def data() -> Trajectories:
    return walks(ring(), 100, seed=0)


@pytest.fixture(scope="module")
def policy(data: Trajectories, one_thread: None) -> GraphPolicy:
    return train(data, SMALL, short_context(HORIZON, 400))


def with_config(policy: GraphPolicy, **changes: Any) -> GraphPolicy:
    return GraphPolicy(policy.model, replace(policy.config, **changes), policy.device)


def generated(policy: GraphPolicy, seeds: list[int], nodes: list[int]) -> Any:
    """Return returns and actions, (steps, 2, num_envs), on the ring from these nodes."""
    policy.reset(np.array(seeds), np.zeros(len(seeds), dtype=np.float32))
    found, current = [], np.array(nodes)
    for _ in range(HORIZON):
        returns, actions = policy.generate(current)
        found.append([returns, actions])
        current = np.where(ring().adjacency[current, actions], actions, current)
    return np.array(found)


# --- prior and tokens ---------------------------------------------------------------------------


def test_the_prior_by_hand() -> None:
    # T = 3: 1, 2 and 3 steps are 3 : 2 : 1, to the power of 10
    np.testing.assert_allclose(np.exp(log_prior(3, 10)), [59049, 1024, 1], rtol=1e-5)
    np.testing.assert_allclose(np.exp(log_prior(3, 0)), [1, 1, 1])


def test_the_prior_weighs_what_the_model_says(policy: GraphPolicy) -> None:
    logits = np.log(np.array([[0.001, 0.2, 0.3, 0.499]], dtype=np.float32))
    three = GraphPolicy(GraphTransformer(2, 3, SMALL), SMALL, "cpu")
    weighed = np.exp(three._with_prior(logits + 7).astype(np.float64))[0]
    np.testing.assert_allclose(weighed, [59.049, 204.8, 0.3], rtol=1e-4)


def test_a_bound_takes_out_what_is_unlikely_but_never_everything() -> None:
    logits = np.log(np.array([[0.001, 0.2, 0.3, 0.499], [1e-6, 2e-6, 1e-7, 1]], dtype=np.float32))
    bounded = replace(SMALL, least_probability=0.25)
    three = GraphPolicy(GraphTransformer(2, 3, bounded), bounded, "cpu")
    weighed_logits = three._with_prior(logits)
    assert weighed_logits.argmax(axis=1).tolist() == [2, 1]
    assert (weighed_logits > np.finfo(np.float32).min).sum(axis=1).tolist() == [1, 1]


def test_a_miss_is_never_asked_for_even_if_nothing_else_is_likely() -> None:
    certain = np.array([[0, 0, 0, 200]], dtype=np.float32)
    three = GraphPolicy(GraphTransformer(2, 3, SMALL), SMALL, "cpu")
    weighed_logits = three._with_prior(certain)
    assert weighed_logits.shape == (1, 3)
    assert np.isfinite(weighed_logits).all()
    assert weighed_logits.argmax() == 0


def test_return_tokens_by_hand() -> None:
    ends = np.array([[0, 0, 1, 0, 0], [0, 0, 0, 0, 1]], dtype=np.bool_)
    data = from_arrays(
        np.zeros((5, 1), dtype=np.uint8),
        np.zeros(5, dtype=np.int64),
        np.full(5, -1, dtype=np.float32),
        *ends,
        action_range=(0, 1),
        discrete=True,
    )
    assert return_tokens(data, 10).tolist() == [2, 1, 0, 10, 10]


# --- the network --------------------------------------------------------------------------------


def test_nothing_looks_ahead() -> None:
    torch.manual_seed(0)
    model = GraphTransformer(6, 5, SMALL).eval()
    states, actions = torch.randint(6, (2, 1, 5))
    returns = torch.randint(6, (1, 5))
    with torch.inference_mode():
        of_returns, of_actions = model(states, returns, actions)
        for step in range(5):
            for kind in range(3):
                changed = [states.clone(), returns.clone(), actions.clone()]
                changed[kind][:, step] = (changed[kind][:, step] + 1) % 6
                new_returns, new_actions = model(*changed)
                same_returns = (new_returns == of_returns).all(dim=2)[0]
                same_actions = (new_actions == of_actions).all(dim=2)[0]
                # a state is seen by its own return; a return by its own action, not by itself
                first_return = step if kind == 0 else step + 1
                first_action = step + 1 if kind == 2 else step
                assert same_returns.tolist() == [t < first_return for t in range(5)]
                assert same_actions.tolist() == [t < first_action for t in range(5)]


# --- learning -----------------------------------------------------------------------------------


def test_it_learns_the_ring(policy: GraphPolicy) -> None:
    starts = np.arange(1, 6)
    found = roll_out(policy, ring(), starts, seed=0)
    assert found.arrived.all()
    assert found.steps.tolist() == distances(ring())[starts].tolist() == [1, 2, 3, 2, 1]
    for path in range(5):
        steps = found.steps[path]
        assert found.target_steps[path, :steps].tolist() == list(range(steps, 0, -1))


def test_the_losses_begin_at_those_of_a_guess_and_fall(data: Trajectories) -> None:
    context = short_context(HORIZON, 60)
    train(data, SMALL, context)
    guess = math.log(HORIZON + 1) + math.log(6)
    assert guess - 0.5 < context.losses[0]["loss"] < guess + 0.1
    assert context.losses[-1]["loss"] < 0.8 * context.losses[0]["loss"]


def test_a_window_of_a_walk_ends_with_it(data: Trajectories) -> None:
    # walks of one step that arrive: any leak into the next walk would show as a longer return
    ends = np.ones(40, dtype=np.bool_)
    starts = np.tile([[1], [5]], (20, 1)).astype(np.uint8)
    short = from_arrays(
        starts,
        np.zeros(40, dtype=np.int64),
        np.full(40, -1, dtype=np.float32),
        ends,
        ~ends,
        action_range=(0, 5),
        discrete=True,
    )
    context = short_context(HORIZON, 150)
    train(short, SMALL, context)
    assert context.losses[-1]["loss"] < 0.05


# --- acting -------------------------------------------------------------------------------------


@pytest.mark.parametrize("temperature", [0.0, 1.0, 3.0])
def test_an_env_does_what_it_does_alone(policy: GraphPolicy, temperature: float) -> None:
    warm = with_config(policy, temperature=temperature)
    seeds, nodes = list(range(20, 20 + NUM_ENVS)), [1, 2, 3, 3, 4, 5]
    together = generated(warm, seeds, nodes)
    for env in range(NUM_ENVS):
        alone = generated(warm, seeds[env : env + 1], nodes[env : env + 1])
        assert (alone[:, :, 0] == together[:, :, env]).all()
    assert (generated(warm, seeds[::-1], nodes[::-1]) == together[:, :, ::-1]).all()


def test_draws_differ_by_seed_and_the_likeliest_do_not(policy: GraphPolicy) -> None:
    for temperature, different in ((0.0, False), (3.0, True)):
        found = generated(with_config(policy, temperature=temperature), list(range(30)), [3] * 30)
        assert (found != found[:, :, :1]).any() == different


def test_act_is_what_generate_does(policy: GraphPolicy) -> None:
    nodes, rewards = np.array([[3], [4]], dtype=np.uint8), np.zeros(2, dtype=np.float32)
    policy.reset(np.array([1, 2]), rewards)
    actions = policy.act(nodes, rewards)
    assert actions.dtype == np.int64
    assert (actions == generated(policy, [1, 2], [3, 4])[0, 1]).all()


def test_a_walk_longer_than_the_horizon_is_refused(policy: GraphPolicy) -> None:
    policy.reset(np.array([1]), np.zeros(1, dtype=np.float32))
    for _ in range(HORIZON):
        policy.generate(np.array([3]))
    with pytest.raises(ValueError, match="more than 10 steps"):
        policy.generate(np.array([3]))


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 10, "heads": 3}, "width 10 is not divisible by heads 3"),
        ({"layers": 0}, "layers must be at least 1, not 0"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"temperature": -1.0}, "temperature must not be negative"),
        ({"least_probability": 1.0}, "least_probability must be at least 0 and below 1"),
    ],
)
def test_hyperparameters_without_meaning_are_refused(options: Any, message: str) -> None:
    with pytest.raises(BadMethod, match=f"method dt_graph: {message}"):
        load_method("dt_graph").configure(options)


def test_data_that_are_not_walks_are_refused(data: Trajectories, toy: Trajectories) -> None:
    context = short_context(HORIZON, 5)
    with pytest.raises(ValueError, match=r"learns from walks: observations \(N, 1\)"):
        train(toy, SMALL, context)
    with pytest.raises(ValueError, match="every reward must be -1"):
        train(replace(data, rewards=np.zeros_like(data.rewards)), SMALL, context)
    with pytest.raises(ValueError, match="observation 5 is not a node: nodes are 0 to 4"):
        train(replace(data, action_high=4.0), SMALL, context)
    with pytest.raises(ValueError, match="a walk of 10 steps; the horizon is 4"):
        train(walks(random_graph(1), 50, seed=0), SMALL, short_context(4, 5))
