"""DT's options of training: windows, schedule, starting weights, and the average that acts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from torch import Tensor, nn

import dt.method
from bench.methods.context import SNAPSHOTS
from bench.methods.contract import BadMethod
from bench.methods.loader import load_method
from bench.methods.policy_file import below, read_tensors
from bench.methods.training import Averaged, descend, fit
from dt.config import Config
from dt.windows import Batch, Windows
from tests.helpers.averages import averages_of, note_weights
from tests.helpers.discrete import make_choices
from tests.helpers.dt import make_context, make_data, numbered, saved_bytes

SMALL = Config(
    context_length=9, layers=2, width=16, batch_size=8, learning_rate=3e-3, warmup_steps=1
)


def train(steps: int = 3, data: Any = None, context: Any = None, **options: Any) -> Any:
    context = context or make_context(steps=steps)
    return dt.method.train(data or make_data(), replace(SMALL, **options), context)


def state(policy: Any) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in policy.model.state_dict().items()}


# --- windows of whole episodes --------------------------------------------------------------------

LENGTHS = (1, 2, 3, 10)


def test_windows_from_the_first_step_hold_whole_episodes() -> None:
    windows = Windows(numbered(LENGTHS), 10, 1.0, "cpu", starts="first_step")
    batch = windows.sample(50, np.random.default_rng(0))
    for i in range(50):
        episode = int(batch.actions[i, 0, 1])
        length = LENGTHS[episode]
        first = sum(LENGTHS[:episode])
        assert batch.valid[i].tolist() == [True] * length + [False] * (10 - length)
        assert batch.actions[i, :length, 0].tolist() == list(range(first, first + length))
        assert batch.timesteps[i, :length].tolist() == list(range(length))
        assert batch.returns_to_go[i, :length].tolist() == list(range(length, 0, -1))


def test_episodes_are_drawn_uniformly_then() -> None:
    windows = Windows(numbered(LENGTHS), 10, 1.0, "cpu", starts="first_step")
    batch = windows.sample(8000, np.random.default_rng(0))
    counts = np.bincount(batch.actions[:, 0, 1].long(), minlength=4)
    assert chisquare(counts).pvalue > 0.01
    by_length = 8000 * np.array(LENGTHS) / sum(LENGTHS)
    assert chisquare(counts, by_length).pvalue < 1e-9, "this sample could not tell"


@pytest.mark.parametrize("starts", ["first_step", "any_step"])
def test_training_draws_the_windows_of_its_option(
    starts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Batch] = []
    sample = Windows.sample

    def spy(self: Windows, *given: Any) -> Batch:
        drawn.append(sample(self, *given))
        return drawn[-1]

    monkeypatch.setattr(Windows, "sample", spy)
    for data in (make_data(), make_choices()):  # episodes of at most 9 steps
        train(steps=5, data=data, windows=starts)
    first = torch.cat([batch.timesteps[:, 0] for batch in drawn])
    assert len(first) == 2 * 5 * 8
    assert (first == 0).all() == (starts == "first_step")


def test_episodes_that_would_be_cut_are_refused() -> None:
    """The time steps beyond the context would never be learned."""
    with pytest.raises(
        ValueError, match=r"first 8 steps of an episode of 9 are seen: set context_length to 9"
    ):
        train(windows="first_step", context_length=8)
    train(windows="any_step", context_length=8)


def test_success_of_an_episode_is_known_in_all_its_windows() -> None:
    data = numbered((2, 3, 1, 2), rewards=[0, 1, -1, 1, 0, 0, -3, 4])  # returns 1, 0, 0, 1
    batch = Windows(data, 2, 1.0, "cpu").at(np.arange(8))
    assert batch.earned.tolist() == [1, 1, 0, 0, 0, 0, 1, 1]
    assert batch.earned.dtype == torch.float32


# --- schedule -------------------------------------------------------------------------------------


def rates(steps: int, **options: Any) -> list[float]:
    """The learning rate of each update: how far SGD moves a weight whose gradient is 1."""
    module = nn.Linear(1, 1, bias=False)
    optimiser = torch.optim.SGD(module.parameters(), lr=0.5)
    update = descend(lambda rng: module.weight.sum(), module, optimiser, **options)
    positions = [module.weight.item()]
    for step in range(1, steps + 1):
        update(step, np.random.default_rng(0))
        positions.append(module.weight.item())
    return (-np.diff(positions)).tolist()


def test_half_a_cosine_by_hand() -> None:
    share = [1.0, (2 + math.sqrt(2)) / 4, 0.5, (2 - math.sqrt(2)) / 4]  # (1 + cos(k pi / 4)) / 2
    assert rates(4, decay_steps=4) == pytest.approx([0.5 * s for s in share], abs=1e-6)


def test_it_falls_beside_the_warm_up() -> None:
    found = rates(5, decay_steps=5, warmup_steps=3)
    expected = [
        0.5 * min(step / 3, 1) * (1 + math.cos(math.pi * (step - 1) / 5)) / 2
        for step in range(1, 6)
    ]
    assert found == pytest.approx(expected, abs=1e-6)
    assert rates(3, warmup_steps=2) == pytest.approx([0.25, 0.5, 0.5], abs=1e-6)


@pytest.mark.parametrize(("schedule", "decay"), [("constant", None), ("cosine", 7)])
def test_the_cosine_lasts_as_long_as_the_training(
    schedule: Any, decay: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    def spy(*arguments: Any, **options: Any) -> Any:
        given.append(options)
        return descend(*arguments, **options)

    monkeypatch.setattr(dt.method, "descend", spy)
    train(steps=7, schedule=schedule)
    assert [options["decay_steps"] for options in given] == [decay]


# --- starting weights -----------------------------------------------------------------------------


def start(**options: Any) -> dict[str, Tensor]:
    """The weights before the first update."""
    return state(train(steps=0, width=64, **options))


def test_time_std_scales_the_embeddings_of_time_steps_alone() -> None:
    usual, small = start(), start(time_std=0.02)
    for name in usual:
        expected = usual[name] * (0.02 if name == "embed_timestep.weight" else 1)
        assert torch.equal(small[name], expected), name
    assert small["embed_timestep.weight"].std().item() == pytest.approx(0.02, rel=0.1)
    assert not start(time_std=0.0)["embed_timestep.weight"].any()


def test_init_std_is_that_of_the_transformers_matrices_alone() -> None:
    usual, large = start(), start(init_std=0.07)
    for name in usual:
        inside = (
            name.startswith("transformer.blocks.")
            and "norm" not in name
            and name.endswith("weight")
        )
        if not inside:
            assert torch.equal(large[name], usual[name]), name
        else:
            torch.testing.assert_close(large[name], usual[name] * 3.5)
            assert large[name].std().item() == pytest.approx(0.07, rel=0.05)


def test_value_std_is_that_of_what_attention_gathers_alone() -> None:
    usual, large = start(init_std=0.05), start(init_std=0.05, value_std=0.25)
    for name in usual:
        if name.endswith("attention.project.weight"):
            torch.testing.assert_close(large[name], usual[name] * 5)
        elif name.endswith("attention.qkv.weight"):
            assert torch.equal(large[name][:128], usual[name][:128])  # queries and keys
            torch.testing.assert_close(large[name][128:], usual[name][128:] * 5)
        else:
            assert torch.equal(large[name], usual[name]), name


# --- the average that acts ------------------------------------------------------------------------

DECAY = 0.5  # of the average; below step / (step + 10) from step 10 on


def averages(steps: int, monkeypatch: pytest.MonkeyPatch, **fields: Any) -> list[dict[str, Tensor]]:
    """Train, and return the average after each update, by a loop of its own in float64."""
    with monkeypatch.context() as patch:
        weights = note_weights(dt.method, patch)
        policy = train(context=make_context(steps=steps, **fields), average_decay=DECAY)
    found = averages_of(weights, DECAY)
    assert len(found) == steps + 1
    return [*found, {n: w.double() for n, w in state(policy).items()}]


def test_the_average_by_hand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    *by_hand, acting = averages(14, monkeypatch, folder=tmp_path, snapshot_steps=(4, 12))
    for name, expected in by_hand[14].items():
        torch.testing.assert_close(acting[name], expected, rtol=0, atol=1e-6)
    last = {name: tensor.double() for name, tensor in state(train(steps=14)).items()}
    assert max((acting[n] - last[n]).abs().max() for n in last) > 1e-3, "the last weights act"
    for step in (0, 4, 12):  # kept policies are averages too
        path = tmp_path / SNAPSHOTS / f"{step:08d}.safetensors"
        kept = below("model.", read_tensors(path, method="dt")[0])
        for name, expected in by_hand[step].items():
            np.testing.assert_allclose(kept[name], expected, rtol=0, atol=1e-6)


def test_what_is_saved_is_the_average(tmp_path: Path) -> None:
    policy = train(steps=12, average_decay=DECAY)
    saved_bytes(policy, tmp_path)
    loaded = dt.method.load(tmp_path / "policy.safetensors", "cpu")
    assert all(torch.equal(tensor, state(policy)[name]) for name, tensor in state(loaded).items())
    assert loaded.config.average_decay == DECAY


def test_the_average_does_not_change_the_training() -> None:
    contexts = [make_context(steps=40), make_context(steps=40)]
    for context, decay in zip(contexts, (0.0, 0.9), strict=True):
        train(context=context, average_decay=decay)
    assert contexts[0].losses == contexts[1].losses


def test_a_stopped_run_goes_on_with_the_same_average(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopping(update: Callable[..., Tensor], *rest: Any) -> None:
        def stopped(step: int, generator: np.random.Generator) -> Tensor:
            if step == 9:
                raise KeyboardInterrupt
            return update(step, generator)

        fit(stopped, *rest)

    def context(name: str) -> Any:
        return make_context(steps=16, folder=tmp_path / name, save_every=0.0, snapshot_steps=(12,))

    whole = train(context=context("whole"), average_decay=DECAY)
    with monkeypatch.context() as patch:
        patch.setattr(dt.method, "fit", stopping)
        with pytest.raises(KeyboardInterrupt):
            train(context=context("cut"), average_decay=DECAY)
    resumed = train(context=context("cut"), average_decay=DECAY)
    assert saved_bytes(resumed, tmp_path / "a") == saved_bytes(whole, tmp_path / "b")
    kept = [tmp_path / name / SNAPSHOTS / "00000012.safetensors" for name in ("whole", "cut")]
    assert kept[0].read_bytes() == kept[1].read_bytes()


def test_the_average_starts_as_a_copy() -> None:
    module = nn.Linear(2, 2)
    averaged = Averaged(module, 0.9)
    assert torch.equal(averaged.average.weight, module.weight)
    with torch.no_grad():
        module.weight += 1
    assert not torch.equal(averaged.average.weight, module.weight)


@pytest.mark.parametrize(
    "option",
    [{"average_decay": 1.0}, {"average_decay": -0.1}, {"time_std": -1.0}, {"init_std": 0.0}],
    ids=str,
)
def test_bad_options_are_refused_by_name(option: dict[str, Any]) -> None:
    [[name, value]] = option.items()
    with pytest.raises(BadMethod, match=f"method dt: {name} must .*, not {value}"):
        load_method("dt").configure(option)
