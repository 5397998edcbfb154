"""The behaviour policy inside a D4RL file, written as D4RL's scripts write it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import h5py
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.wrappers import RescaleAction

from bench.behaviours.actor import Actor
from bench.behaviours.from_d4rl import read_policy, roll_out_again
from bench.cli.main import main
from bench.datasets import storage
from bench.datasets.readers.checks import WrongData
from bench.tasks.registry import task_by_name

LAYERS = {"fc0": (8, 11), "fc1": (5, 8), "last_fc": (3, 5), "last_fc_log_std": (3, 5)}


@pytest.fixture
def weights() -> dict[str, Any]:
    random = np.random.default_rng(0)
    result: dict[str, Any] = {}
    for name, shape in LAYERS.items():
        result[f"{name}/weight"] = random.normal(0, 0.3, shape).astype(np.float32)
        result[f"{name}/bias"] = random.normal(0, 0.1, shape[0]).astype(np.float32)
    return result | {
        "nonlinearity": np.bytes_("relu"),
        "output_distribution": np.bytes_("tanh_gaussian"),
    }


def write(path: Path, policy: dict[str, Any], observation_size: int = 11) -> Path:
    with h5py.File(path, "w") as file:
        file.create_dataset("observations", data=np.zeros((4, observation_size), np.float32))
        for name, value in policy.items():
            file.create_dataset(f"metadata/policy/{name}", data=value)
    return path


def test_the_policy_is_this_forward_pass(weights: dict[str, Any], tmp_path: Path) -> None:
    actor = read_policy(write(tmp_path / "hopper_medium-v2.hdf5", weights))
    state = np.random.default_rng(1).normal(size=11)
    x = state
    for name in ("fc0", "fc1"):
        x = np.maximum(weights[f"{name}/weight"] @ x + weights[f"{name}/bias"], 0)
    mean = weights["last_fc/weight"] @ x + weights["last_fc/bias"]
    log_std = weights["last_fc_log_std/weight"] @ x + weights["last_fc_log_std/bias"]
    noise = np.array([0.5, -1.0, 2.0])
    given = actor.act(state.astype(np.float32)[None], noise.astype(np.float32)[None])[0]
    np.testing.assert_allclose(given, np.tanh(mean + np.exp(log_std) * noise), atol=1e-5)
    still = actor.act(state.astype(np.float32)[None], None)[0]
    np.testing.assert_allclose(still, np.tanh(mean), atol=1e-5)


def test_rolled_out_it_is_a_task(
    weights: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "hopper_medium-v2.hdf5", weights)
    arguments = ["behaviours", "from-d4rl", str(path), "--task", "hopper-again", "--steps", "300"]
    assert main(arguments) == 0
    assert "data/imported/hopper-again:" in capsys.readouterr().out
    assert task_by_name("hopper-again").domain == task_by_name("hopper-medium").domain
    folder = tmp_path / "data/imported/hopper-again"
    data, manifest = storage.load(folder), storage.read_manifest(folder)
    assert 0 < data.steps <= 300
    assert manifest["origin"]["file"] == "hopper_medium-v2.hdf5"
    kept = Actor.load(folder / "policy.safetensors")
    np.testing.assert_array_equal(kept.mean[0], weights["last_fc/weight"].T)
    # the recorded rewards are those of the environment for the recorded actions
    with gymnasium.make("Hopper-v4") as hopper:
        hopper.reset(seed=0)
        length, size = int(data.lengths[0]), hopper.unwrapped.init_qpos.size  # type: ignore[attr-defined]
        first = data.observations[0].astype(float)
        position = np.concatenate([[0.0], first[: size - 1]])
        hopper.unwrapped.set_state(position, first[size - 1 :])  # type: ignore[attr-defined]
        reward = hopper.step(data.actions[0])[1]
    assert length >= 1
    assert reward == pytest.approx(float(data.rewards[0]), abs=1e-3)

    before = (folder / "manifest.json").read_bytes()
    assert main(arguments) == 0
    assert (folder / "manifest.json").read_bytes() == before  # same file, same episodes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"last_fc/weight": np.zeros((3, 6), np.float32)}, "last_fc has weight .3, 6. and bias"),
        ({"fc0/weight": np.full((8, 11), np.nan)}, "fc0 holds a value that is not finite"),
        ({"nonlinearity": np.bytes_("tanh")}, "nonlinearity is 'tanh'; only 'relu'"),
        ({"output_distribution": np.bytes_("gaussian")}, "only 'tanh_gaussian' can be rolled"),
        ({"fc1/bias": None}, "has no fc1/weight and fc1/bias"),
        (
            {"last_fc_log_std/weight": np.zeros((1, 5)), "last_fc_log_std/bias": np.zeros(1)},
            "gives 3 means and 1 log_stds",
        ),
        ({"fc0/weight": None, "fc0/weight/first": np.zeros(3)}, "fc0/weight is a group"),
        ({"fc0/weight": np.bytes_("heavy")}, r"file\.hdf5: .*fc0/weight holds .S5, not real numb"),
        ({"nonlinearity": np.bytes_(b"\xff\xfe")}, r"file\.hdf5: the policy's nonlinearity is"),
    ],
    ids=[
        *("shape", "nan", "nonlinearity", "distribution", "missing"),
        *("log_std", "group", "text", "encoding"),
    ],
)
def test_another_policy_is_named(
    weights: dict[str, Any], tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    policy = {name: value for name, value in (weights | change).items() if value is not None}
    with pytest.raises(WrongData, match=message):
        read_policy(write(tmp_path / "file.hdf5", policy))


@pytest.mark.parametrize(
    ("observations", "message"),
    [(None, r"file\.hdf5 has no observations"), (np.zeros(4), r"observations have shape \(4,\)")],
    ids=["none", "flat"],
)
def test_a_file_without_observations_of_a_size_is_named(
    weights: dict[str, Any], tmp_path: Path, observations: Any, message: str
) -> None:
    path = write(tmp_path / "file.hdf5", weights)
    with h5py.File(path, "a") as file:
        del file["observations"]
        if observations is not None:
            file["observations"] = observations
    with pytest.raises(WrongData, match=message):
        read_policy(path)


@pytest.fixture
def hopper(weights: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command for a policy of Hopper, in a folder inside tmp_path."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    write(Path("hopper_medium-v2.hdf5"), weights)
    return ["behaviours", "from-d4rl", "hopper_medium-v2.hdf5"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--task", "hopper-medium"], "the suite already has a task 'hopper-medium'"),
        (["--task", "hopper-../../../../esc"], "cannot be the name of a task"),
        (["--task", "hopper-A B"], "cannot be the name of a task"),
        (["--task", "hopper-"], "must be DOMAIN-KIND"),
        (["--task", "hopper-x", "--environment", "Pendulum-v1"], "hopper means Hopper-v4"),
        (["--task", "hopper-x", "--environment", "CartPole-v1"], "hopper means Hopper-v4"),
        (["--task", "hopper-x", "--environment", "Walker2d-v4"], "hopper means Hopper-v4"),
        (["--task", "hopper-x", "--environment", "Hopper"], "'Hopper' has no version"),
        (["--task", "hopper-x", "--environment", "Hopper-v77"], "is 70 steps, but that of hop"),
        (["--task", "hopper-x", "--environment", "Hopper-v78"], "takes actions from -2 to 2"),
    ],
)
def test_a_task_that_cannot_be_is_refused_before_anything_is_written(
    hopper: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    message: str,
) -> None:
    model = gymnasium.spec("Hopper-v4").entry_point
    specs: dict[str, EnvSpec] = {
        "Hopper-v77": EnvSpec("Hopper-v77", model, max_episode_steps=70),
        "Hopper-v78": EnvSpec("Hopper-v78", rescaled, max_episode_steps=1000),
    }
    for name, spec in specs.items():
        monkeypatch.setitem(gymnasium.registry, name, spec)
    assert main([*hopper, *options, "--steps", "50"]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["here"]
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["hopper_medium-v2.hdf5"]


def rescaled() -> Any:
    return RescaleAction(gymnasium.make("Hopper-v4").unwrapped, -2.0, 2.0)


def test_steps_below_one_are_wrong_usage(
    hopper: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*hopper, "--task", "hopper-again", "--steps", "-3"])
    assert caught.value.code == 2
    assert "argument --steps: '-3' is not a whole number above 0" in capsys.readouterr().err
    with pytest.raises(ValueError, match="steps is -3; give 0 or more"):
        roll_out_again(Path(hopper[-1]), "hopper-again", "Hopper-v4", steps=-3, seed=0)


def test_a_file_without_a_policy_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongData, match="holds no behaviour policy"):
        read_policy(write(tmp_path / "hopper_medium_replay-v2.hdf5", {}))


def test_a_policy_of_another_environment_is_named(
    weights: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "hopper_medium-v2.hdf5", weights)
    assert main(["behaviours", "from-d4rl", str(path), "--task", "walker2d-again"]) == 1
    error = capsys.readouterr().err
    assert "the policy maps 11 observations to 3 actions, but Walker2d-v4 has 17 and 6" in error
    assert not (tmp_path / "data").exists()
