"""A method that is another method on changed data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.core.files import DamagedFile
from bench.datasets.trajectories import F32, I64
from bench.methods.context import Context
from bench.methods.policy_file import read_tensors, write_tensors
from bench.methods.wrapping import load_wrapped, save_wrapped, wrapping
from bench.tasks.registry import task_by_name


class Inner:
    def __init__(self, value: float) -> None:
        self.value = value

    def reset(self, seeds: I64, targets: F32) -> None: ...

    def act(self, observations: F32, rewards: F32) -> F32:
        return observations

    def save(self, path: Path) -> None:
        write_tensors(path, {"value": np.array([self.value])}, method="inner", config={"a": 1})


class Outer(Inner):
    def __init__(self, inner: Inner) -> None:
        self.inner = inner

    def save(self, path: Path) -> None:
        save_wrapped(self.inner, path, inner="inner", method="outer", more=[2])


def load_inner(path: Path, device: str) -> Inner:
    tensors, about = read_tensors(path, method="inner")
    assert about["config"] == {"a": 1}
    return Inner(float(tensors["value"][0]))


def test_the_file_is_the_outer_methods(tmp_path: Path) -> None:
    path = tmp_path / "policy.safetensors"
    Outer(Inner(0.5)).save(path)
    found, about = load_wrapped(path, "cpu", inner="inner", method="outer", load=load_inner)
    assert found.value == 0.5
    assert about["more"] == [2]
    with pytest.raises(DamagedFile, match="written by method 'outer', not 'inner'"):
        load_inner(path, "cpu")
    Inner(0.5).save(path)
    with pytest.raises(DamagedFile, match="written by method 'inner', not 'outer'"):
        load_wrapped(path, "cpu", inner="inner", method="outer", load=load_inner)


def test_snapshots_are_the_outer_methods(tmp_path: Path) -> None:
    context = Context(task_by_name("hopper-medium"), seed=3, steps=10, folder=tmp_path)
    inside = wrapping(context, Outer)
    assert (inside.steps, inside.seed, inside.task) == (10, 3, context.task)
    inside.snapshot(0, Inner(1.5))
    inside.log(1, loss=2.0)
    assert context.losses == [{"step": 1, "loss": 2.0}]
    [name] = context.snapshots
    path = tmp_path / "snapshots" / name
    found, _ = load_wrapped(path, "cpu", inner="inner", method="outer", load=load_inner)
    assert found.value == 1.5
