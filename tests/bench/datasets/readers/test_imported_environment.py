"""Imported data and their environment: own settings, other bounds of actions, other kinds of actions, modules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.cli.main import main
from bench.datasets import storage
from bench.datasets.readers.checks import WrongData
from bench.datasets.readers.imported import Constants, import_data
from bench.environments.vector import UnknownEnvironment, make, make_vector
from bench.runs.rollout import evaluate
from bench.tasks.registry import task_by_name
from tests.helpers.own_npz import save, uniform

REFERENCE = (0.0, 100.0)


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Constant:
    """A policy that always takes the same action."""

    def __init__(self, action: list[float]) -> None:
        self.action = np.array(action, dtype=np.float32)

    def reset(self, seeds: Any, targets: Any) -> None:
        self.shown: list[Any] = []

    def act(self, observations: Any, rewards: Any) -> Any:
        return np.repeat(self.action[None], len(observations), axis=0)


@pytest.mark.parametrize(
    ("environment", "observation", "bounds"),
    [("Pendulum-v1", 3, [2.0]), ("Pusher-v5", 23, [2.0] * 7), ("Humanoid-v4", 376, [0.4] * 17)],
)
def test_other_bounds_are_rescaled_and_recorded(
    environment: str, observation: int, bounds: list[float]
) -> None:
    high = np.array(bounds)
    actions = uniform(-1, 1, len(bounds)) * high
    actions[0], actions[1] = high, -high
    save(observation, actions)
    data = import_data("my.npz", "own-data", Constants(environment, reference=REFERENCE))
    np.testing.assert_allclose(data.actions, actions / high, atol=1e-6)
    assert (data.action_low, data.action_high) == (-1, 1)
    manifest = storage.read_manifest(Path("data/imported/own-data"))
    recorded = manifest["origin"]["actions_rescaled_from"]
    np.testing.assert_allclose(recorded["high"], high)
    np.testing.assert_allclose(recorded["low"], -high)
    task = task_by_name("own-data")
    assert task.domain.environment == f'{environment} {{"rescale_actions": true}}'
    space = make_vector(task.domain.environment, 1).action_space
    assert (space.low.min(), space.high.max()) == (-1, 1)


@pytest.mark.parametrize("action", [-1.0, 0.3, 1.0])
def test_an_evaluation_maps_actions_back(action: float) -> None:
    """A policy that acts in [-1, 1] earns what the same torque earns in the environment itself."""
    save(3, uniform(-2, 2, 1))
    import_data("my.npz", "own-data", Constants("Pendulum-v1", reference=REFERENCE))
    task = task_by_name("own-data")
    options: dict[str, Any] = {"method": "mine", "episodes": 2, "targets": [0.0], "num_envs": 2}
    [outcome] = evaluate(Constant([action]), task, **options)  # type: ignore[arg-type]
    plain = make("Pendulum-v1")
    from bench.runs.rollout import episode_seed

    expected = []
    for index in range(2):
        plain.reset(seed=episode_seed(task.domain.environment, index))
        rewards = [plain.step(np.float32([2 * action]))[1] for _ in range(200)]
        expected.append(float(np.sum(rewards)))
    np.testing.assert_allclose(outcome.returns, expected, rtol=1e-5)
    assert outcome.lengths == [200, 200]


def test_discrete_actions_of_any_environment() -> None:
    save(4, np.arange(30) % 2)
    data = import_data("my.npz", "pole-mine", Constants("CartPole-v1", reference=REFERENCE))
    assert (data.discrete, data.n_actions, data.observations.dtype) == (True, 2, np.float32)


@pytest.mark.parametrize(
    ("environment", "limit"),
    [
        ('Hopper-v4 {"max_episode_steps": 12}', 12),
        ('Hopper-v4 {"kwargs": {"terminate_when_unhealthy": false}, "max_episode_steps": 12}', 12),
    ],
)
def test_settings_on_the_command_line(environment: str, limit: int) -> None:
    save(11, uniform(-1, 1, 3))
    command = ["data", "import", "--file", "my.npz", "--task", "hopper-own"]
    assert main([*command, "--environment", environment, "--reference", "0", "1"]) == 0
    task = task_by_name("hopper-own")
    assert (task.domain.environment, task.domain.horizon) == (environment, limit)
    assert task.domain.label == "Hopper (own settings)"
    options: dict[str, Any] = {"method": "mine", "episodes": 2, "targets": [0.0], "num_envs": 2}
    [outcome] = evaluate(Constant([0.0] * 3), task, **options)  # type: ignore[arg-type]
    assert outcome.lengths == [limit, limit]


def test_settings_that_the_environment_does_not_have() -> None:
    save(11, uniform(-1, 1, 3))
    own = 'Hopper-v4 {"kwargs": {"no_such_argument": 1}}'
    with pytest.raises(UnknownEnvironment, match=r"with these arguments: TypeError: .*no_such_arg"):
        import_data("my.npz", "hopper-own", Constants(own, reference=REFERENCE))


def test_other_settings_have_other_reference_scores() -> None:
    save(11, uniform(-1, 1, 3))
    with pytest.raises(ValueError, match=r"the reference scores of .* are unknown"):
        import_data("my.npz", "hopper-own", Constants('Hopper-v4 {"max_episode_steps": 12}'))


@pytest.mark.parametrize(
    ("environment", "horizon", "expected"),
    [
        ("Hopper-v4", None, "episode 0 has 1,500 steps, but .* at most 1,000"),
        ("Hopper-v4", 1500, ""),
        ("Hopper-v4", 999, "--horizon 999 is shorter than the time limit of Hopper-v4"),
    ],
)
def test_episodes_that_are_longer_than_the_time_limit(
    environment: str, horizon: int | None, expected: str
) -> None:
    steps = 3000
    save(11, uniform(-1, 1, 3, steps), steps, 1500)
    with np.load("my.npz") as file:
        np.savez("my.npz", **dict(file), timeouts=np.zeros(steps))
    constants = Constants(environment, horizon=horizon)
    if expected:
        with pytest.raises(ValueError, match=expected):
            import_data("my.npz", "hopper-long", constants)
        return
    assert import_data("my.npz", "hopper-long", constants).lengths.tolist() == [1500, 1500]
    assert task_by_name("hopper-long").domain.horizon == 1500


# --- rows that are left out -----------------------------------------------------------------------


def test_rows_that_are_left_out_are_said_and_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    save(11, uniform(-1, 1, 3, 37), 37)
    command = ["data", "import", "--file", "my.npz", "--task", "hopper-mine"]
    assert main([*command, "--environment", "Hopper-v4"]) == 0
    assert "left out: 7 steps of 1 unfinished episode(s)" in capsys.readouterr().out
    about = storage.read_manifest(Path("data/imported/hopper-mine"))
    assert about["origin"]["left_out"] == {"steps": 7, "episodes": 1}
    assert main(["data", "describe", "data/imported/hopper-mine"]) == 0
    assert "7 steps of 1 unfinished" in capsys.readouterr().out


@pytest.mark.parametrize(("steps", "end"), [(50_000, 100), (700, 300), (12, 5)])
def test_most_of_the_rows_are_not_left_out(steps: int, end: int) -> None:
    save(11, uniform(-1, 1, 3, steps), steps, steps + 1)
    with np.load("my.npz") as file:
        ends = {"terminals": np.arange(steps) == end - 1, "timeouts": np.zeros(steps)}
        np.savez("my.npz", **(dict(file) | ends))
    with pytest.raises(
        WrongData, match=rf"{steps - end:,} of {steps:,} steps .*Mark the last step"
    ):
        import_data("my.npz", "hopper-mine", Constants("Hopper-v4"))
    assert not Path("data").exists()


def test_a_rest_that_is_longer_than_an_episode_is_refused() -> None:
    steps = 4001
    save(11, uniform(-1, 1, 3, steps), steps, 1000)
    with np.load("my.npz") as file:
        ends = {
            "terminals": np.isin(np.arange(steps), [999, 1999, 2999]),
            "timeouts": np.zeros(steps),
        }
        np.savez("my.npz", **(dict(file) | ends))
    with pytest.raises(WrongData, match=r"1,001 steps follow the last end .* at most 1,000"):
        import_data("my.npz", "hopper-mine", Constants("Hopper-v4"))


def test_counted_time_outs_are_said_and_must_agree_with_next_observations(
    capsys: pytest.CaptureFixture[str],
) -> None:
    steps = 2000
    save(11, uniform(-1, 1, 3, steps), steps, steps + 1)
    with np.load("my.npz") as file:
        content = dict(file)
    command = ["data", "import", "--file", "my.npz", "--task", "hopper-mine"]
    command += ["--environment", "Hopper-v4"]
    assert main(command) == 0
    assert "marks no time-outs: 2 were counted from the time limit" in capsys.readouterr().out
    following = np.roll(content["observations"], -1, axis=0)
    np.savez("my.npz", **content, next_observations=following)
    assert main(command) == 0
    following[9] += 1  # an episode ends here
    np.savez("my.npz", **content, next_observations=following)
    assert main(command) == 1
    assert "next observation of row 9 is not the observation of row 10" in capsys.readouterr().err
