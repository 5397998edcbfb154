"""Each CQL refuses the options of the others by name, and data that it cannot learn from."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict

import pytest

from bench.core.code import ROOT
from bench.datasets.trajectories import Trajectories
from bench.methods.contract import BadMethod
from bench.methods.loader import load_method
from tests.helpers.atari import make_frames
from tests.helpers.discrete import make_choices
from tests.helpers.dt import make_context, make_data

VECTORS_ONLY = ("layers", "width")
FRAMES_ONLY = ("features", "standardise_frames")
DISCRETE_ONLY = ("quantiles", "epsilon", "target_interval", "learning_rate", *FRAMES_ONLY)
CONTINUOUS_ONLY = (
    "actor_learning_rate",
    "critic_learning_rate",
    "temperature_learning_rate",
    "alpha_learning_rate",
    "action_samples",
    "target_rate",
)
OTHERS = {
    "cql": DISCRETE_ONLY,
    "discrete_cql": CONTINUOUS_ONLY + FRAMES_ONLY,
    "cql_atari": CONTINUOUS_ONLY + VECTORS_ONLY,
}


@pytest.mark.parametrize(
    ("method", "option"), [(method, option) for method in OTHERS for option in OTHERS[method]]
)
def test_each_cql_refuses_the_options_of_the_others(method: str, option: str) -> None:
    known = ", ".join(asdict(load_method(method).config()))
    expected = f"method {method} has no option '{option}'; known: .*"
    with pytest.raises(BadMethod, match=expected) as caught:
        load_method(method).configure({option: 1})
    assert set(str(caught.value).split("known: ")[1].split(", ")) == set(known.split(", "))


@pytest.mark.parametrize(
    ("method", "data", "message"),
    [
        (
            "cql",
            make_choices(),
            "cql learns continuous actions, .* 3 discrete .*: use discrete_cql",
        ),
        ("cql", make_frames(), "cql learns continuous actions, .* 3 discrete .*: use cql_atari"),
        ("discrete_cql", make_data(), "discrete_cql learns discrete actions, .*: use cql$"),
        ("discrete_cql", make_frames(), "discrete_cql learns from vectors, .*: use cql_atari"),
        ("cql_atari", make_data(), r"cql_atari learns from stacks .* \(3,\) .*: use cql$"),
        ("cql_atari", make_choices(), r"cql_atari learns from stacks .*: use discrete_cql$"),
    ],
)
def test_other_data_are_refused_with_the_method_to_use(
    method: str, data: Trajectories, message: str
) -> None:
    loaded = load_method(method)
    with pytest.raises(ValueError, match=message):
        loaded.train(data, loaded.config(), make_context(steps=1))


@pytest.mark.slow
@pytest.mark.parametrize("method", ["cql", "discrete_cql", "cql_atari"])
def test_a_policy_is_read_without_d3rlpy(method: str) -> None:
    """An evaluation would wait for its import, and then not use it."""
    code = f"import sys, baselines.{method}; sys.exit('d3rlpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
