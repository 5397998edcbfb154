"""An episode of the evaluation, played again and seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from baselines import uniform
from bench.behaviours.random_play import random_episodes
from bench.core.files import DamagedFile, digest
from bench.datasets import storage
from bench.datasets.trajectories import Trajectories
from bench.environments.key_to_door import HORIZON, ID, KeyToDoor
from bench.environments.video import U8
from bench.runs import video
from bench.runs.policies import POLICY
from bench.runs.rollout import episode_seed, policy_seed
from bench.runs.train import TRAINING, train_run
from bench.runs.video import HEIGHT, episode_frames, record_video

RUNS = Path("results/tiny/runs/key_to_door-1k/dense/100/uniform")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the runs 0 and 3 of random actions on Key-to-Door."""
    root = tmp_path_factory.mktemp("video")
    storage.save(random_episodes(30, 0), root / "data", {"source": "generated"})
    for seed in (0, 3):
        train_run(root / RUNS / str(seed), root / "data", "uniform", {}, 0, (), "cpu")
    return root / RUNS


def played(seed: int, index: int, steps: int) -> list[U8]:
    """Return the pictures of an episode of random actions, played step by step."""
    environment = KeyToDoor(render_mode="rgb_array")
    environment.reset(seed=episode_seed(ID, index))
    policy = uniform.UniformPolicy(0, 3, 0)
    policy.reset(np.array([policy_seed(ID, seed, index)]), np.ones(1, np.float32))
    pictures = [environment.render()]
    for _ in range(steps):
        [action] = policy.act(np.zeros((1, 5, 5, 3), np.uint8), np.zeros(1, np.float32))
        environment.step(action)
        pictures.append(environment.render())
    return [np.array(picture) for picture in pictures]


def copied(run: Path, root: Path) -> Path:
    """Copy the files of a run to a run's folder below `root`; return it."""
    folder = root / RUNS / run.name
    folder.mkdir(parents=True)
    for path in run.iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.mark.parametrize(("seed", "index"), [(0, 0), (0, 2), (3, 0)])
def test_the_episode_is_that_of_the_evaluation(runs: Path, seed: int, index: int) -> None:
    found = episode_frames(runs / str(seed), index, max_steps=25)
    np.testing.assert_array_equal(found, played(seed, index, 25))


def test_episodes_and_runs_differ(runs: Path) -> None:
    first, other, third = (
        episode_frames(runs / str(seed), index, max_steps=25)
        for seed, index in ((0, 0), (0, 2), (3, 0))
    )
    assert not np.array_equal(first[0], other[0])
    np.testing.assert_array_equal(first[0], third[0])  # an episode starts alike in every run
    assert not np.array_equal(first, third)


@pytest.mark.parametrize(("config", "target"), [({}, 1.0), ({"target_return": 0.0}, 0.0)])
def test_the_policy_is_asked_for_the_return_of_the_evaluation(
    config: dict[str, float],
    target: float,
    runs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The option `target_return`, also if it is 0, else the target of the task, which is 1."""
    folder = copied(runs / "0", tmp_path)
    training = json.loads((folder / TRAINING).read_text()) | {"config": config}
    (folder / TRAINING).write_text(json.dumps(training | {"digest": digest(training)}))
    asked: list[float] = []
    reset = uniform.UniformPolicy.reset

    def spy(policy: uniform.UniformPolicy, seeds: Any, targets: Any) -> None:
        asked.extend(targets.tolist())
        reset(policy, seeds, targets)

    monkeypatch.setattr(uniform.UniformPolicy, "reset", spy)
    episode_frames(folder, 0, max_steps=2)
    assert asked == [target]


def test_a_whole_episode_has_a_picture_more_than_steps(runs: Path) -> None:
    assert len(episode_frames(runs / "0", 0)) == HORIZON + 1


def test_a_run_that_was_not_trained_and_a_damaged_policy_are_refused(
    runs: Path, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError, match=r"uniform/1 holds no training\.json.* train it"):
        episode_frames(runs / "1", 0)
    copy = copied(runs / "0", tmp_path)
    (copy / POLICY).write_bytes((copy / POLICY).read_bytes() + b" ")
    with pytest.raises(DamagedFile, match=rf"{POLICY} is not the one that was trained"):
        episode_frames(copy, 0)


def test_a_video_is_the_frames_of_the_episode(runs: Path, tmp_path: Path) -> None:
    record_video(runs / "0", tmp_path / "a.gif", index=2, max_steps=25, every=5)
    expected = [played(0, 2, 25)[step] for step in range(0, 26, 5)]
    np.testing.assert_array_equal(frames_of(tmp_path / "a.gif"), expected)


def frames_of(path: Path) -> list[U8]:
    with Image.open(path) as image:
        found = []
        for index in range(image.n_frames):
            image.seek(index)
            found.append(np.asarray(image.convert("RGB")))
    return found


def test_the_best_episode_of_the_data_stands_beside_it(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []
    made = video.beside
    monkeypatch.setattr(
        video, "beside", lambda *arguments: (given.append(arguments), made(*arguments))[1]
    )
    data = runs.parents[6] / "data"
    storage.save(random_episodes(30, 0), data, {"source": "generated", "task": "key_to_door-1k"})
    for steps, target in ((None, None), (25, 0.0)):
        record_video(runs / "0", tmp_path / "a.webm", max_steps=steps, target=target, data=data)
    whole, part = given
    best = storage.load(data).returns.max()
    earned = sum(rewards_of(0, 0))
    assert whole[2] == (
        f"uniform, asked for 1: return {earned:.0f}",
        f"best episode of key_to_door-1k: return {best:.0f}",
    )
    assert part[2][0] == "uniform, asked for 0: return 0 after 25 steps"
    assert (len(whole[0]), len(whole[1]), len(part[0]), len(part[1])) == (121, 120, 26, 26)
    assert len(whole[0][0]) <= HEIGHT


def rewards_of(seed: int, index: int) -> list[float]:
    """Return the rewards of an episode of random actions."""
    environment = KeyToDoor()
    environment.reset(seed=episode_seed(ID, index))
    policy = uniform.UniformPolicy(0, 3, 0)
    policy.reset(np.array([policy_seed(ID, seed, index)]), np.ones(1, np.float32))
    seen, none = np.zeros((1, 5, 5, 3), np.uint8), np.zeros(1, np.float32)
    return [float(environment.step(policy.act(seen, none)[0])[1]) for _ in range(HORIZON)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"out": Path("a.avi")}, "must end in .gif, .webm or .mp4"),
        ({"fps": 0.0}, "fps must be above 0"),
        ({"every": 0}, "every must be at least 1, not 0"),
    ],
)
def test_what_cannot_be_written_is_refused_before_it_is_played(
    arguments: dict[str, Any], message: str, runs: Path, tmp_path: Path
) -> None:
    out = arguments.pop("out", Path("a.webm"))
    with pytest.raises(ValueError, match=message):
        record_video(runs / "0", tmp_path / out, **arguments)
    assert not any(tmp_path.iterdir())


def test_data_of_another_environment_are_refused(
    runs: Path, tmp_path: Path, hopper_like: Trajectories
) -> None:
    storage.save(hopper_like, tmp_path / "data", {"task": "hopper-medium", "source": "generated"})
    with pytest.raises(ValueError, match=r"data is of Hopper-v4, and .* of bench/KeyToDoor-v0"):
        record_video(runs / "0", tmp_path / "a.webm", data=tmp_path / "data")
