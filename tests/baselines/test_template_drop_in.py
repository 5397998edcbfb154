"""Methods dropped into the baselines folder of a checkout, and what the battery says of them."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import gymnasium
import pytest

from bench.environments.vector import VectorEnv, make
from tests.helpers.contract import no_environment
from tests.helpers.pipeline import checkout, clean

# TD3+BC by d3rlpy, which imports gymnasium: everything a method needs, and no other file
TD3_BC = '''
"""TD3+BC (Fujimoto and Gu 2021), d3rlpy's implementation."""

from dataclasses import dataclass

import d3rlpy
import numpy as np
import torch
from d3rlpy.dataset import TransitionMiniBatch

from bench.methods.networks import arrays_of, set_arrays
from bench.methods.policy_file import below, read_tensors, write_tensors


@dataclass(frozen=True)
class Config:
    width: int = 32
    batch_size: int = 32
    alpha: float = 2.5  # weight of the value beside behaviour cloning


class Policy:
    def __init__(self, algorithm, sizes, width):
        self.algorithm, self.sizes, self.width = algorithm, sizes, width

    def reset(self, seeds, targets):
        pass

    def act(self, observations, rewards):
        return self.algorithm.predict(observations)

    def save(self, path):
        tensors = arrays_of(self.algorithm.impl.policy, "policy.")
        write_tensors(path, tensors, method="td3_bc", sizes=self.sizes, width=self.width)


def create(sizes, width, device, **options):
    encoder = d3rlpy.models.VectorEncoderFactory([width, width])
    config = d3rlpy.algos.TD3PlusBCConfig(
        actor_encoder_factory=encoder, critic_encoder_factory=encoder, **options
    )
    algorithm = config.create(device="cpu:0" if device == "cpu" else device)
    algorithm.create_impl((sizes[0],), sizes[1])
    return algorithm


def train(data, config, context):
    if data.discrete:
        raise ValueError("td3_bc learns continuous actions: use discrete_cql for discrete ones")
    usable = np.flatnonzero(~data.timeouts & (np.arange(data.steps) < data.steps - 1))
    generator = context.generator("batches")
    sizes = [data.observations.shape[1], data.actions.shape[1]]
    with context.torch_random():
        algorithm = create(
            sizes, config.width, context.device, batch_size=config.batch_size, alpha=config.alpha
        )
        for step in range(1, context.steps + 1):
            now = usable[generator.integers(len(usable), size=config.batch_size)]
            batch = TransitionMiniBatch(
                observations=data.observations[now],
                actions=data.actions[now],
                rewards=data.rewards[now][:, None],
                next_observations=data.observations[now + 1],
                next_actions=data.actions[now + 1],
                terminals=data.terminals[now][:, None].astype(np.float32),
                intervals=np.ones((config.batch_size, 1), dtype=np.float32),
                transitions=[],
            )
            context.log(step, loss=algorithm.update(batch)["critic_loss"])
    return Policy(algorithm, sizes, config.width)


def load(path, device):
    tensors, about = read_tensors(path, method="td3_bc")
    with torch.random.fork_rng(devices=[]):
        algorithm = create(about["sizes"], about["width"], device)
    set_arrays(algorithm.impl.policy, below("policy.", tensors))
    return Policy(algorithm, about["sizes"], about["width"])
'''
# each does one thing that the contract forbids: what it replaces in baselines/_template.py, and by what
LEARNS = "    x, y = _with_one"
GUARD = "if data.discrete or data.stack > 1:"
FORBIDDEN: dict[str, tuple[str, str, str, str]] = {
    "careless": (
        LEARNS,
        "    np.random.permutation(3)\n" + LEARNS,
        "test_global_random_state_is_left_alone",
        "NumPy's global generator was used: draw in train from context.generator",
    ),
    "cheating": (
        LEARNS,
        "    import gymnasium\n\n    gymnasium.make('Hopper-v4')\n" + LEARNS,
        "test_training_sees_no_environment",
        "train used an environment: gymnasium.make",
    ),
    "unguarded": (
        GUARD,
        "if False:",
        "test_it_learns_from_data_or_refuses_them",
        "where a method cannot learn from data of some kind, its train raises a ValueError",
    ),
    "nothing": (
        GUARD,
        "if True:",
        "test_it_learns_from_data_or_refuses_them",
        "nothing refuses every kind of data",
    ),
    "forgetful": (
        "method=__name__)\n\n\ndef train",
        "method=__name__, when=__import__('time').time_ns())\n\n\ndef train",
        "test_saving_again_gives_the_same_bytes",
        "assert 12 == 1",
    ),
}
BREAK_ONE_RULE = ("careless", "cheating")  # the others fail further tests as well


@pytest.fixture(scope="module")
def battery(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what the battery says of all these methods in a checkout: one process, as a start takes
    long.
    """
    folder = checkout(tmp_path_factory.mktemp("dropped") / "clone")
    (folder / "baselines" / "td3_bc.py").write_text(TD3_BC)
    template = (folder / "baselines" / "_template.py").read_text()
    for name, (before, after, _, _) in FORBIDDEN.items():
        assert template.count(before) == 1, before
        (folder / "baselines" / f"{name}.py").write_text(template.replace(before, after))
    chosen = " or ".join(f"{name}]" for name in ["td3_bc", *FORBIDDEN])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/test_contract.py", "-k", chosen, "-rA", "-vv"],
        cwd=folder,
        capture_output=True,
        text=True,
        env=clean() | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 1, done.stdout[-4000:]
    return done.stdout


def outcomes(battery: str, name: str) -> dict[str, str]:
    """Return the battery's tests of a method and how each ended."""
    found = re.findall(rf"^(PASSED|FAILED|ERROR|SKIPPED) \S+::(\w+)\[{name}\]", battery, re.M)
    return {test: outcome for outcome, test in found}


@pytest.mark.slow
def test_a_method_built_on_d3rlpy_passes_with_no_other_edit(battery: str) -> None:
    found = outcomes(battery, "td3_bc")
    assert set(found.values()) == {"PASSED"}, found
    assert len(found) > 15
    assert found["test_training_sees_no_environment"] == "PASSED"


@pytest.mark.slow
@pytest.mark.parametrize("name", FORBIDDEN)
def test_what_the_contract_forbids_fails_its_own_test(battery: str, name: str) -> None:
    _, _, test, message = FORBIDDEN[name]
    found = outcomes(battery, name)
    assert found[test] == "FAILED"
    assert message in battery
    others = {outcome for other, outcome in found.items() if other != test}
    assert others == {"PASSED"} or name not in BREAK_ONE_RULE


# --- environments are noticed -----------------------------------------------------------------------


def step_in_spite_of_an_error(made: Any) -> None:
    with contextlib.suppress(Exception):
        made.step(0)


USES: dict[str, Callable[[Any], Any]] = {
    "make": lambda made: gymnasium.make("bench/ShortestPath1-v0"),
    "make by this suite": lambda made: make("Hopper-v4"),
    "make several": lambda made: VectorEnv("Hopper-v4", 1),
    "reset": lambda made: made.reset(),
    "step": lambda made: made.step(0),
    "make from its class": lambda made: type(made.unwrapped)(),
    "step in spite of an error": step_in_spite_of_an_error,
}


@pytest.mark.parametrize("use", USES)
def test_an_environment_is_noticed(use: str) -> None:
    made = make("bench/ShortestPath1-v0")
    made.reset(seed=0)
    with pytest.raises(AssertionError, match="train used an environment"), no_environment():
        USES[use](made)
    made.step(0)  # afterwards all is as it was
