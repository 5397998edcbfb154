"""An option that does not apply is refused by name, and so are data that a method cannot learn from."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from baselines import bc, percent_bc
from bench.core.code import ROOT
from bench.datasets.trajectories import Trajectories
from bench.methods.contract import BadMethod
from bench.methods.loader import load_method
from tests.helpers.atari import make_frames
from tests.helpers.discrete import make_choices
from tests.helpers.dt import make_context, make_data, saved_bytes

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
        ("bc", make_frames(), r"this method needs vectors: use dt_atari .* or cql_atari"),
    ],
)
def test_other_data_are_refused_with_the_method_to_use(
    method: str, data: Trajectories, message: str
) -> None:
    loaded = load_method(method)
    with pytest.raises(ValueError, match=message):
        loaded.train(data, loaded.config(), make_context(steps=1))


@pytest.mark.parametrize("method", ["bc", "percent_bc"])
def test_a_temperature_is_refused_where_actions_are_continuous(method: str) -> None:
    loaded = load_method(method)
    config = loaded.configure({"temperature": 0.5, "width": 8})
    with pytest.raises(ValueError, match=r"temperature 0\.5 is of discrete actions"):
        loaded.train(make_data(), config, make_context(steps=1))
    loaded.train(make_choices(), config, make_context(steps=1))


def test_a_share_and_a_bound_on_returns_exclude_each_other() -> None:
    with pytest.raises(BadMethod, match="top_percent 25 does not apply: set one of the two"):
        load_method("percent_bc").configure({"top_percent": 25, "min_return": 0})


@pytest.mark.parametrize("options", [{"top_percent": 40.0}, {"min_return": -100.0}])
def test_percent_bc_keeps_its_whole_configuration(options: Any, tmp_path: Path) -> None:
    config = percent_bc.Config(width=8, history=2, **options)
    policy = percent_bc.train(make_data(), config, make_context(steps=1))
    saved_bytes(policy, tmp_path)
    loaded = percent_bc.load(tmp_path / "policy.safetensors", "cpu")
    assert loaded.config == policy.config == config
    assert isinstance(loaded.config, bc.Config)


@pytest.mark.parametrize("method", ["cql", "discrete_cql", "cql_atari"])
def test_a_policy_is_read_without_d3rlpy(method: str) -> None:
    """An evaluation would wait for its import, and then not use it."""
    code = f"import sys, baselines.{method}; sys.exit('d3rlpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
