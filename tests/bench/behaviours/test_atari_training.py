"""Training agents of Atari games: the environments, the learner, and a loop that can be stopped."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from bench.behaviours import atari_games, atari_training
from bench.behaviours.atari_agent import AtariAgent, RamEncoder
from bench.behaviours.atari_games import AutoResetEnvs, RamEnvs, evaluate_agent
from bench.behaviours.atari_training import STATE, train_agent
from bench.behaviours.ppo import Learner, Settings, advantages
from bench.core.files import DamagedFile, read_json
from bench.core.seeds import derive, generator
from bench.environments import atari

TINY = {"num_envs": 2, "length": 32, "batch": 32, "width": 8}  # 64 steps an update


@pytest.fixture(autouse=True)
def _few_random_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atari_training, "RANDOM_STEPS", 60)


def train(out: Path, steps: int = 512, **settings: Any) -> None:
    options = TINY | settings.pop("options", {})
    train_agent(
        "breakout", out, steps=steps, keep_every=128, save_every=2, options=options, **settings
    )


# --- environments -----------------------------------------------------------------------------------


def test_envs_keep_the_previous_memory_and_distinguish_lives_from_games() -> None:
    """Against one game alone: fire, then stay; each of five balls is lost."""
    row = RamEnvs("breakout", 2)
    alone = atari.make("breakout", sticky=0.25, ram=True)
    row.reset(0, 1)
    row.reset(1, 7)
    memory, info = alone.reset(seed=7)
    np.testing.assert_array_equal(row.before[1], memory)
    still, lost_lives, over = row.memory[0].copy(), 0, False
    while not over:
        last, lives = memory, info["lives"]
        memory, reward, terminal, _, info = alone.step(1)
        paid, lost, over = row.step(1, 1)
        assert (paid, lost, over) == (reward, info["lives"] < lives, terminal)
        np.testing.assert_array_equal(row.memory[1], memory)
        np.testing.assert_array_equal(row.before[1], last)
        lost_lives += lost
    assert lost_lives == 5
    np.testing.assert_array_equal(row.memory[0], still)


def test_games_go_on_without_end_and_tell_their_scores() -> None:
    games = AutoResetEnvs("breakout", 2)
    games.restart("here", 3)
    alone = [atari.make("breakout", sticky=0.25, ram=True) for _ in range(2)]
    for env, game in enumerate(alone):
        game.reset(seed=derive("here", 3, env))
    sums, scores, mine = np.zeros(2), [], []
    for action in np.random.default_rng(0).integers(4, size=(450, 2)):
        rewards, ends, over = games.step(action)
        mine += over
        for env, game in enumerate(alone):
            _, reward, terminal, _, _ = game.step(action[env])
            assert rewards[env] == reward
            assert ends[env] or not terminal
            sums[env] += reward
            if terminal:
                scores.append(sums[env])
                sums[env] = 0
                game.reset()
    assert len(scores) >= 2
    assert mine == scores


def test_a_score_is_that_of_games_played_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five games in two envs, against one console and a loop of its own."""
    monkeypatch.setattr(atari_games, "NUM_ENVS", 2)
    random = np.random.default_rng(4)
    encoder = RamEncoder(np.array([70, 72, 99, 101]), np.full(4, 99, "f4"), np.full(8, 0.02, "f4"))
    agent = AtariAgent(encoder, ((random.normal(size=(8, 4)).astype("f4"), np.zeros(4, "f4")),))
    scores, lengths = evaluate_agent(agent, "breakout", name="here", episodes=5)
    console = atari.make("breakout", sticky=0.25, ram=True)
    assert len(set(lengths.tolist())) > 2
    for index in range(5):
        memory, _ = console.reset(seed=derive("reset", "here", index))
        dice, before = generator("noise", "here", index), memory
        score, steps, over = 0.0, 0, False
        while not over:
            [action] = agent.act(memory[None], before[None], dice.random(1))
            before = memory
            memory, reward, terminal, timeout, _ = console.step(action)
            score, steps, over = score + reward, steps + 1, terminal or timeout
        assert (scores[index], lengths[index]) == (score, steps)


# --- the learner --------------------------------------------------------------------------------


def test_advantages_by_hand() -> None:
    """Two envs: one goes on, one ends at the second of three steps."""
    rewards = np.array([[1, 0], [0, 1], [2, 0]], "f4")
    values = np.array([[1, 1], [2, 2], [3, 3], [4, 4]], "f4")
    ends = np.array([[0, 0], [0, 1], [0, 0]], "f4")
    # errors: 1+1-1=1, 0+1.5-2=-.5, 2+2-3=1 | 0+1-1=0, 1-2=-1, 0+2-3=-1; then half times half of
    # what is ahead, but for what follows the end
    expected = [[1 - 0.0625, 0 - 0.25], [-0.5 + 0.25, -1], [1, -1]]
    np.testing.assert_allclose(advantages(rewards, values, ends, 0.5, 0.5), expected)


class Colours:
    """Stands in for `AutoResetEnvs`: byte 9 is 0 or 200 at random; the right action pays 5, which counts
    as 1.
    """

    def __init__(self, envs: int) -> None:
        self.random = np.random.default_rng(0)
        self.envs = SimpleNamespace(
            memory=np.zeros((envs, 128), np.uint8), before=np.zeros((envs, 128), np.uint8)
        )

    def step(self, actions: Any) -> Any:
        memory = self.envs.memory
        right = actions == np.where(memory[:, 9] == 200, 2, 0)
        self.envs.before[:] = memory
        memory[:, 9] = self.random.integers(2, size=len(memory)) * 200
        return right * np.float32(5), np.zeros(len(memory), np.float32), []


def test_it_learns_what_pays() -> None:
    settings = Settings(num_envs=8, length=32, batch=64, width=16, rate=3e-3)
    encoder = RamEncoder(np.array([9]), np.array([100], "f4"), np.array([0.01, 0.01], "f4"))
    learner, games = Learner(encoder, 3, settings, seed=0), Colours(8)
    random = np.random.default_rng(1)
    for _ in range(25):
        played, scores = learner.play(games, random)  # type: ignore[arg-type]
        learner.update(played, settings.rate, random)
    assert scores == []
    shown = np.zeros((3, 128), np.uint8)
    shown[:, 9] = [0, 200, 0]
    logits = learner.actor(torch.from_numpy(encoder(shown, shown))).softmax(1)
    assert logits[0, 0] > 0.9
    assert logits[1, 2] > 0.9
    # half of the actions of the untrained policy pay nothing; 1 a step is most there is
    assert played.returns.max() < 1 / (1 - settings.discount)
    agent = learner.agent()
    chance = np.full(3, 0.5)
    assert agent.act(shown, shown, chance).tolist() == [0, 2, 0]


def test_a_player_is_the_learners_policy() -> None:
    encoder = RamEncoder(np.arange(5), np.zeros(5, "f4"), np.full(10, 0.01, "f4"))
    learner = Learner(encoder, 4, Settings(width=8), seed=3)
    random = np.random.default_rng(0)
    for parameter in learner.actor.parameters():
        parameter.data.normal_(generator=torch.Generator().manual_seed(len(parameter)))
    now, before = random.integers(0, 256, size=(2, 200, 128), dtype=np.uint8)
    odds = learner.actor(torch.from_numpy(encoder(now, before))).softmax(1).detach().numpy()
    for chance in (0.1, 0.5, 0.9):
        acts = learner.agent().act(now, before, np.full(200, chance))
        heights = np.cumsum(odds, axis=1)
        assert (heights[np.arange(200), acts] >= chance - 1e-5).all()


def test_it_starts_nearly_uniform_and_leaves_the_global_dice_alone() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    encoder = RamEncoder(np.arange(5), np.zeros(5, "f4"), np.ones(10, "f4"))
    learner = Learner(encoder, 4, Settings(), seed=0)
    assert torch.equal(torch.get_rng_state(), before)
    odds = learner.actor(torch.randn(50, 10)).softmax(1)
    assert (odds - 0.25).abs().max() < 0.03
    other = Learner(encoder, 4, Settings(), seed=1)
    assert not torch.equal(learner.parameters[0], other.parameters[0])


# --- the training -------------------------------------------------------------------------------


def rows_of(out: Path) -> list[Any]:
    """The log without its clock."""
    rows = [json.loads(line) for line in (out / "progress.jsonl").read_text().splitlines()]
    return [(row["step"], row["training_return"]) for row in rows]


def bytes_of(out: Path) -> dict[str, bytes]:
    files = [*(out / "actors").iterdir(), out / STATE, out / "identity.json"]
    return {path.name: path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training in one go."""
    out = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(atari_training, "RANDOM_STEPS", 60)
        train(out)
    return out


def test_a_stopped_training_goes_on_to_the_same_bytes(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in its sixth update, after an agent and before the state that would hold it."""
    real, count = Learner.update, iter(range(100))

    def stopped(self: Learner, *arguments: Any) -> None:
        if next(count) == 5:
            raise KeyboardInterrupt
        real(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Learner, "update", stopped)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path)
    assert len(rows_of(tmp_path)) < len(rows_of(whole))
    (tmp_path / "actors/000000384.safetensors").write_bytes(b"left over")
    train(tmp_path)
    assert bytes_of(tmp_path) == bytes_of(whole)
    assert rows_of(tmp_path) == rows_of(whole)


def test_what_a_training_leaves(whole: Path) -> None:
    names = sorted(path.stem for path in (whole / "actors").iterdir())
    assert [int(name) for name in names] == [0, 128, 256, 384, 512]
    assert [step for step, _ in rows_of(whole)] == [128, 256, 384, 512]
    identity = read_json(whole / "identity.json")
    assert identity["settings"]["num_envs"] == 2
    assert {"ale-py", "torch"} <= set(identity["libraries"])
    first, last = (AtariAgent.load(whole / f"actors/{name}.safetensors") for name in names[::4])
    assert len(first.layers[-1][1]) == 4
    assert not np.array_equal(first.layers[0][0], last.layers[0][0])


def test_a_finished_training_is_left_alone(whole: Path) -> None:
    before = bytes_of(whole)
    train(whole)
    assert bytes_of(whole) == before


@pytest.mark.parametrize(
    "other", [{"seed": 1}, {"steps": 1024}, {"options": {"rate": 0.1}}], ids=str
)
def test_another_training_in_the_same_folder_is_refused(
    whole: Path, tmp_path: Path, other: dict[str, Any]
) -> None:
    (tmp_path / "identity.json").write_bytes((whole / "identity.json").read_bytes())
    with pytest.raises(ValueError, match="holds another training"):
        train(tmp_path, **other)
    assert [path.name for path in tmp_path.iterdir()] == ["identity.json"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 63}, "63 steps are too few: an update has 64 steps"),
        (
            {"options": {"learning_rate": 1}},
            "takes no option learning_rate; known: num_envs, length",
        ),
    ],
)
def test_what_cannot_be_trained(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train(tmp_path, **settings)
    assert not any(tmp_path.iterdir())


def test_a_damaged_state_is_named(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "identity.json").write_bytes((whole / "identity.json").read_bytes())
    (tmp_path / STATE).write_bytes((whole / STATE).read_bytes()[:500])
    with pytest.raises(DamagedFile, match=r"state\.safetensors is damaged .*from the start"):
        train(tmp_path)
