"""Evaluation of 20 Hopper episodes: all at once beside one at a time, as the paper's code does it."""

import numpy as np
import pytest

from bench.networks import set_arrays
from bench.protocol import evaluate
from bench.tasks import task_by_name
from dt.method import Config, DecisionTransformerPolicy, _build

EPISODES = 20


@pytest.fixture(scope="module")
def policy():
    """A DT of the paper's size that keeps Hopper standing still for a while: its actions are small."""
    model = _build(Config(), 11, 3, 1000, "cpu")
    arrays = {k: v.detach().numpy() for k, v in model.state_dict().items()}
    arrays["predict_action.weight"] = arrays["predict_action.weight"] * 0
    arrays["predict_action.bias"] = arrays["predict_action.bias"] * 0
    set_arrays(model, arrays)
    return DecisionTransformerPolicy(
        model,
        Config(),
        mean=np.zeros(11, dtype=np.float32),
        std=np.ones(11, dtype=np.float32),
        horizon=1000,
        return_scale=1000.0,
        device="cpu",
    )


@pytest.mark.benchmark(group=f"evaluation of {EPISODES} Hopper episodes")
@pytest.mark.parametrize("lanes", [EPISODES, 1], ids=["all at once", "one at a time"])
def test_evaluation(benchmark, policy, lanes):
    def run():
        return evaluate(
            policy,
            task_by_name("hopper-medium"),
            method="dt",
            episodes=EPISODES,
            targets=[3600.0],
            lanes=lanes,
        )

    [outcome] = benchmark.pedantic(run, rounds=3, warmup_rounds=1)
    assert len(outcome.returns) == EPISODES
