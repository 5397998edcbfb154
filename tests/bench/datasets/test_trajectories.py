from __future__ import annotations

import json
import shutil
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.core.files import DamagedFile, digest, sha256
from bench.datasets.build import from_arrays
from bench.datasets.consistency import check
from bench.datasets.storage import load, save
from bench.datasets.trajectories import ARRAYS, Trajectories

# three whole episodes of 3, 2 and 4 steps, and one step of a fourth that never ends
REWARDS = [1, 2, 3, -1, 5, 0, 2, 2, 1, 9]
TERMINALS = [0, 0, 1, 0, 0, 0, 0, 0, 1, 0]
TIMEOUTS = [0, 0, 0, 0, 1, 0, 0, 0, 0, 0]


def arrays(**changes: Any) -> dict[str, Any]:
    return {
        "observations": np.arange(20, dtype=np.float32).reshape(10, 2),
        "actions": np.linspace(-1, 1, 10, dtype=np.float32).reshape(10, 1),
        "rewards": np.array(REWARDS, dtype=np.float32),
        "terminals": np.array(TERMINALS, dtype=np.bool_),
        "timeouts": np.array(TIMEOUTS, dtype=np.bool_),
    } | changes


@pytest.fixture
def ten() -> Trajectories:
    return from_arrays(**arrays())


def of_returns(rewards: list[list[float]]) -> Trajectories:
    """Episodes with these rewards; the observation of every step is its episode's number."""
    lengths = [len(episode) for episode in rewards]
    ends = np.zeros(sum(lengths), dtype=np.bool_)
    ends[np.cumsum(lengths) - 1] = True
    return from_arrays(
        np.repeat(np.arange(len(rewards)), lengths)[:, None].astype(np.float32),
        np.zeros((len(ends), 1), dtype=np.float32),
        np.concatenate(rewards).astype(np.float32),
        terminals=ends,
        timeouts=np.zeros_like(ends),
    )


def episodes_in(data: Trajectories) -> list[int]:
    return [int(number) for number in data.observations[data.episode_starts[:-1], 0]]


@pytest.fixture(scope="module")
def many() -> Trajectories:
    rng = np.random.default_rng(0)
    return of_returns([rng.normal(size=int(n)).tolist() for n in rng.integers(1, 30, 40)])


def test_an_unfinished_last_episode_is_cut(ten: Trajectories) -> None:
    assert (ten.steps, ten.episodes) == (9, 3)
    assert ten.episode_starts.tolist() == [0, 3, 5, 9]
    assert ten.lengths.tolist() == [3, 2, 4]
    assert all(len(getattr(ten, name)) == 9 for name in ARRAYS)


def test_returns_by_hand(ten: Trajectories) -> None:
    assert ten.returns.tolist() == [6, 4, 5]


def test_returns_to_go_by_hand(ten: Trajectories) -> None:
    assert ten.returns_to_go().tolist() == [6, 5, 3, 4, 5, 5, 5, 3, 1]
    assert ten.returns_to_go().dtype == np.float32


def test_timeouts_and_terminals_are_kept_apart(ten: Trajectories) -> None:
    assert np.flatnonzero(ten.terminals).tolist() == [2, 8]
    assert np.flatnonzero(ten.timeouts).tolist() == [4]
    chosen = ten.select(np.array([1, 2]))
    assert np.flatnonzero(chosen.terminals).tolist() == [5]
    assert np.flatnonzero(chosen.timeouts).tolist() == [1]


def test_select_takes_whole_episodes_in_the_order_asked_for(ten: Trajectories) -> None:
    chosen = ten.select(np.array([2, 0]))
    assert chosen.rewards.tolist() == [0, 2, 2, 1, 1, 2, 3]
    assert chosen.observations[:, 0].tolist() == [10, 12, 14, 16, 0, 2, 4]
    assert chosen.episode_starts.tolist() == [0, 4, 7]
    check(chosen, "chosen")


def test_observation_statistics_by_hand(ten: Trajectories) -> None:
    # 0, 2, ..., 16: mean 8, variance 4 (9^2 - 1) / 12
    np.testing.assert_allclose(ten.observation_mean, [8, 9])
    np.testing.assert_allclose(ten.observation_std, np.sqrt([80 / 3, 80 / 3]), rtol=1e-6)


@pytest.mark.parametrize(
    "cut",
    [
        lambda data: data.take_percent(50, 0),
        lambda data: data.top_percent(40),
        lambda data: data.sparse(),
        lambda data: data.select(np.array([1])),
        lambda data: data.take_percent(80, 1).top_percent(50).sparse(),
    ],
    ids=["percent", "top", "sparse", "select", "all"],
)
def test_observation_statistics_stay_those_of_the_whole_set(toy: Trajectories, cut: Any) -> None:
    part = cut(toy)
    np.testing.assert_array_equal(part.observation_mean, toy.observation_mean)
    np.testing.assert_array_equal(part.observation_std, toy.observation_std)
    check(part, "part")


def test_sparse_puts_the_return_on_the_last_step(ten: Trajectories) -> None:
    sparse = ten.sparse()
    assert sparse.rewards.tolist() == [0, 0, 6, 0, 4, 0, 0, 0, 5]
    assert sparse.returns_to_go().tolist() == [6, 6, 6, 4, 4, 5, 5, 5, 5]
    assert ten.rewards.tolist() == REWARDS[:9]


def test_sparse_keeps_every_return(toy: Trajectories) -> None:
    np.testing.assert_allclose(toy.sparse().returns, toy.returns, rtol=1e-6)
    assert np.count_nonzero(toy.sparse().rewards) == toy.episodes


def test_the_first_return_to_go_is_the_return(many: Trajectories) -> None:
    np.testing.assert_allclose(
        many.returns_to_go()[many.episode_starts[:-1]], many.returns, rtol=1e-5
    )


@given(
    seed=st.sampled_from([0, 1, 2, 3]),
    data_percents=st.tuples(st.floats(0.1, 100), st.floats(0.1, 100)).map(sorted),
)
def test_more_percent_contains_less(
    many: Trajectories, seed: int, data_percents: list[float]
) -> None:
    less, more = (many.take_percent(percent, seed) for percent in data_percents)
    assert set(episodes_in(less)) <= set(episodes_in(more))


@given(seed=st.integers(0, 50), percent=st.floats(0.01, 100))
def test_percent_keeps_whole_episodes_in_order_within_the_budget(
    many: Trajectories, seed: int, percent: float
) -> None:
    part = many.take_percent(percent, seed)
    kept = episodes_in(part)
    assert kept == sorted(set(kept))
    assert part.lengths.tolist() == many.lengths[kept].tolist()
    assert part.episodes == 1 or part.steps <= many.steps * percent / 100


def test_percent_comes_close_to_its_budget(many: Trajectories) -> None:
    for seed in range(20):
        missing = many.steps * 0.5 - many.take_percent(50, seed).steps
        assert 0 <= missing < many.lengths.max()


def test_percent_takes_an_episode_that_fits_exactly() -> None:
    data = of_returns([[1.0] * 5] * 4)
    assert [data.take_percent(percent, 0).steps for percent in (49.9, 50, 75)] == [5, 10, 15]


def test_percent_draws_by_seed(many: Trajectories) -> None:
    draws = [tuple(episodes_in(many.take_percent(30, seed))) for seed in range(5)]
    assert len(set(draws)) == 5
    assert draws == [tuple(episodes_in(many.take_percent(30, seed))) for seed in range(5)]


@pytest.mark.parametrize("percent", [100, 100.0])
def test_all_percent_is_everything(toy: Trajectories, percent: float) -> None:
    np.testing.assert_array_equal(toy.take_percent(percent, 3).rewards, toy.rewards)


def test_at_least_one_episode_remains(many: Trajectories) -> None:
    assert many.take_percent(0.001, 0).episodes == 1
    assert many.top_percent(0.001).episodes == 1


# 20 steps; from the best: episode 2 (5 steps, 9), 0 (6 steps, 8), 3 (2 steps, 7), 1 (7 steps, 1)
RANKED = [[0.0] * 5 + [8], [1.0] + [0.0] * 6, [9.0] + [0.0] * 4, [3.0, 4.0]]


@pytest.mark.parametrize(
    ("percent", "kept"),
    [
        (1, [2]),
        (25, [2]),
        (50, [2]),
        (54, [2]),
        (55, [0, 2]),
        (64, [0, 2]),
        (65, [0, 2, 3]),
        (99, [0, 2, 3]),
        (100, [0, 1, 2, 3]),
    ],
    ids=[
        "one-at-least",
        "fits",
        "next-does-not-fit",
        "below",
        "exact",
        "below2",
        "exact2",
        "no-worst",
        "all",
    ],
)
def test_top_percent_counts_time_steps_from_the_best_episode_down(
    percent: float, kept: list[int]
) -> None:
    assert episodes_in(of_returns(RANKED).top_percent(percent)) == kept


def test_top_percent_stops_at_the_first_episode_that_does_not_fit() -> None:
    # budget 7 of 20: 5 steps of the best, the 6 of the next do not fit, the 2 of the third would
    assert episodes_in(of_returns(RANKED).top_percent(35)) == [2]


def test_top_percent_is_not_a_share_of_the_episodes() -> None:
    data = of_returns([[1.0] * 90] + [[0.5]] * 10)  # 11 episodes, 100 steps
    assert episodes_in(data.top_percent(50)) == [0]


def test_top_percent_ranks_by_the_undiscounted_return() -> None:
    late, early = [0.0] * 99 + [5.1], [5.0] + [0.0] * 99
    assert episodes_in(of_returns([early, late]).top_percent(50)) == [1]


def test_no_whole_episode_is_refused() -> None:
    never = np.zeros(10, dtype=np.bool_)
    with pytest.raises(ValueError, match="no episode ends"):
        from_arrays(**arrays(terminals=never, timeouts=never))


@pytest.mark.parametrize("name", ["observations", "actions", "rewards"])
@pytest.mark.parametrize("value", [np.nan, np.inf], ids=["nan", "inf"])
def test_numbers_that_are_not_finite_are_refused(
    ten: Trajectories, name: str, value: float
) -> None:
    values = getattr(ten, name).copy()
    values[4] = value
    with pytest.raises(ValueError, match=f"hopper: {name} .* not finite, first in row 4"):
        check(replace(ten, **{name: values}), "hopper")


@pytest.mark.parametrize("name", ["observations", "actions", "rewards"])
def test_numbers_too_large_for_float32_are_refused_without_a_warning(name: str) -> None:
    values = arrays()[name].astype(np.float64)
    values[4] = 1e300
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=f"{name} .* not finite, first in row 4"):
            from_arrays(**arrays(**{name: values}))


@pytest.mark.parametrize("name", [name for name in ARRAYS if name != "rewards"])
def test_a_row_too_few_is_refused(ten: Trajectories, name: str) -> None:
    with pytest.raises(ValueError, match=f"hopper: {name} has 8 rows, rewards 9"):
        check(replace(ten, **{name: getattr(ten, name)[:-1]}), "hopper")


@pytest.mark.parametrize("name", ["observations", "actions"])
def test_a_row_too_many_is_refused_even_with_an_unfinished_episode(name: str) -> None:
    longer = np.concatenate([arrays()[name], arrays()[name][:1]])
    with pytest.raises(ValueError, match=name):
        from_arrays(**arrays(**{name: longer}))


@pytest.mark.parametrize("name", ["rewards", "terminals", "timeouts"])
def test_a_column_instead_of_a_row_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="these arrays"):
        from_arrays(**arrays(**{name: arrays()[name][:, None]}))


@pytest.mark.parametrize(
    ("terminals", "timeouts"),
    [([2], [4]), ([2, 6, 8], [4]), ([3, 8], [4]), ([2], [4, 7])],
    ids=["end-missing", "end-too-many", "end-moved", "end-early"],
)
def test_flags_that_disagree_with_the_bounds_are_refused(
    ten: Trajectories, terminals: list[int], timeouts: list[int]
) -> None:
    flags = np.zeros((2, 9), dtype=np.bool_)
    flags[0, terminals], flags[1, timeouts] = True, True
    with pytest.raises(ValueError, match="hopper: terminals and time-outs do not agree"):
        check(replace(ten, terminals=flags[0], timeouts=flags[1]), "hopper")


@pytest.mark.parametrize(
    "bounds", [[0], [0, 3, 5], [1, 5, 9], [0, 5, 5, 9]], ids=["none", "short", "late", "empty"]
)
def test_bounds_that_do_not_cover_the_steps_are_refused(
    ten: Trajectories, bounds: list[int]
) -> None:
    with pytest.raises(ValueError, match="hopper: episode_starts do not cover the 9 steps"):
        check(replace(ten, episode_starts=np.array(bounds)), "hopper")


@pytest.fixture
def folder(ten: Trajectories, tmp_path: Path) -> Path:
    save(ten, tmp_path / "set", {"source": "hand"})
    return tmp_path / "set"


def test_round_trip(ten: Trajectories, folder: Path) -> None:
    back = load(folder)
    for name in (*ARRAYS, "episode_starts", "observation_mean", "observation_std"):
        np.testing.assert_array_equal(getattr(back, name), getattr(ten, name))
        assert getattr(back, name).dtype == getattr(ten, name).dtype
    assert (back.action_low, back.action_high) == (-1.0, 1.0)
    check(back, "back")


def test_round_trip_of_another_range_of_actions(tmp_path: Path) -> None:
    save(from_arrays(**arrays(), action_range=(-0.4, 2.5)), tmp_path, {})
    assert (load(tmp_path).action_low, load(tmp_path).action_high) == (-0.4, 2.5)


def test_loaded_arrays_are_mapped_and_read_only(folder: Path) -> None:
    back = load(folder)
    for name in ARRAYS:
        assert isinstance(getattr(back, name), np.memmap)
        with pytest.raises(ValueError, match="read-only"):
            getattr(back, name)[0] = 0


def test_the_manifest_describes_the_data(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["source"] == "hand"
    assert (manifest["episodes"], manifest["steps"]) == (3, 9)
    assert (manifest["terminals"], manifest["timeouts"]) == (2, 1)
    assert manifest["returns"] == [6, 4, 5]
    assert manifest["lengths"] == [3, 2, 4]
    assert manifest["return"] == {"mean": 5, "std": 1, "min": 4, "max": 6}
    assert manifest["arrays"]["observations"]["shape"] == [9, 2]


def test_saving_twice_gives_the_same_bytes(ten: Trajectories, folder: Path, tmp_path: Path) -> None:
    save(ten, tmp_path / "again", {"source": "hand"})
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("place", [0, 0.5, -1], ids=["header", "middle", "last"])
def test_a_flipped_byte_is_noticed(folder: Path, name: str, place: float) -> None:
    path = folder / f"{name}.npy"
    content = bytearray(path.read_bytes())
    content[int(place * len(content)) if place >= 0 else -1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedFile, match=f"{path} is damaged"):
        load(folder)


@pytest.mark.parametrize("size", [0, 40, -1], ids=["empty", "in-header", "one-byte"])
def test_a_truncated_array_is_noticed(folder: Path, size: int) -> None:
    path = folder / "rewards.npy"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DamagedFile, match=f"{path} is damaged"):
        load(folder)


@pytest.mark.parametrize("name", ARRAYS)
def test_a_missing_array_is_noticed(folder: Path, name: str) -> None:
    (folder / f"{name}.npy").unlink()
    with pytest.raises(DamagedFile, match=f"{folder / name}.npy is missing"):
        load(folder)


def test_a_data_set_without_a_manifest_is_unfinished(folder: Path) -> None:
    (folder / "manifest.json").unlink()
    with pytest.raises(FileNotFoundError, match=f"no data set at {folder}"):
        load(folder)


@pytest.mark.parametrize(
    "content",
    [
        "",
        '{"format": 1, "arr',
        "<html>",
        "[]",
        "null",
        '{"format": 1}',
        '{"format": 2, "arrays": {}}',
    ]
    + ['{"format": 1, "arrays": {}}'],
    ids=["empty", "truncated", "page", "list", "null", "bare", "other-format", "no-arrays"],
)
def test_a_damaged_manifest_is_refused_by_name(folder: Path, content: str) -> None:
    (folder / "manifest.json").write_text(content)
    with pytest.raises(DamagedFile, match=str(folder / "manifest.json")):
        load(folder)


def test_another_format_is_refused_even_with_a_true_digest(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text()) | {"format": 1}
    path.write_text(json.dumps(manifest | {"digest": digest(manifest)}))
    with pytest.raises(DamagedFile, match=f"{path} is .* format 2"):
        load(folder)


def test_changed_statistics_in_the_manifest_are_noticed(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["observation_mean"][0] = 80.0
    path.write_text(json.dumps(manifest))
    with pytest.raises(DamagedFile, match=str(path)):
        load(folder)


def test_pickled_objects_are_never_loaded(folder: Path) -> None:
    path = folder / "rewards.npy"
    np.save(path, np.array([{"not": "a number"}] * 9, dtype=object), allow_pickle=True)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["arrays"]["rewards"]["sha256"] = sha256(path)
    manifest["digest"] = digest(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match=r"[Oo]bject"):
        load(folder)


def test_a_data_set_may_be_moved(folder: Path, tmp_path: Path) -> None:
    shutil.move(folder, tmp_path / "elsewhere")
    assert load(tmp_path / "elsewhere").returns.tolist() == [6, 4, 5]


@pytest.fixture
def with_ends(ten: Trajectories) -> Trajectories:
    ends = np.array([[100, 101], [200, 201], [300, 301]], dtype=np.float32)
    return replace(ten, final_observations=ends)


def test_final_observations_follow_their_episodes(with_ends: Trajectories) -> None:
    chosen = with_ends.select(np.array([2, 0]))
    assert chosen.final_observations is not None
    assert chosen.final_observations.tolist() == [[300, 301], [100, 101]]
    sparse = with_ends.sparse().final_observations
    assert sparse is with_ends.final_observations


def test_final_observations_are_stored_and_mapped(
    with_ends: Trajectories, ten: Trajectories, tmp_path: Path
) -> None:
    save(with_ends, tmp_path / "set", {"source": "hand"})
    back = load(tmp_path / "set").final_observations
    assert isinstance(back, np.memmap)
    np.testing.assert_array_equal(back, with_ends.final_observations)
    save(ten, tmp_path / "set", {"source": "hand"})  # over it, now without
    assert load(tmp_path / "set").final_observations is None
    assert not (tmp_path / "set" / "final_observations.npy").exists()


@pytest.mark.parametrize("shape", [(2, 2), (3, 3), (3,)])
def test_final_observations_of_another_shape_are_refused(
    ten: Trajectories, shape: tuple[int, ...]
) -> None:
    wrong = replace(ten, final_observations=np.zeros(shape, dtype=np.float32))
    with pytest.raises(ValueError, match="final_observations has shape"):
        check(wrong, "these")


def test_a_final_observation_that_is_not_finite_is_refused(with_ends: Trajectories) -> None:
    assert with_ends.final_observations is not None
    with_ends.final_observations[1, 0] = np.nan
    with pytest.raises(ValueError, match=r"final_observations holds .* first in row 1"):
        check(with_ends, "these")
