"""One battery for every method: what bench/methods/loader.py asks of it.

Methods are found as the plan finds them, so a file dropped into baselines/ is tested here too.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from helpers_dt import ACT, OBS, make_context, saved_bytes
from numpy.typing import NDArray
from safetensors import safe_open

from bench.core.code import ROOT
from bench.core.files import DamagedFile
from bench.datasets import storage
from bench.datasets.trajectories import ARRAYS, F32, Trajectories
from bench.methods.contract import BadMethod, Policy, check_actions
from bench.methods.loader import load_method
from bench.methods.policy_file import write_tensors
from bench.runs.plan import found_modules

METHODS = [*found_modules(), "_template"]
NEEDS_GYMNASIUM = {"cql"}  # d3rlpy imports it
LANES, ACTS, FEW = 3, 6, 5

Steps = list[tuple[F32, F32]]

PASSED: Counter[str] = Counter()
SHARED: dict[str, Policy] = {}


def battery(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test for every method, and count what passes."""

    @pytest.mark.parametrize("name", METHODS)
    @functools.wraps(test)
    def counted(name: str, **fixtures: Any) -> None:
        test(name=name, **fixtures)
        PASSED[name] += 1

    return counted


def train(name: str, data: Trajectories, **fields: Any) -> Policy:
    """Train with the method's own defaults."""
    method = load_method(name)
    return method.train(data, method.config(), make_context(**({"steps": FEW} | fields)))


@pytest.fixture
def policy(name: str, toy: Trajectories) -> Policy:
    """Return a trained policy that the tests of a method share; each of them resets it."""
    if name not in SHARED:
        SHARED[name] = train(name, toy)
    return SHARED[name]


def steps_shown(seed: int = 0, scale: float = 3.0) -> Steps:
    """Return observations (LANES, obs) and rewards (LANES,) of a few steps."""
    generator = np.random.default_rng(seed)
    return [
        (
            generator.normal(2, scale, (LANES, OBS)).astype(np.float32),
            (generator.normal(size=LANES) * (step > 0)).astype(np.float32),
        )
        for step in range(ACTS)
    ]


def start(policy: Policy, seeds: tuple[int, ...] = (5, 6, 7), highest: float = 3600.0) -> None:
    targets = np.linspace(100, highest, len(seeds), dtype=np.float32)
    policy.reset(np.array(seeds, dtype=np.int64), targets)


def play(policy: Policy, steps: Steps) -> NDArray[Any]:
    """Return the actions (ACTS, LANES, act) of the steps of an episode."""
    return np.stack([policy.act(observations, rewards) for observations, rewards in steps])


# --- Config -------------------------------------------------------------------------------------


@battery
def test_config_is_frozen_and_has_a_default_everywhere(name: str) -> None:
    config = load_method(name).config
    assert dataclasses.is_dataclass(config)
    assert config.__dataclass_params__.frozen  # type: ignore[attr-defined]
    for field in dataclasses.fields(config):
        assert field.default is not dataclasses.MISSING, f"{field.name} has no default"


@battery
def test_config_survives_json(name: str) -> None:
    method = load_method(name)
    written = json.dumps(dataclasses.asdict(method.config()), allow_nan=False)
    assert method.configure(json.loads(written)) == method.config()


@battery
def test_an_unknown_option_is_refused_by_name(name: str) -> None:
    with pytest.raises(BadMethod, match=f"method {name} has no option 'no_such_option'"):
        load_method(name).configure({"no_such_option": 1})


# --- training -----------------------------------------------------------------------------------


@battery
def test_trains_in_seconds_and_leaves_the_data_alone(name: str, toy: Trajectories) -> None:
    before = {array: getattr(toy, array).copy() for array in ARRAYS}
    began = time.perf_counter()
    train(name, toy, steps=20)
    assert time.perf_counter() - began < 30
    for array, values in before.items():
        np.testing.assert_array_equal(getattr(toy, array), values)


@battery
def test_same_seed_same_bytes(name: str, policy: Policy, toy: Trajectories, tmp_path: Path) -> None:
    """Also from read-only files instead of memory, and whatever was drawn elsewhere before."""
    storage.save(toy, tmp_path / "data", {})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(99)
        again = train(name, storage.load(tmp_path / "data"))
    assert saved_bytes(again, tmp_path / "again") == saved_bytes(policy, tmp_path / "first")


@battery
def test_another_seed_gives_other_bytes_if_anything_is_drawn(
    name: str, policy: Policy, toy: Trajectories, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A method that asks the context for no randomness learns the same from any seed."""
    method, context, asked = load_method(name), make_context(seed=1, steps=FEW), []

    def spy_on(service: Callable[..., Any]) -> Callable[..., Any]:
        def spy(*arguments: Any) -> Any:
            asked.append(service)
            return service(*arguments)

        return spy

    for service in ("generator", "torch_random"):
        monkeypatch.setattr(context, service, spy_on(getattr(context, service)))
    other = method.train(toy, method.config(), context)
    differ = saved_bytes(other, tmp_path / "other") != saved_bytes(policy, tmp_path / "first")
    assert differ == bool(asked)
    assert asked or name not in {"dt", "bc", "percent_bc", "cql"}


@contextmanager
def global_random_state_untouched() -> Iterator[None]:
    python, torchs = random.getstate(), torch.get_rng_state()
    numpys = np.random.get_state()  # noqa: NPY002
    yield
    assert random.getstate() == python, "Python's global generator was used"
    assert torch.equal(torch.get_rng_state(), torchs), "torch's global generator was used"
    for now, before in zip(np.random.get_state(), numpys, strict=True):  # noqa: NPY002
        assert np.array_equal(now, before), "NumPy's global generator was used"


@battery
def test_global_random_state_is_left_alone(name: str, toy: Trajectories, tmp_path: Path) -> None:
    with global_random_state_untouched():
        policy = train(name, toy, steps=1)
    with global_random_state_untouched():
        start(policy)
        play(policy, steps_shown())
    with global_random_state_untouched():
        policy.save(tmp_path / "policy.safetensors")
        load_method(name).load(tmp_path / "policy.safetensors", "cpu")


BLOCKED = """
import sys, traceback
sys.modules["gymnasium"] = None  # importing it fails from here on
sys.path.append("tests")
from helpers_dt import make_context, make_data
from bench.methods.loader import load_method
for name in sys.argv[1:]:
    try:
        method = load_method(name)
        method.train(make_data(), method.config(), make_context(steps=1))
        print("fine without gymnasium:", name)
    except Exception:
        traceback.print_exc()
"""


@functools.cache
def where_gymnasium_cannot_be_imported() -> subprocess.CompletedProcess[str]:
    """Train every method there; one process for all, as starting one takes long."""
    names = [name for name in METHODS if name not in NEEDS_GYMNASIUM]
    command = [sys.executable, "-c", BLOCKED, *names]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@battery
def test_training_sees_no_environment(
    name: str, toy: Trajectories, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise AssertionError("an environment was made or used while training")

    monkeypatch.setattr(gymnasium, "make", refuse)
    monkeypatch.setattr(gymnasium, "make_vec", refuse)
    monkeypatch.setattr(gymnasium.Env, "reset", refuse)
    train(name, toy, steps=1)
    if name not in NEEDS_GYMNASIUM:
        done = where_gymnasium_cannot_be_imported()
        assert f"fine without gymnasium: {name}\n" in done.stdout, done.stderr


# --- acting -------------------------------------------------------------------------------------


@battery
@pytest.mark.parametrize("scale", [3.0, 1e4], ids=["usual", "extreme"])
def test_actions_fit_the_environment(name: str, policy: Policy, scale: float) -> None:
    start(policy)
    for observations, rewards in steps_shown(scale=scale):
        given = observations.copy(), rewards.copy()
        actions = policy.act(observations, rewards)
        assert isinstance(actions, np.ndarray)
        assert actions.shape == (LANES, ACT)
        assert actions.dtype.kind == "f"
        assert np.isfinite(actions).all()
        assert (np.abs(actions) <= 1).all()
        check_actions(actions, (LANES, ACT), name)  # the evaluator's own check agrees
        np.testing.assert_array_equal(observations, given[0])
        np.testing.assert_array_equal(rewards, given[1])


@battery
def test_reset_forgets(name: str, policy: Policy) -> None:
    start(policy)
    first = play(policy, steps_shown(0))
    start(policy, seeds=(1, 2, 3), highest=500)
    play(policy, steps_shown(1)[:3])  # another episode, left in the middle
    start(policy)
    np.testing.assert_array_equal(play(policy, steps_shown(0)), first)


@battery
def test_reset_takes_any_number_of_lanes(name: str, policy: Policy) -> None:
    for envs in (1, 5, 2):
        start(policy, seeds=tuple(range(envs)))
        for _ in range(2):
            actions = policy.act(np.ones((envs, OBS), np.float32), np.zeros(envs, np.float32))
            assert actions.shape == (envs, ACT)


@battery
@pytest.mark.parametrize("env", range(LANES))
def test_a_lane_does_not_depend_on_its_neighbours(name: str, policy: Policy, env: int) -> None:
    """Same number of envs; the others have other seeds, targets, observations and rewards."""
    start(policy, seeds=(5, 6, 7))
    alone = play(policy, steps_shown(0))[:, env]
    seeds, targets = np.array([8, 9, 10]), np.array([7, 8, 9], dtype=np.float32)
    seeds[env] = (5, 6, 7)[env]
    targets[env] = np.linspace(100, 3600, LANES, dtype=np.float32)[env]
    policy.reset(seeds, targets)
    others = steps_shown(1)
    for mine, other in zip(steps_shown(0), others, strict=True):
        for part in (0, 1):
            other[part][env] = mine[part][env]
    np.testing.assert_array_equal(play(policy, others)[:, env], alone)


# --- files --------------------------------------------------------------------------------------


@battery
def test_saved_and_loaded_it_acts_the_same(name: str, policy: Policy, tmp_path: Path) -> None:
    saved = saved_bytes(policy, tmp_path / "first")
    loaded = load_method(name).load(tmp_path / "first" / "policy.safetensors", "cpu")
    start(policy)
    expected = play(policy, steps_shown())
    start(loaded)
    np.testing.assert_array_equal(play(loaded, steps_shown()), expected)
    assert saved_bytes(loaded, tmp_path / "second") == saved


@battery
def test_saving_again_gives_the_same_bytes(name: str, policy: Policy, tmp_path: Path) -> None:
    """The policy's hash stands in the record, so a header in arbitrary order would change it."""
    assert len({saved_bytes(policy, tmp_path) for _ in range(12)}) == 1


@battery
def test_a_policy_is_one_safetensors_file(name: str, policy: Policy, tmp_path: Path) -> None:
    start = saved_bytes(policy, tmp_path)[:4]
    assert [path.name for path in tmp_path.iterdir()] == ["policy.safetensors"]
    assert not start.startswith(
        (b"PK\x03\x04", *(bytes([0x80, n]) for n in range(1, 6)))
    )  # zip, pickle
    with safe_open(tmp_path / "policy.safetensors", framework="np") as file:
        assert len(list(file.keys())) >= 1
        for tensor in file.keys():  # noqa: SIM118
            assert np.isfinite(file.get_tensor(tensor)).all()


@battery
def test_an_unusable_file_is_refused_by_name(name: str, policy: Policy, tmp_path: Path) -> None:
    load, whole = load_method(name).load, saved_bytes(policy, tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no policy at .*missing\.safetensors"):
        load(tmp_path / "missing.safetensors", "cpu")
    for part, damaged in {"cut": whole[:-5], "start": whole[:6], "empty": b""}.items():
        (tmp_path / part).write_bytes(damaged)
        with pytest.raises(DamagedFile, match=f"policy .*{part} is damaged"):
            load(tmp_path / part, "cpu")
    write_tensors(tmp_path / "other", {"weights": np.zeros(3)}, method="another")
    with pytest.raises(DamagedFile, match="other was written by method 'another'"):
        load(tmp_path / "other", "cpu")


# --- the battery itself ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", METHODS)
def test_a_method_that_skips_everything_fails(name: str, request: pytest.FixtureRequest) -> None:
    asked = [
        item
        for item in request.session.items
        if item.path == request.node.path and item.callspec.params["name"] == name
    ]
    assert len(asked) == 1 or PASSED[name] > 0
    assert "dt" in METHODS
    assert (ROOT / "baselines" / f"{name}.py").exists() or name == "dt"
