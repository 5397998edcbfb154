"""DT that goes on learning in its environment: targets and noise by hand, and whole runs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bench.core.files import read_json
from bench.datasets import storage
from bench.datasets.trajectories import Trajectories
from bench.methods.context import SNAPSHOTS, Context
from bench.methods.contract import Diverged
from bench.methods.online import Round
from bench.methods.online_training import fit_online
from bench.runs.evaluate import evaluate_run
from bench.runs.identity import RESULT
from bench.runs.train import train_run
from bench.tasks.registry import task_by_name
from dt import method, online
from dt.windows import Windows
from tests.helpers.contract import no_environment
from tests.helpers.dt import make_context, make_data, numbered, saved_bytes
from tests.helpers.online import Recorder, game
from tests.helpers.runs import run_folder, stop_after

SMALL: dict[str, Any] = {"context_length": 3, "layers": 1, "width": 16, "batch_size": 8}
CONFIG = online.Config(**SMALL, average_decay=0.9, environment_steps=24, num_envs=2, noise=0.1)


def a_round(*returns: float) -> Round:
    """Return a round whose episodes have one step each."""
    rewards = list(returns)
    return Round(0.0, numbered((1,) * len(rewards), rewards) if rewards else None)


# --- targets --------------------------------------------------------------------------------------


def test_a_rising_target_goes_up_when_a_round_reaches_it() -> None:
    """From 100 to 300; a rise is a tenth of the way, 20."""
    config = online.Config(targets="rising", rise=0.1)
    after = partial(online.next_target, config, 300.0, 100.0)
    assert after([]) == 100
    assert after([a_round(80, 110)]) == 100  # 95 in the mean: missed
    assert after([a_round(80, 120)]) == 120  # reached exactly
    assert after([a_round(150, 170)]) == 180  # 160 + 20
    assert after([a_round(150, 170), a_round(90)]) == 180  # it never falls
    assert after([a_round(150, 170), a_round(200), a_round()]) == 220
    assert after([a_round(290)]) == 300  # never above the fixed target


def test_a_fixed_target_stays() -> None:
    config = online.Config(targets="fixed")
    assert online.next_target(config, 300.0, 100.0, [a_round(500)]) == 300


def test_a_target_below_everything_seen_does_not_rise() -> None:
    """All returns of the data are at least 100, and 20 is asked for."""
    config = online.Config(targets="rising")
    assert online.next_target(config, 20.0, 100.0, []) == 20
    assert online.next_target(config, 20.0, 100.0, [a_round(500)]) == 20


@pytest.mark.parametrize(("given", "top"), [(None, 3600.0), (50.0, 50.0)])
def test_a_rising_target_begins_at_a_quantile_of_the_returns(
    given: float | None, top: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Episodes return 0, 10, ..., 100, so the quantile 0.9 is 90. The end is the target of the evaluation."""
    asked: list[float] = []

    def collected(*arguments: Any, target: Any, **rest: Any) -> None:
        asked.extend((target([]), target([a_round(1e6)])))

    monkeypatch.setattr(online, "fit_online", collected)
    one = make_data((1,) * 11, observation_size=11, action_size=3)
    data = replace(one, rewards=np.arange(0, 101, 10, dtype=np.float32))
    config = online.Config(**SMALL, environment_steps=60, num_envs=2, target_return=given)
    online.train(data, config, context_in(None))
    assert asked == [min(90.0, top), top]


# --- noise ----------------------------------------------------------------------------------------


def trained(steps: int = 1) -> Any:
    return method.train(make_data(), method.Config(**SMALL), make_context(steps=steps))


def test_noise_has_the_given_size_and_stays_in_the_range() -> None:
    inner = trained()
    noisy = online.NoisyPolicy(inner, 0.25, -2.0, 2.0)  # a quarter of a half width of 2
    count = 4000
    seeds, zeros = np.arange(count), np.zeros(count, np.float32)
    observations = np.zeros((count, 3), np.float32)
    inner.reset(seeds, zeros)
    without = inner.act(observations, zeros)
    noisy.reset(seeds, zeros)
    added = noisy.act(observations, zeros) - without
    np.testing.assert_allclose(added.std(axis=0), 0.5, rtol=0.05)
    np.testing.assert_allclose(added.mean(axis=0), 0, atol=0.04)
    narrow = online.NoisyPolicy(inner, 9.0, -1.0, 1.0)
    narrow.reset(seeds, zeros)
    assert np.abs(narrow.act(observations, zeros)).max() == 1


def test_the_context_holds_the_actions_that_were_taken() -> None:
    noisy = online.NoisyPolicy(trained(), 0.5, -1.0, 1.0)
    noisy.reset(np.arange(2), np.zeros(2, np.float32))
    acted = noisy.act(np.zeros((2, 3), np.float32), np.zeros(2, np.float32))
    np.testing.assert_array_equal(noisy.inner.actions[:, 0].numpy(), acted)
    assert not noisy.inner.actions[:, 1:].any()


def test_the_noise_of_an_episode_depends_on_its_seed_alone() -> None:
    noisy = online.NoisyPolicy(trained(), 0.5, -1.0, 1.0)

    def acted(*seeds: int) -> Any:
        noisy.reset(np.array(seeds), np.zeros(len(seeds), np.float32))
        return noisy.act(np.ones((len(seeds), 3), np.float32), np.zeros(len(seeds), np.float32))

    np.testing.assert_array_equal(acted(5, 6)[1], acted(9, 6)[1])
    assert (acted(5, 6)[0] != acted(9, 6)[0]).all()


# --- batches --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("share", "collected"), [(0.0, 0), (0.25, 2), (1.0, 8)])
def test_a_batch_has_its_share_of_collected_episodes(
    share: float, collected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The data have actions of about 0; those of collected episodes are 0.5."""
    data = make_data()
    mixed = online.Mixed(
        data, share, partial(Windows, context_length=2, return_scale=10.0, device="cpu")
    )
    rng = np.random.default_rng
    np.testing.assert_array_equal(
        mixed.sample(8, rng(0)).actions, mixed.offline.sample(8, rng(0)).actions
    )
    environment, _ = game(monkeypatch, (2, 3), like=data)
    environment.collect(Recorder(), 100.0)
    mixed.learn_from(environment)
    batch = mixed.sample(8, rng(0))
    own = (batch.actions[:, 0] == 0.5).all(dim=1)
    assert own.tolist() == [False] * (8 - collected) + [True] * collected
    # returns-to-go of episodes that earned 3 and 6, not of the target
    assert set(batch.returns_to_go[own][:, 0].mul(10).round().tolist()) <= {3, 2, 6, 5}


# --- options --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"environment_steps": -1}, "environment_steps must not be negative"),
        ({"num_envs": 0}, "num_envs must be at least 1"),
        ({"offline_share": 1.5}, "offline_share must be at least 0 and at most 1"),
        ({"collected_share": -0.1}, "collected_share must be at least 0"),
        ({"start_quantile": 2.0}, "start_quantile must be at least 0"),
        ({"rise": -1.0}, "rise must not be negative"),
        ({"noise": -1.0}, "noise must not be negative"),
        ({"online_learning_rate": 0.0}, "online_learning_rate must be above 0"),
        ({"environment_steps": 9, "offline_share": 1.0}, "no update is left"),
        ({"environment_steps": 9, "predict": "returns"}, "needs windows 'any_step'"),
    ],
)
def test_settings_that_do_not_fit_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        online.Config(**options)


def test_noise_on_discrete_actions_is_refused() -> None:
    data = Trajectories(**(vars(make_data()) | {"actions": np.zeros(24, np.int64)}))
    with pytest.raises(ValueError, match="noise is added to actions, and these are discrete"):
        online.train(data, CONFIG, make_context())


# --- whole runs -----------------------------------------------------------------------------------


def hopper() -> Trajectories:
    return make_data((20, 12, 31, 17), observation_size=11, action_size=3)


def context_in(folder: Path | None, steps: int = 24, **fields: Any) -> Context:
    task = task_by_name("hopper-medium")
    return Context(task, 0, steps, folder=folder, snapshot_steps=(12, 18), save_every=0.0, **fields)


def test_without_environment_steps_it_is_dt(tmp_path: Path) -> None:
    """Same bytes, and no environment."""
    with no_environment():
        own = online.train(hopper(), online.Config(**SMALL), context_in(None))
    plain = method.train(hopper(), method.Config(**SMALL), context_in(None))
    assert saved_bytes(own, tmp_path / "a") == saved_bytes(plain, tmp_path / "b")


def test_the_offline_phase_is_dt_without_an_environment(tmp_path: Path) -> None:
    """Its snapshot is the policy of DT after as many updates."""
    config = online.Config(**SMALL, environment_steps=60, num_envs=2)
    online.train(hopper(), config, context_in(tmp_path))
    plain = method.train(hopper(), method.Config(**SMALL), context_in(None, steps=12))
    snapshot = (tmp_path / SNAPSHOTS / "00000012.safetensors").read_bytes()
    assert snapshot == saved_bytes(plain, tmp_path / "plain")


def whole(folder: Path) -> tuple[bytes, list[dict[str, float]]]:
    config = online.Config(**vars(CONFIG) | {"environment_steps": 200})
    context = context_in(folder)
    policy = online.train(hopper(), config, context)
    return saved_bytes(policy, folder / "saved"), context.losses


@pytest.mark.parametrize("stop", [13, 21])  # of the updates 13 to 24 of the second phase
def test_a_run_that_is_stopped_in_the_environment_ends_with_the_same_bytes(
    stop: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a real simulator; it is stopped twice, first offline."""
    expected = whole(tmp_path / "whole")
    assert 0 < expected[1][-1]["environment_steps"] <= 200
    with monkeypatch.context() as patch:
        stop_after(5, method, patch)
        with pytest.raises(KeyboardInterrupt):
            whole(tmp_path / "cut")
    with monkeypatch.context() as patch:

        def interrupted(update: Any, *rest: Any, **options: Any) -> None:
            def failing(step: int, generator: Any) -> Any:
                if step == stop:
                    raise KeyboardInterrupt
                return update(step, generator)

            fit_online(failing, *rest, **options)

        patch.setattr(online, "fit_online", interrupted)
        with pytest.raises(KeyboardInterrupt):
            whole(tmp_path / "cut")
    assert whole(tmp_path / "cut") == expected
    for name in ("00000012", "00000018"):
        kept = [tmp_path / run / SNAPSHOTS / f"{name}.safetensors" for run in ("whole", "cut")]
        assert kept[0].read_bytes() == kept[1].read_bytes()


def test_a_run_that_diverges_in_the_environment_says_where(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = online.Config(**vars(CONFIG) | {"online_learning_rate": 1e30})
    with pytest.raises(Diverged, match="not finite at step") as caught, torch.random.fork_rng():
        online.train(hopper(), config, context_in(None))
    assert caught.value.step > 12


@pytest.mark.slow
def test_a_run_has_the_files_of_any_run(tmp_path: Path) -> None:
    """Trained and evaluated by the commands' own functions; one that diverges has its last sound policy."""
    storage.save(hopper(), tmp_path / "data", {})
    options = SMALL | {"environment_steps": 200, "num_envs": 2}
    results = {}
    for seed, more in ((0, {}), (1, {"online_learning_rate": 1e30})):
        folder = run_folder(tmp_path, "dt-online", seed=seed)
        folder.mkdir(parents=True)
        train_run(folder, tmp_path / "data", "dt_online", options | more, 24, (0.5, 0.75), "cpu")
        evaluate_run(folder, episodes=2, num_envs=2, curve_episodes=1, device="cpu")
        results[seed] = read_json(folder / RESULT)
    sound, diverged = results[0], results[1]
    assert [each["step"] for each in sound["evaluations"]] == [12, 18, 24]
    assert 0 < sound["training"]["losses"][-1]["environment_steps"] <= 200
    assert "bench/methods/online_training.py" in sound["hashes"]["code"]
    assert sound["status"] == "done"
    assert diverged["status"] == "diverged"
    assert diverged["diverged_at"] > 12
    assert diverged["evaluations"][0]["step"] == 12
