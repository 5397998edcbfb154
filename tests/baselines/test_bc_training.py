"""BC: a learning rate that falls, and averaged weights. By default there is neither."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from baselines import bc, percent_bc
from bench.methods.contract import BadMethod
from bench.methods.loader import load_method
from tests.helpers.averages import averages_of, note_weights
from tests.helpers.dt import make_context, make_data, saved_bytes
from tests.helpers.runs import stop_after

SMALL = bc.Config(width=16, batch_size=8, warmup_steps=2, learning_rate=1e-2, dropout=0.0)
DECAY, STEPS = 0.5, 14


def weights(policy: Any) -> dict[str, Tensor]:
    return {name: tensor.double() for name, tensor in policy.network.state_dict().items()}


def test_the_average_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """In float64, of the weights after each update."""
    after = note_weights(bc, monkeypatch)
    config = replace(SMALL, average_decay=DECAY)
    found = weights(bc.train(make_data(), config, make_context(steps=STEPS)))
    expected = averages_of(after, DECAY)[STEPS]
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=1e-6)
    assert max(float((found[n] - after[STEPS][n]).abs().max()) for n in found) > 1e-3


def test_the_average_does_not_change_the_training() -> None:
    contexts = [make_context(steps=STEPS), make_context(steps=STEPS)]
    for context, decay in zip(contexts, (0.0, 0.9), strict=True):
        bc.train(make_data(), replace(SMALL, average_decay=decay), context)
    assert contexts[0].losses == contexts[1].losses


@pytest.mark.parametrize("module", [bc, percent_bc])
def test_what_is_saved_is_the_average(module: Any, tmp_path: Path) -> None:
    config = module.Config(width=16, batch_size=8, average_decay=DECAY, schedule="cosine")
    policy = module.train(make_data(), config, make_context(steps=STEPS))
    saved_bytes(policy, tmp_path)
    loaded = module.load(tmp_path / "policy.safetensors", "cpu")
    assert all(torch.equal(tensor, weights(policy)[n]) for n, tensor in weights(loaded).items())
    assert (loaded.config.average_decay, loaded.config.schedule) == (DECAY, "cosine")


def test_the_cosine_begins_at_the_rate_and_ends_near_zero(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rates: list[float] = []
    step = bc.AdamW.step
    monkeypatch.setattr(
        bc.AdamW,
        "step",
        lambda self: (rates.append(self.param_groups[0]["lr"]), step(self))[1],
    )
    config = replace(SMALL, schedule="cosine")
    bc.train(make_data(), config, make_context(steps=STEPS))
    factors = [0.5 * (1 + np.cos(np.pi * s / STEPS)) for s in range(STEPS)]
    warm = [0.5, *[1.0] * (STEPS - 1)]
    assert rates == pytest.approx([1e-2 * w * f for w, f in zip(warm, factors, strict=True)])


def test_a_stopped_run_goes_on_with_the_same_average(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(SMALL, schedule="cosine", average_decay=DECAY)
    context = partial(make_context, steps=STEPS, save_every=0.0)
    whole = bc.train(make_data(), config, context(folder=tmp_path / "whole"))
    with monkeypatch.context() as patch:
        stop_after(9, bc, patch)
        with pytest.raises(KeyboardInterrupt):
            bc.train(make_data(), config, context(folder=tmp_path / "cut"))
    resumed = bc.train(make_data(), config, context(folder=tmp_path / "cut"))
    assert saved_bytes(resumed, tmp_path / "a") == saved_bytes(whole, tmp_path / "b")


@pytest.mark.parametrize("method", ["bc", "percent_bc"])
def test_a_decay_without_an_average_is_refused(method: str) -> None:
    with pytest.raises(BadMethod, match=rf"method {method}: average_decay must .*, not 1\.0"):
        load_method(method).configure({"average_decay": 1.0})
