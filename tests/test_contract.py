"""One battery for every method and every kind of data: what bench/methods/loader.py asks of it.

Methods are found as the plan finds them, so a file dropped into baselines/ is tested here too. Each is
offered every kind of data of helpers_kinds.py: it learns from it, and then every test below applies,
or it refuses it with one clear error.
"""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save_file

from bench.core.code import ROOT
from bench.core.files import DamagedFile
from bench.datasets import storage
from bench.datasets.trajectories import ARRAYS
from bench.methods.contract import BadMethod, check_actions
from bench.methods.loader import load_method
from bench.methods.policy_file import write_tensors
from bench.runs.rollout import evaluate
from bench.tasks.registry import task_by_name
from tests.helpers.contract import (
    ENVS,
    METHODS,
    REFUSAL_RULE,
    SEEDS,
    UNCLEAR,
    Case,
    accepted,
    every_case,
    every_method,
    global_random_state_untouched,
    no_environment,
    spy_on,
)
from tests.helpers.dt import saved_bytes

VECTORS, ALL = ["continuous", "discrete", "walks"], ["continuous", "discrete", "images", "walks"]
KNOWN = {
    "dt": VECTORS,
    "dt_atari": ["images"],
    "dt_graph": ["walks"],
    "dt_blank": VECTORS,
    "dt_discounts": VECTORS,
    "dt_reward_critic": VECTORS,
    "dt_online": VECTORS,
    "cql_rtg": ["continuous"],
    "cql_scaled": ["continuous"],
    "bc": VECTORS,
    "percent_bc": VECTORS,
    "cql": ["continuous"],
    "discrete_cql": ["discrete", "walks"],
    "cql_atari": ["images"],
    "iql": ["continuous"],
    "td3_bc": ["continuous"],
    "rvs": VECTORS,
    "uniform": ALL,
    "behaviour": ALL,
    "_template": ["continuous"],
}
DRAW_NOTHING = {"uniform", "behaviour", "_template"}  # while they train


# --- Config -------------------------------------------------------------------------------------


@every_method
def test_config_is_frozen_and_has_a_default_everywhere(name: str) -> None:
    config = load_method(name.split()[0]).config
    assert dataclasses.is_dataclass(config)
    assert config.__dataclass_params__.frozen  # type: ignore[attr-defined]
    for field in dataclasses.fields(config):
        assert field.default is not dataclasses.MISSING, f"{field.name} has no default"


@every_method
def test_config_survives_json(name: str) -> None:
    method = load_method(name.split()[0])
    written = json.dumps(dataclasses.asdict(method.config()), allow_nan=False)
    assert method.configure(json.loads(written)) == method.config()


@every_method
def test_an_unknown_option_is_refused_by_name(name: str) -> None:
    name = name.split()[0]
    with pytest.raises(BadMethod, match=f"method {name} has no option 'no_such_option'"):
        load_method(name).configure({"no_such_option": 1})


# --- training -----------------------------------------------------------------------------------


@every_method
def test_it_learns_from_data_or_refuses_them(name: str) -> None:
    cases = accepted(name)
    assert not UNCLEAR[name], f"{'; '.join(UNCLEAR[name])}. {REFUSAL_RULE}"
    assert cases, f"{name} refuses every kind of data"


@every_method
def test_it_trains_in_seconds(name: str) -> None:
    case, *_ = accepted(name)
    began = time.process_time()
    case.train(context=case.context(steps=20))
    assert time.process_time() - began < 30


@every_case
def test_it_leaves_the_data_alone(case: Case, folder: Path) -> None:
    before = {array: getattr(case.kind.data, array).copy() for array in ARRAYS}
    case.train(context=case.context(steps=1))
    for array, values in before.items():
        np.testing.assert_array_equal(getattr(case.kind.data, array), values)


@every_case
def test_same_seed_same_bytes(case: Case, folder: Path) -> None:
    """Also from read-only files instead of memory, and whatever was drawn elsewhere before."""
    expected = saved_bytes(case.policy, folder / "first")
    storage.save(case.kind.data, folder / "data", {})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(99)
        again = case.train(storage.load(folder / "data"))
    assert saved_bytes(again, folder / "again") == expected
    for array in ARRAYS:
        read = getattr(storage.load(folder / "data"), array)
        np.testing.assert_array_equal(read, getattr(case.kind.data, array))
    if case.kind.elsewhere is not None:
        moved = case.train(case.kind.elsewhere())
        assert saved_bytes(moved, folder / "moved") == expected


@every_case
def test_another_seed_gives_other_bytes_if_anything_is_drawn(case: Case, folder: Path) -> None:
    """A method that asks the context for no randomness learns the same from any seed."""
    context = case.context(seed=1)
    asked = spy_on(context)
    other = saved_bytes(case.train(context=context), folder / "other")
    assert (other != saved_bytes(case.policy, folder / "first")) == bool(asked)
    assert asked or case.name.split()[0] not in set(KNOWN) - DRAW_NOTHING


@every_case
def test_global_random_state_is_left_alone(case: Case, folder: Path) -> None:
    with global_random_state_untouched():
        policy = case.train(context=case.context(steps=1))
    with global_random_state_untouched():
        case.play(policy, case.shown())
    with global_random_state_untouched():
        saved_bytes(policy, folder)
        case.method.load(folder / "policy.safetensors", "cpu")


@every_case
def test_training_sees_no_environment(case: Case, folder: Path) -> None:
    with no_environment():
        case.train(context=case.context(steps=1))


# --- acting -------------------------------------------------------------------------------------


@every_case
def test_actions_fit_the_environment(case: Case, folder: Path) -> None:
    for scale in case.kind.scales:
        case.start(case.policy)
        for observations, rewards in case.shown(scale=scale):
            given = observations.copy(), rewards.copy()
            actions = case.policy.act(observations, rewards)
            assert isinstance(actions, np.ndarray)
            assert actions.shape == (ENVS, *case.kind.action)
            if case.kind.n_actions is None:
                assert actions.dtype.kind == "f"
                assert np.isfinite(actions).all()
                assert (np.abs(actions) <= 1).all()
            else:
                assert actions.dtype == np.int64
            # the evaluator's own check agrees
            taken = check_actions(actions, actions.shape, case.name, n_actions=case.kind.n_actions)
            np.testing.assert_array_equal(taken, actions)
            np.testing.assert_array_equal(observations, given[0])
            np.testing.assert_array_equal(rewards, given[1])


@every_case
def test_reset_forgets(case: Case, folder: Path) -> None:
    first = case.play(case.policy, case.shown())
    # another episode, left in the middle
    case.play(case.policy, case.shown(seed=1, count=5)[:3], seeds=(1, 2, 3, 4, 9))
    np.testing.assert_array_equal(case.play(case.policy, case.shown()), first)


@every_case
def test_reset_takes_any_number_of_episodes(case: Case, folder: Path) -> None:
    for count in (1, 5, 2):
        actions = case.play(case.policy, case.shown(count=count)[:2], seeds=tuple(range(count)))
        assert actions.shape == (2, count, *case.kind.action)


@every_case
def test_an_episode_does_not_depend_on_its_neighbours(case: Case, folder: Path) -> None:
    """The others have other seeds, targets, observations and rewards."""
    together = case.play(case.policy, case.shown())
    for own in range(ENVS):
        seeds, targets = np.array([8, 9, 10]), case.targets(ENVS)[::-1] / 3 - 1
        seeds[own], targets[own] = SEEDS[own], case.targets(ENVS)[own]
        case.policy.reset(seeds, targets)
        others = case.shown(seed=1)
        for mine, other in zip(case.shown(), others, strict=True):
            for part in (0, 1):
                other[part][own] = mine[part][own]
        acted = np.stack([case.policy.act(*step) for step in others])
        np.testing.assert_array_equal(acted[:, own], together[:, own])


@every_case
def test_finished_episodes_change_nothing_for_the_others(case: Case, folder: Path) -> None:
    """The evaluator tells a policy with `finish` which episodes are over, one after the other."""
    if not hasattr(case.policy, "finish"):
        return
    expected = case.play(case.policy, case.shown())
    case.start(case.policy)
    for step, (observations, rewards) in enumerate(case.shown()):
        if 0 < step < ENVS:
            case.policy.finish(np.array([step - 1]))
        running = slice(min(step, ENVS - 1), None)
        actions = case.policy.act(observations, rewards)
        np.testing.assert_array_equal(actions[running], expected[step][running])
        check_actions(actions, actions.shape, case.name, n_actions=case.kind.n_actions)
    # a new start forgets what was finished
    np.testing.assert_array_equal(case.play(case.policy, case.shown()), expected)


@every_case
def test_it_plays_its_environment(case: Case, folder: Path) -> None:
    """The data of a task, a training, the evaluator."""
    name, data, most = case.kind.plays
    task = task_by_name(name)
    policy = case.train(data, case.context(steps=1, task=task))
    [outcome] = evaluate(
        policy,
        task,
        method=case.name,
        episodes=2,
        targets=[case.kind.highest],
        num_envs=2,
        max_steps=most,
    )
    assert len(outcome.returns) == (data.episodes if case.name == "behaviour" else 2)
    assert np.isfinite(outcome.returns).all()
    assert case.kind.plausible(outcome), outcome


# --- files --------------------------------------------------------------------------------------


@every_case
def test_saved_and_loaded_it_acts_the_same(case: Case, folder: Path) -> None:
    saved = saved_bytes(case.policy, folder / "first")
    loaded = case.method.load(folder / "first" / "policy.safetensors", "cpu")
    expected = case.play(case.policy, case.shown())
    actions = case.play(loaded, case.shown())
    np.testing.assert_array_equal(actions, expected)
    assert actions.dtype == expected.dtype
    assert saved_bytes(loaded, folder / "second") == saved


@every_case
def test_saving_again_gives_the_same_bytes(case: Case, folder: Path) -> None:
    """The policy's hash stands in the record, so a header in arbitrary order would change it."""
    assert len({saved_bytes(case.policy, folder) for _ in range(12)}) == 1


@every_case
def test_a_policy_is_one_safetensors_file(case: Case, folder: Path) -> None:
    saved = saved_bytes(case.policy, folder)
    assert [path.name for path in folder.iterdir()] == ["policy.safetensors"]
    # the length of a JSON header, the header, the arrays, and nothing else such as a pickle
    length = int.from_bytes(saved[:8], "little")
    header = json.loads(saved[8 : 8 + length])
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    assert 8 + length + max(ends) == len(saved)
    with safe_open(folder / "policy.safetensors", framework="np") as file:
        assert len(list(file.keys())) >= 1
        for tensor in file.keys():  # noqa: SIM118
            assert np.isfinite(file.get_tensor(tensor)).all()


@every_case
def test_an_unusable_file_is_refused_by_name(case: Case, folder: Path) -> None:
    load, whole = case.method.load, saved_bytes(case.policy, folder)
    with pytest.raises(FileNotFoundError, match=r"no policy at .*missing\.safetensors"):
        load(folder / "missing.safetensors", "cpu")
    for part, damaged in {"cut": whole[:-5], "start": whole[:6], "empty": b""}.items():
        (folder / part).write_bytes(damaged)
        with pytest.raises(DamagedFile, match=f"policy .*{part} is damaged"):
            load(folder / part, "cpu")
    write_tensors(folder / "other", {"weights": np.zeros(3)}, method="another")
    with pytest.raises(DamagedFile, match="other was written by method 'another'"):
        load(folder / "other", "cpu")


@every_case
def test_a_file_of_an_older_version_is_refused_by_name(case: Case, folder: Path) -> None:
    """An older version of a method may have had another name for any of the arrays."""
    saved_bytes(case.policy, folder)
    with safe_open(folder / "policy.safetensors", framework="np") as file:
        header, arrays = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    for name in arrays:
        renamed = {f"old.{key}" if key == name else key: value for key, value in arrays.items()}
        save_file(renamed, folder / "old", metadata=header)
        with pytest.raises(DamagedFile, match=r"policy .*old does not fit the network: it "):
            case.method.load(folder / "old", "cpu")


# --- the battery itself ---------------------------------------------------------------------------


def test_every_method_is_tested() -> None:
    files = {path.stem for path in (ROOT / "baselines").glob("*.py")}
    public = {name for name in files if not name.startswith("_")}
    assert {"dt", "dt_atari", "dt_graph", "_template", *public} <= set(METHODS)


@pytest.mark.parametrize("name", KNOWN)
def test_what_the_methods_of_this_suite_learn_from(name: str) -> None:
    assert [case.kind.name for case in accepted(name)] == KNOWN[name]
