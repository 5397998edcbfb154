"""Every variant of DT keeps the contract; options, and files from before they existed."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open

import dt.method
from bench.methods.contract import BadMethod
from bench.methods.loader import load_method
from bench.methods.policy_file import read_tensors, write_tensors
from dt.config import Config
from tests.helpers.dt import (
    OBS,
    make_context,
    make_data,
    make_model,
    saved_bytes,
)

SMALL = Config(
    context_length=4, layers=2, width=16, batch_size=8, learning_rate=3e-3, warmup_steps=1
)
VARIANTS: dict[str, dict[str, Any]] = {
    "predict": {"predict": "all"},
    "predict-k1": {"predict": "all", "context_length": 1},
    "concat": {"time_embedding": "concatenate"},
    "textnorm": {"embedding_order": "norm_then_add"},
    "discount95": {"discount": 0.95},
    "together": {"predict": "all", "time_embedding": "concatenate", "discount": 0.9},
    "bfloat16": {"embedding_order": "norm_then_add", "predict": "all", "precision": "bfloat16"},
}

for_every_variant = pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS)


def train(options: dict[str, Any], steps: int = 3, **fields: Any) -> Any:
    data = fields.pop("data", None) or make_data()
    return dt.method.train(data, replace(SMALL, **options), make_context(steps=steps, **fields))


def start(policy: Any, num_envs: int = 3) -> None:
    policy.reset(np.arange(num_envs), np.linspace(100, 3600, num_envs, dtype=np.float32))


def shown(steps: int, num_envs: int = 3, seed: int = 0) -> list[tuple[Any, Any]]:
    generator = np.random.default_rng(seed)
    return [
        (
            generator.normal(2, 3, (num_envs, OBS)).astype(np.float32),
            (generator.normal(size=num_envs) * (step > 0)).astype(np.float32),
        )
        for step in range(steps)
    ]


def play(policy: Any, steps: list[tuple[Any, Any]]) -> Any:
    return np.stack([policy.act(observations, rewards) for observations, rewards in steps])


@for_every_variant
def test_a_variant_trains(options: dict[str, Any]) -> None:
    context = make_context(steps=60)
    dt.method.train(make_data(), replace(SMALL, dropout=0.0, **options), context)
    losses = [line["loss"] for line in context.losses]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


@for_every_variant
def test_a_variant_is_not_the_default(options: dict[str, Any]) -> None:
    steps = shown(6)
    acted = []
    for one in (options, {}):
        policy = train(one, steps=20)
        start(policy)
        acted.append(play(policy, steps))
    assert np.abs(acted[0] - acted[1]).max() > 1e-3


@for_every_variant
def test_same_seed_same_bytes(options: dict[str, Any], tmp_path: Path) -> None:
    one, other = (saved_bytes(train(options), tmp_path / name) for name in ("one", "other"))
    assert one == other


@for_every_variant
def test_saved_and_loaded_a_variant_acts_the_same(options: dict[str, Any], tmp_path: Path) -> None:
    policy = train(options, steps=20)
    before = saved_bytes(policy, tmp_path / "first")
    loaded = dt.method.load(tmp_path / "first" / "policy.safetensors", "cpu")
    assert loaded.config == replace(SMALL, **options)
    acted = []
    for one in (policy, loaded):
        start(one)
        acted.append(play(one, shown(8)))
    np.testing.assert_array_equal(acted[0], acted[1])
    assert saved_bytes(loaded, tmp_path / "second") == before


@for_every_variant
def test_reset_forgets(options: dict[str, Any]) -> None:
    policy = train(options, steps=20)
    start(policy)
    first = play(policy, shown(6))
    start(policy, num_envs=2)
    play(policy, shown(3, num_envs=2, seed=1))
    start(policy)
    np.testing.assert_array_equal(play(policy, shown(6)), first)


@for_every_variant
def test_an_episode_does_not_depend_on_its_neighbours(options: dict[str, Any]) -> None:
    policy = train(options, steps=20)
    steps, others = shown(6), shown(6, seed=1)
    start(policy)
    together = play(policy, steps)[:, 1]
    for mine, other in zip(steps, others, strict=True):
        for part in (0, 1):
            other[part][1] = mine[part][1]
    policy.reset(np.array([8, 1, 9]), np.array([7, 1850, 8], dtype=np.float32))
    np.testing.assert_array_equal(play(policy, others)[:, 1], together)


@for_every_variant
def test_alone_and_in_a_batch_a_variant_acts_alike(options: dict[str, Any]) -> None:
    """But for the last bits, which depend on the size of the batch."""
    policy = train(options, steps=20)
    steps = shown(6)
    start(policy)
    together = play(policy, steps)
    targets = np.linspace(100, 3600, 3, dtype=np.float32)
    tolerance = 0.02 if options.get("precision") == "bfloat16" else 1e-6
    for env in range(3):
        only = slice(env, env + 1)
        policy.reset(np.array([env]), targets[only])
        alone = play(policy, [(seen[only], rewards[only]) for seen, rewards in steps])
        np.testing.assert_allclose(alone[:, 0], together[:, env], rtol=0, atol=tolerance)


# --- options and files ----------------------------------------------------------------------------


def test_defaults_are_what_they_were() -> None:
    """The same weights under the same names; today's options are all in the record."""
    config = Config()
    assert (config.predict, config.time_embedding) == ("actions", "add")
    assert (config.embedding_order, config.discount) == ("add_then_norm", 1.0)
    layers = ("norm1", "attention.qkv", "attention.project", "norm2", "mlp.fc1", "mlp.fc2")
    names = ["embed_return", "embed_state", "embed_action", "embed_norm"]
    names += [f"transformer.blocks.{i}.{layer}" for i in range(2) for layer in layers]
    names += ["transformer.final_norm", "predict_action"]
    expected = {f"{name}.{part}" for name in names for part in ("weight", "bias")}
    assert set(make_model().state_dict()) == expected | {"embed_timestep.weight"}


def test_a_file_from_before_these_options_is_read(tmp_path: Path) -> None:
    policy = train({}, steps=20)
    saved_bytes(policy, tmp_path)
    tensors, about = read_tensors(tmp_path / "policy.safetensors", method="dt")
    for option in ("predict", "time_embedding", "embedding_order", "discount"):
        del about["config"][option]
    write_tensors(tmp_path / "old", tensors, **about)
    with safe_open(tmp_path / "old", framework="np") as file:
        assert "discount" not in json.loads(file.metadata()["about"])["config"]
    loaded = dt.method.load(tmp_path / "old", "cpu")
    assert asdict(loaded.config) == asdict(SMALL)
    acted = []
    for one in (policy, loaded):
        start(one)
        acted.append(play(one, shown(6)))
    np.testing.assert_array_equal(acted[0], acted[1])


BAD_OPTIONS: list[tuple[dict[str, Any], str]] = [
    (
        {"predict": "states"},
        "option predict is 'states', expected Literal['actions', 'all', 'returns']",
    ),
    ({"time_embedding": "none"}, "option time_embedding is 'none', expected Literal"),
    ({"embedding_order": "norm"}, "option embedding_order is 'norm', expected Literal"),
    ({"discount": 0.0}, "discount must be above 0 and at most 1, not 0.0"),
    ({"discount": 1.01}, "discount must be above 0 and at most 1, not 1.01"),
    ({"discount": float("nan")}, "discount must be above 0 and at most 1, not nan"),
    (
        {"time_embedding": "concatenate", "width": 15},
        "width 15 is odd: half of it is for the time step when time_embedding is 'concatenate'",
    ),
    (
        {"time_embedding": "concatenate", "embedding_order": "norm_then_add"},
        "embedding_order 'norm_then_add' says when the time step is added, but time_embedding 'concatenate' "
        "adds nothing: use 'add_then_norm' or 'add'",
    ),
]


@pytest.mark.parametrize(
    ("options", "message"),
    BAD_OPTIONS,
    ids=[" ".join(f"{k}={v}" for k, v in options.items()) for options, _ in BAD_OPTIONS],
)
def test_bad_options_are_refused_by_name(options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadMethod) as caught:
        load_method("dt").configure(options)
    assert message in str(caught.value)


def test_an_odd_width_is_fine_where_the_time_step_is_added() -> None:
    assert load_method("dt").configure({"width": 15, "discount": 1}) == Config(width=15)
