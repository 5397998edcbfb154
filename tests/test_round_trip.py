"""A round trip for every kind of data: import, train, evaluate, film, export, import again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.behaviours.random_play import random_episodes
from bench.behaviours.random_walks import walks
from bench.cli.main import main
from bench.core.files import read_json
from bench.datasets import storage
from bench.datasets.trajectories import Trajectories
from bench.environments.graph import random_graph
from bench.tasks.registry import registered_domain, task_by_name
from tests.helpers import atari
from tests.helpers.dt import make_data

pytestmark = pytest.mark.filterwarnings("ignore")
ARRAYS = ("observations", "actions", "rewards", "terminals", "timeouts", "final_observations")


@dataclass(frozen=True)
class Kind:
    """A kind of data, and what is done with it.

    Attributes:
        data: a small data set.
        environment: as the user names it.
        module: the method that is trained.
        options: of the method, for a small network.
        scale: the bounds of the environment's actions, by which those of the data are multiplied.
        film: whether the environment can be drawn as a GIF.
    """

    data: Callable[[], Trajectories]
    environment: str
    module: str
    options: dict[str, Any]
    scale: float = 1.0
    film: bool = False


def pong() -> Trajectories:
    random = np.random.default_rng(0)
    return atari.make_frames(
        (5, 4),
        observations=random.integers(0, 256, (9, 84, 84), dtype=np.uint8),
        final_observations=random.integers(0, 256, (2, 84, 84), dtype=np.uint8),
        action_range=(0, 5),
    )


SMALL = {"width": 16, "layers": 1, "heads": 1, "batch_size": 4, "context_length": 3}
KINDS = {
    "hopper-mine": Kind(lambda: make_data((12, 7, 15), 11, 3), "Hopper-v4", "dt", SMALL),
    "hopper-short": Kind(
        lambda: make_data((12, 7, 15), 11, 3), 'Hopper-v4 {"max_episode_steps": 20}', "bc", {}
    ),
    "pendulum-mine": Kind(
        lambda: make_data((12, 7, 15), 3, 1), "Pendulum-v1", "bc", {"width": 16}, scale=2.0
    ),
    "key_to_door-mine": Kind(
        lambda: random_episodes(4, 0), "bench/KeyToDoor-v0", "dt", SMALL, film=True
    ),
    "graph1-mine": Kind(
        lambda: walks(random_graph(1), 20, seed=0), "bench/ShortestPath1-v0", "dt_graph", {}
    ),
    "pong-mine": Kind(pong, "bench/Pong-v0", "dt_atari", {}, film=True),
}


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))
    return tmp_path


def bench(*arguments: object) -> None:
    assert main([str(argument) for argument in arguments]) == 0


def saved(kind: Kind) -> Trajectories:
    """Write the data as a user's file, and return them."""
    data = kind.data()
    arrays = {name: getattr(data, name) for name in ARRAYS[:-1]}
    if kind.scale != 1:
        arrays["actions"] = arrays["actions"] * kind.scale
    if data.final_observations is not None:
        following = np.concatenate([data.observations[1:], data.observations[:1]])
        following[data.episode_starts[1:] - 1] = data.final_observations
        arrays["next_observations"] = following
    np.savez("mine.npz", **arrays)
    return data


def equal(first: Trajectories, second: Trajectories, rounding: float = 0.0) -> None:
    for name in ARRAYS:
        mine, other = getattr(first, name), getattr(second, name)
        if mine is None:
            assert other is None
            continue
        assert mine.dtype == other.dtype, name
        np.testing.assert_allclose(mine, other, rtol=0, atol=rounding, err_msg=name)
    assert (first.stack, first.action_low, first.action_high) == (
        second.stack,
        second.action_low,
        second.action_high,
    )


@pytest.mark.parametrize("name", KINDS)
def test_a_round_trip(name: str) -> None:
    kind = KINDS[name]
    data = saved(kind)
    known = registered_domain(kind.environment)
    reference = [] if known else ["--reference", "0", "1"]
    bench(
        *("data", "import", "--file", "mine.npz", "--task", name),
        *("--environment", kind.environment, *reference),
    )
    folder = Path("data/imported", name)
    rounding = 1e-6 if kind.scale != 1 else 0.0
    equal(storage.load(folder), data, rounding)

    run = Path("results/t/runs", name, "dense/100", kind.module, "0")
    options = ["--options", json.dumps(kind.options), "--steps", "2"]
    bench("train", "--run", run, "--data", folder, "--module", kind.module, *options)
    limits = ["--episodes", "2", "--num-envs", "2", "--max-steps", "6"]
    bench("evaluate", "--run", run, *limits)
    record = read_json(run / "result.json")
    assert record["protocol"]["environment"].startswith(kind.environment.split(" ")[0])
    assert all(1 <= length <= 6 for length in record["evaluations"][-1]["lengths"])
    if kind.film:
        bench("video", "--run", run, "--steps", "2", "--out", "episode.gif")
        assert Path("episode.gif").read_bytes()[:6] == b"GIF89a"

    dataset = f"mine/{name.replace('_', '')}-v0"
    bench("data", "export", folder, "--minari-id", dataset)
    domain, kind_of_data = name.split("-")
    again = f"{domain}-back"
    bench("data", "import", "--file", dataset, "--task", again)
    equal(storage.load(Path("data/imported", again)), storage.load(folder), rounding)
    mine, other = task_by_name(name), task_by_name(again)
    assert (mine.kind, other.kind) == (kind_of_data, "back")
    assert mine.domain == replace(other.domain, target_return=mine.domain.target_return)
    for each in (folder, Path("data/imported", again)):
        bench("data", "verify", each)


def test_scores_of_games_travel() -> None:
    """Rewards are clipped, so the scores are not the returns."""
    data = replace(pong(), scores=np.array([210.0, -3.0]))
    storage.save(data, Path("set"), {"source": "generated", "task": "pong-replay"})
    bench("data", "export", "set", "--minari-id", "mine/pong-v0")
    bench("data", "import", "--file", "mine/pong-v0", "--task", "pong-back")
    back = storage.load(Path("data/imported/pong-back"))
    equal(back, data)
    assert back.scores is not None
    assert back.scores.tolist() == [210.0, -3.0]


OF_THE_SUITE = {
    "hopper-mine": "hopper-medium",
    "key_to_door-mine": "key_to_door-1k",
    "graph1-mine": "graph1-walks",
    "pong-mine": "pong-replay",
}


@pytest.mark.parametrize("name", OF_THE_SUITE)
def test_unknown_last_observations_stay_unknown(name: str) -> None:
    """Minari needs one. The export repeats the observation before it, and an import knows that."""
    data = replace(KINDS[name].data(), final_observations=None)
    storage.save(data, Path("set"), {"source": "generated", "task": OF_THE_SUITE[name]})
    bench("data", "export", "set", "--minari-id", "mine/set-v0")
    bench("data", "import", "--file", "mine/set-v0", "--task", name)
    equal(storage.load(Path("data/imported", name)), data)
