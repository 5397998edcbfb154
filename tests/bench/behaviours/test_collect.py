from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from bench.behaviours import ZOO, collect, zoo
from bench.behaviours.actor import Actor
from bench.behaviours.collect import NUM_ENVS, Episode, roll_out
from bench.behaviours.d4rl_levels import parts
from bench.behaviours.generate import generate
from bench.behaviours.mujoco_zoo import MEDIUM
from bench.behaviours.zoo import Snapshot, Zoo
from bench.core.files import DamagedFile, sha256
from bench.core.seeds import derive, generator
from bench.datasets.consistency import check
from bench.datasets.storage import load
from bench.datasets.trajectories import ARRAYS, FINAL
from bench.environments.vector import make
from bench.tasks.registry import DOMAINS, TASKS

MakeActor = Callable[[int], Actor]
HOPPER = DOMAINS["hopper"]


def layers_of(actor: Actor) -> list[Any]:
    return [part for layer in (*actor.hidden, actor.mean, actor.log_std) for part in layer]


def same(one: list[Episode], other: list[Episode]) -> bool:
    return len(one) == len(other) and all(
        a.terminal == b.terminal
        and np.array_equal(a.observations, b.observations)
        and np.array_equal(a.actions, b.actions)
        and np.array_equal(a.rewards, b.rewards)
        for a, b in zip(one, other, strict=True)
    )


@pytest.fixture
def few_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Roll out 4 episodes side by side instead of 32, all of which would have to end."""
    monkeypatch.setattr(collect, "NUM_ENVS", 4)


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


def test_rolling_out_twice_gives_the_same(make_actor: MakeActor) -> None:
    runs = [roll_out(make_actor(0), "Hopper-v4", name="x", episodes=40) for _ in range(2)]
    assert len(runs[0]) == 40
    assert same(*runs)


@pytest.mark.usefixtures("few_lanes")
def test_another_name_gives_other_episodes(make_actor: MakeActor) -> None:
    one, two = (roll_out(make_actor(0), "Hopper-v4", name=n, episodes=1)[0] for n in "xy")
    assert not np.array_equal(one.observations[0], two.observations[0])
    assert not np.array_equal(one.actions[0], two.actions[0])


def test_the_first_steps_are_those_of_a_plain_loop(make_actor: MakeActor) -> None:
    actor = make_actor(0)
    episodes = roll_out(actor, "Hopper-v4", name="x", episodes=NUM_ENVS + 4)
    simulator = gymnasium.make("Hopper-v4")
    for index in (0, 1, NUM_ENVS - 1, NUM_ENVS, NUM_ENVS + 3):
        episode = episodes[index]
        noise = generator("noise", "x", index)
        state, _ = simulator.reset(seed=derive("reset", "x", index))
        for step in range(min(episode.steps, 8)):
            np.testing.assert_allclose(episode.observations[step], state, atol=1e-4)
            features = state
            for weight, bias in actor.hidden:
                features = np.maximum(features @ weight.astype(np.float64) + bias, 0)
            mean = features @ actor.mean[0] + actor.mean[1]
            spread = np.exp(features @ actor.log_std[0] + actor.log_std[1])
            action = np.tanh(mean + spread * noise.standard_normal(3, dtype=np.float32))
            np.testing.assert_allclose(episode.actions[step], action, atol=1e-4)
            state, reward, *_ = simulator.step(action)
            np.testing.assert_allclose(episode.rewards[step], reward, atol=1e-3)
    simulator.close()


def test_recorded_actions_lead_through_the_recorded_states_to_the_recorded_end(
    make_actor: MakeActor,
) -> None:
    episodes = roll_out(make_actor(1), "Hopper-v4", name="x", episodes=4)
    simulator = gymnasium.make("Hopper-v4")
    for index, episode in enumerate(episodes):
        state, _ = simulator.reset(seed=derive("reset", "x", index))
        for step in range(episode.steps):
            np.testing.assert_array_equal(episode.observations[step], state.astype(np.float32))
            state, reward, terminal, timeout, _ = simulator.step(episode.actions[step])
            assert episode.rewards[step] == np.float32(reward)
            assert (terminal or timeout) == (step == episode.steps - 1)
        assert episode.terminal == terminal
    simulator.close()


@pytest.fixture(scope="module")
def everything(make_actor: MakeActor) -> list[Episode]:
    """The first hundred episodes of a policy."""
    return roll_out(make_actor(0), "Hopper-v4", name="x", episodes=100)


@pytest.mark.parametrize("steps", [100, 101, 600, 1100])
def test_data_end_before_the_episode_that_would_exceed_them(
    make_actor: MakeActor, everything: list[Episode], steps: int
) -> None:
    chosen = roll_out(make_actor(0), "Hopper-v4", name="x", steps=steps)
    total = sum(episode.steps for episode in chosen)
    assert total <= steps < total + everything[len(chosen)].steps
    assert same(chosen, everything[: len(chosen)])


@pytest.mark.usefixtures("few_lanes")
def test_a_limit_met_exactly_is_filled(make_actor: MakeActor) -> None:
    everything = roll_out(make_actor(0), "Hopper-v4", name="x", episodes=5)
    exact = sum(episode.steps for episode in everything)
    assert len(roll_out(make_actor(0), "Hopper-v4", name="x", steps=exact)) == 5
    assert len(roll_out(make_actor(0), "Hopper-v4", name="x", steps=exact - 1)) == 4


@pytest.mark.parametrize("steps", [0, 1])
@pytest.mark.usefixtures("few_lanes")
def test_at_least_one_episode_is_rolled_out(make_actor: MakeActor, steps: int) -> None:
    [episode] = roll_out(make_actor(0), "Hopper-v4", name="x", steps=steps)
    assert episode.steps > 1


@pytest.mark.parametrize("limits", [{}, {"steps": 5, "episodes": 5}], ids=["neither", "both"])
def test_one_limit_is_needed(make_actor: MakeActor, limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="either steps or episodes"):
        roll_out(make_actor(0), "Hopper-v4", name="x", **limits)


def test_progress_counts_every_step_taken(make_actor: MakeActor) -> None:
    seen: list[int] = []
    episodes = roll_out(make_actor(0), "Hopper-v4", name="x", episodes=35, progress=seen.append)
    assert sorted(seen) == sorted(episode.steps for episode in episodes)


@pytest.fixture
def short_hopper() -> Iterator[str]:
    """Hopper with a time limit of 5 steps."""
    name = "ShortHopper-v4"
    entry = "gymnasium.envs.mujoco.hopper_v4:HopperEnv"
    gymnasium.register(name, entry_point=entry, max_episode_steps=5)
    yield name
    gymnasium.registry.pop(name)


@pytest.mark.usefixtures("few_lanes")
def test_a_time_limit_is_no_terminal(make_actor: MakeActor, short_hopper: str) -> None:
    cut = roll_out(make_actor(0), short_hopper, name="x", episodes=2)
    assert [(episode.steps, episode.terminal) for episode in cut] == [(5, False)] * 2
    fallen = roll_out(make_actor(0), "Hopper-v4", name="x", episodes=2)
    assert [episode.terminal for episode in fallen] == [True, True]


def test_the_shipped_zoo_keeps_its_promises() -> None:
    shipped = zoo.read(HOPPER)
    low, high = MEDIUM
    assert (low, high) == (30, 50)
    assert low <= shipped.medium.score <= high
    assert shipped.expert.score >= 95
    assert len({snapshot.file for snapshot in (*shipped.replay, shipped.expert)}) >= 10
    for snapshot in (*shipped.replay, shipped.expert):
        assert sha256(shipped.folder / snapshot.file) == snapshot.sha256
        assert snapshot.score == pytest.approx(HOPPER.normalised(snapshot.return_mean), abs=0.02)
        assert Actor.load(shipped.intact(snapshot)).mean[0].shape[1] == 3
    size = sum(path.stat().st_size for path in shipped.folder.iterdir())
    assert size < 5_000_000


def test_the_shipped_zoo_is_in_the_order_of_training() -> None:
    shipped = zoo.read(HOPPER)
    steps = [snapshot.step for snapshot in shipped.replay]
    assert steps == sorted(set(steps))
    assert shipped.medium.step == steps[-1] < shipped.expert.step
    assert sum(snapshot.share for snapshot in shipped.replay) == pytest.approx(1)
    assert all(snapshot.share > 0 for snapshot in shipped.replay)


def test_the_shipped_zoo_holds_nothing_else() -> None:
    shipped = zoo.read(HOPPER)
    files = {snapshot.file for snapshot in (*shipped.replay, shipped.expert)}
    assert {path.name for path in shipped.folder.iterdir()} == files | {"manifest.json"}


@pytest.mark.parametrize("damage", ["flipped", "truncated", "missing"])
def test_a_damaged_checkpoint_is_refused_by_name(tmp_path: Path, damage: str) -> None:
    shutil.copytree(ZOO / "hopper", tmp_path / "hopper")
    copied = zoo.read(HOPPER, tmp_path)
    path = tmp_path / "hopper" / copied.expert.file
    content = path.read_bytes()
    if damage == "flipped":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "truncated":
        path.write_bytes(content[:-1])
    else:
        path.unlink()
    with pytest.raises(DamagedFile, match=f"{path} is missing or damaged"):
        Actor.load(copied.intact(copied.expert))


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"replay": [{"file": "x"}]}'], ids=["empty", "list", "bare", "row"]
)
def test_a_damaged_zoo_is_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "hopper").mkdir()
    (tmp_path / "hopper" / "manifest.json").write_text(content)
    with pytest.raises(DamagedFile, match=str(tmp_path / "hopper" / "manifest.json")):
        zoo.read(HOPPER, tmp_path)


def test_a_missing_zoo_is_said_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="`bench behaviours train hopper` trains them"):
        zoo.read(HOPPER, tmp_path)


@pytest.fixture
def small_zoo(make_actor: MakeActor, tmp_path: Path, few_lanes: None) -> Zoo:
    """Four untrained policies as a zoo, rolled out in few envs."""

    def keep(seed: int, share: float) -> Snapshot:
        path = tmp_path / f"{seed}.safetensors"
        make_actor(seed).save(path)
        return Snapshot(path.name, seed, share, 1.0, 2.0, 3.0, 4.0, sha256(path))

    replay = tuple(keep(seed, share) for seed, share in [(1, 0.2), (2, 0.3), (3, 0.5)])
    return Zoo(tmp_path, replay, keep(4, 0.0))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("medium", [("3.safetensors", 1000)]),
        ("medium-expert", [("3.safetensors", 1000), ("4.safetensors", 1000)]),
        ("medium-replay", [("1.safetensors", 200), ("2.safetensors", 300), ("3.safetensors", 500)]),
    ],
)
def test_parts_of_a_data_set(small_zoo: Zoo, kind: str, expected: list[Any]) -> None:
    found = parts(TASKS[f"hopper-{kind}"], small_zoo, 1000)
    assert [(snapshot.file, steps) for snapshot, steps in found] == expected


def test_an_unknown_kind_of_data_is_refused(small_zoo: Zoo) -> None:
    task = replace(TASKS["hopper-medium"], kind="random")
    with pytest.raises(ValueError, match="no recipe for data of kind 'random'; known: medium"):
        parts(task, small_zoo, 1000)


def test_medium_expert_is_half_medium_and_half_expert_in_order(
    small_zoo: Zoo, tmp_path: Path
) -> None:
    steps = 150
    data = generate(TASKS["hopper-medium-expert"], steps, 0, tmp_path / "set", zoo=small_zoo)
    medium, expert = (
        roll_out(
            Actor.load(small_zoo.intact(snapshot)),
            "Hopper-v4",
            name=f"hopper-{snapshot.file}-0",
            steps=steps,
        )
        for snapshot in (small_zoo.medium, small_zoo.expert)
    )
    for name in ("observations", "actions", "rewards"):
        expected = np.concatenate([getattr(episode, name) for episode in (*medium, *expert)])
        np.testing.assert_array_equal(getattr(data, name), expected)
    assert data.lengths.tolist() == [episode.steps for episode in (*medium, *expert)]
    recorded = json.loads((tmp_path / "set" / "manifest.json").read_text())["parts"]
    assert [part["policy"] for part in recorded] == ["3.safetensors", "4.safetensors"]
    assert [part["episodes"] for part in recorded] == [len(medium), len(expert)]
    for part in recorded:
        assert steps - 40 < part["steps"] <= steps


def test_the_manifest_says_what_the_data_are(small_zoo: Zoo, tmp_path: Path) -> None:
    data = generate(TASKS["hopper-medium"], 100, 7, tmp_path / "set", zoo=small_zoo)
    manifest = json.loads((tmp_path / "set" / "manifest.json").read_text())
    assert manifest["source"] == "generated"
    assert (manifest["task"], manifest["environment"]) == ("hopper-medium", "Hopper-v4")
    assert (manifest["seed"], manifest["steps_per_part"]) == (7, 100)
    assert (manifest["episodes"], manifest["steps"]) == (data.episodes, data.steps)
    assert manifest["terminals"] == data.episodes
    assert manifest["timeouts"] == 0
    assert manifest["simulator"].keys() == {"gymnasium", "mujoco"}
    assert manifest["parts"][0]["sha256"] == small_zoo.medium.sha256
    np.testing.assert_allclose(manifest["returns"], data.returns, atol=1e-3)
    assert manifest["action_range"] == [-1, 1]


def test_time_outs_are_marked_in_generated_data(
    small_zoo: Zoo, tmp_path: Path, short_hopper: str
) -> None:
    task = replace(TASKS["hopper-medium"], domain=replace(HOPPER, environment=short_hopper))
    data = generate(task, 20, 0, tmp_path / "set", zoo=small_zoo)
    assert np.flatnonzero(data.timeouts).tolist() == [4, 9, 14, 19]
    assert not data.terminals.any()


@pytest.mark.parametrize("kind", ["medium", "medium-replay", "medium-expert"])
def test_generated_data_are_the_same_bytes_twice(small_zoo: Zoo, tmp_path: Path, kind: str) -> None:
    task = TASKS[f"hopper-{kind}"]
    for name in "ab":
        generate(task, 150, 0, tmp_path / name, zoo=small_zoo)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == sorted(["manifest.json", *(f"{array}.npy" for array in (*ARRAYS, FINAL))])
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_another_seed_gives_other_data(small_zoo: Zoo, tmp_path: Path) -> None:
    one, two = (
        generate(TASKS["hopper-medium"], 100, seed, tmp_path / f"{seed}", zoo=small_zoo)
        for seed in (0, 1)
    )
    assert not np.isin(one.rewards, two.rewards).all()


def test_generated_data_are_read_back(small_zoo: Zoo, tmp_path: Path) -> None:
    data = generate(TASKS["hopper-medium-replay"], 300, 0, tmp_path / "set", zoo=small_zoo)
    back = load(tmp_path / "set")
    check(back, "back")
    np.testing.assert_array_equal(back.returns, data.returns)
    assert back.observations.shape[1:] == (11,)
    assert back.final_observations is not None
    assert back.final_observations.shape == (back.episodes, 11)
    assert back.actions.shape[1:] == (3,)
    assert np.abs(back.actions).max() <= 1


def test_the_final_observation_is_what_the_simulator_shows_last(
    small_zoo: Zoo, tmp_path: Path
) -> None:
    data = generate(TASKS["hopper-medium"], 200, 0, tmp_path / "set", zoo=small_zoo)
    assert data.final_observations is not None
    last = data.episode_starts[1:] - 1
    environment = make("Hopper-v4").unwrapped
    for step, final in zip(last[:5], data.final_observations[:5], strict=True):
        seen = data.observations[step].astype(np.float64)
        environment.set_state(np.concatenate([[0.0], seen[:5]]), seen[5:])
        shown, *_ = environment.step(data.actions[step])
        if np.abs(seen[5:]).max() < 10:  # velocities are shown clipped at 10
            np.testing.assert_allclose(final, shown, atol=2e-3)
