"""A behaviour policy's network: its actions by hand, and its file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from bench.behaviours.actor import Actor
from bench.core.files import DamagedFile

MakeActor = Callable[[int], Actor]


def layers_of(actor: Actor) -> list[Any]:
    return [part for layer in (*actor.hidden, actor.mean, actor.log_std) for part in layer]


def test_an_actor_by_hand() -> None:
    one = np.ones((1, 1), dtype=np.float32)
    actor = Actor(
        hidden=((2 * one, -one[0]),),  # relu(2 s - 1)
        mean=(one, 0 * one[0]),
        log_std=(0 * one, np.log(one[0] / 2)),
    )
    states = np.array([[0.75], [0.1]], dtype=np.float32)  # features 0.5 and 0
    np.testing.assert_allclose(actor.act(states, None), np.tanh([[0.5], [0]]), rtol=1e-6)
    noise = np.array([[1.0], [-3.0]], dtype=np.float32)
    np.testing.assert_allclose(actor.act(states, noise), np.tanh([[1.0], [-1.5]]), rtol=1e-6)


@pytest.mark.parametrize(("log_std", "used"), [(5.0, 2.0), (-50.0, -20.0)])
def test_the_spread_of_an_actor_is_bounded(log_std: float, used: float) -> None:
    zero = np.zeros((1, 1), dtype=np.float32)
    actor = Actor(hidden=(), mean=(zero, zero[0]), log_std=(zero, zero[0] + np.float32(log_std)))
    noise = np.array([[0.1]], dtype=np.float32)
    expected = np.tanh(np.exp(used) * 0.1)
    np.testing.assert_allclose(actor.act(zero, noise)[0, 0], expected, rtol=1e-5)


def test_an_actor_comes_back_from_its_file(make_actor: MakeActor, tmp_path: Path) -> None:
    actor = make_actor(0)
    actor.save(tmp_path / "actor.safetensors")
    back = Actor.load(tmp_path / "actor.safetensors")
    for one, other in zip(layers_of(actor), layers_of(back), strict=True):
        np.testing.assert_array_equal(one, other)


def test_float16_halves_the_file_and_comes_back_as_float32(
    make_actor: MakeActor, tmp_path: Path
) -> None:
    actor = make_actor(0)
    actor.save(tmp_path / "32")
    actor.save(tmp_path / "16", dtype=np.float16)
    assert {tensor.dtype for tensor in load_file(tmp_path / "16").values()} == {np.dtype("f2")}
    for one, other in zip(layers_of(actor), layers_of(Actor.load(tmp_path / "16")), strict=True):
        assert other.dtype == np.float32
        np.testing.assert_array_equal(one.astype(np.float16).astype(np.float32), other)


@pytest.mark.parametrize("damage", ["truncated", "empty", "page", "layer-missing"])
def test_a_damaged_actor_is_refused_by_name(
    make_actor: MakeActor, tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "actor.safetensors"
    make_actor(0).save(path)
    if damage == "layer-missing":
        save_file({k: v for k, v in load_file(path).items() if k != "mean.bias"}, path)
    else:
        content = {"truncated": path.read_bytes()[:-9], "empty": b"", "page": b"<html></html>"}
        path.write_bytes(content[damage])
    with pytest.raises(DamagedFile, match=f"{path} is not a behaviour policy"):
        Actor.load(path)
