"""The zoo of a game: built out of a training, read again, and the one that ships."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.behaviours import ZOO, atari_training, atari_zoo, zoo
from bench.behaviours.atari_agent import AtariAgent
from bench.behaviours.atari_games import evaluate_agent
from bench.behaviours.atari_zoo import spread
from bench.cli.main import main
from bench.core.files import DamagedFile, read_json
from bench.tasks.registry import DOMAINS, FAMILIES

GAMES = tuple(FAMILIES["atari"].domains)

# mean raw scores of twenty games, above a random agent's (Table 11) by far
LEVELS = {"breakout": 30, "qbert": 2000, "pong": 10, "seaquest": 400}


# --- which agents ------------------------------------------------------------------------------


def test_players_are_spread_evenly_by_hand() -> None:
    assert spread([0, 10, 20, 30, 40, 47], 4) == [0, 20, 30, 47]  # nearest to 0, 15.7, 31.3, 47
    assert spread([3, 5, 9], 3) == [3, 5, 9]


@pytest.mark.parametrize("steps", [[], [0], [0, 1, 2, 100]])
def test_too_few_players_are_refused(steps: list[int]) -> None:
    with pytest.raises(
        ValueError, match=rf"the training has {len(steps)} snapshots, but a zoo needs 4"
    ):
        spread(steps, 4)


# --- building -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_training_by_the_console_builds_a_zoo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(atari_training, "RANDOM_STEPS", 60)
    monkeypatch.setattr(atari_zoo, "AGENTS", 2)
    monkeypatch.setattr(atari_zoo, "EPISODES", 3)
    line = ["behaviours", "train", "breakout", "--steps", "64", "--keep-every", "64", "--seed", "3"]
    line += ["--options", '{"num_envs": 1, "length": 32, "batch": 32, "width": 8}']
    assert main([*line, "--work", str(tmp_path / "work"), "--zoo", str(tmp_path / "zoo")]) == 0
    assert f"{tmp_path / 'zoo/breakout'}: scores " in capsys.readouterr().out
    animals = zoo.read(DOMAINS["breakout"], tmp_path / "zoo")
    assert [(c.step, c.share) for c in animals.replay] == [(0, 0.5), (64, 0.5)]
    assert animals.expert in animals.replay
    assert animals.expert.return_mean == max(c.return_mean for c in animals.replay)
    manifest = read_json(animals.folder / "manifest.json")
    assert manifest["command"].startswith(
        "bench behaviours train breakout --algorithm ppo --steps 64"
    )
    assert '"width": 8' in manifest["command"]
    assert manifest["evaluation"].pop("simulator")["ale-py"]
    assert manifest["evaluation"] == {"episodes": 3, "actions": "sampled", "sticky": 0.25}
    for snapshot in animals.replay:  # what ships is what was scored
        agent = AtariAgent.load(animals.intact(snapshot))
        name = f"score-breakout-{snapshot.step}"
        scores, lengths = evaluate_agent(agent, "breakout", name=name, episodes=3)
        assert snapshot.return_mean == round(float(scores.mean()), 2)
        assert snapshot.length_mean == round(float(lengths.mean()), 1)
        assert snapshot.score == pytest.approx((scores.mean() - 2) / 28 * 100, abs=0.01)
        assert all((weight.astype("f2") == weight).all() for weight, _ in agent.layers)


# --- what ships ---------------------------------------------------------------------------------


@pytest.mark.parametrize("game", GAMES)
def test_levels(game: str) -> None:
    animals = zoo.read(DOMAINS[game])
    assert animals.expert.return_mean >= LEVELS[game]
    assert animals.replay[0].step == 0
    assert animals.replay[0].score < 5
    assert len(animals.replay) == 10
    assert sum(snapshot.share for snapshot in animals.replay) == pytest.approx(1)
    steps = [snapshot.step for snapshot in animals.replay]
    assert steps == sorted(steps)
    manifest = read_json(animals.folder / "manifest.json")
    assert manifest["command"].startswith(f"bench behaviours train {game} --algorithm ppo ")
    assert manifest["training"]["steps"] == atari_training.STEPS[game]
    for snapshot in animals.replay:
        AtariAgent.load(animals.intact(snapshot))  # its bytes are those of the manifest


def test_the_files_are_small() -> None:
    sizes = [path.stat().st_size for game in GAMES for path in (ZOO / game).glob("*.safetensors")]
    assert max(sizes) < 300_000
    assert sum(sizes) < 4_000_000


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    snapshot = zoo.read(DOMAINS["pong"]).replay[1]
    (tmp_path / snapshot.file).write_bytes(b"something else")
    with pytest.raises(DamagedFile, match="missing or damaged; restore it from version control"):
        zoo.Zoo(tmp_path, (snapshot,), snapshot).intact(snapshot)


def test_a_game_of_the_breakout_player_is_one_of_its_score() -> None:
    """One game, not more than five standard deviations from the manifest's mean."""
    animals = zoo.read(DOMAINS["breakout"])
    best = animals.expert
    [score], [length] = evaluate_agent(
        AtariAgent.load(animals.intact(best)), "breakout", name="once", episodes=1
    )
    assert abs(score - best.return_mean) < 5 * best.return_std
    assert length < 27_000
