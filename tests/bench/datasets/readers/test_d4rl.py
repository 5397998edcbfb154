"""D4RL's layouts, written by h5py as D4RL writes them."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from bench.core.files import DamagedFile
from bench.datasets.readers import layout
from bench.datasets.readers.checks import WrongData
from bench.datasets.readers.d4rl import counted_timeouts, from_flat, read
from bench.tasks.registry import DOMAINS
from tests.helpers.d4rl import Arrays, arrays, write

HOPPER = DOMAINS["hopper"]


def test_v2_by_hand(v2: Arrays, tmp_path: Path) -> None:
    data = read(write(tmp_path / "hopper.hdf5", v2), HOPPER)
    assert data.episode_starts.tolist() == [0, 4, 7]
    assert np.flatnonzero(data.terminals).tolist() == [3]
    assert np.flatnonzero(data.timeouts).tolist() == [6]
    np.testing.assert_array_equal(data.observations, v2["observations"][:7])
    assert data.final_observations is not None
    np.testing.assert_array_equal(data.final_observations, v2["next_observations"][[3, 6]])
    assert (data.action_low, data.action_high) == (-1, 1)
    whole = v2["observations"][:7].astype(np.float64)
    np.testing.assert_allclose(data.observation_mean, whole.mean(axis=0), rtol=1e-6)


def test_a_terminal_on_the_last_step_of_the_horizon_is_a_terminal(v2: Arrays) -> None:
    v2["timeouts"] |= v2["terminals"]
    data = from_flat(v2, HOPPER, "both")
    assert np.flatnonzero(data.terminals).tolist() == [3]
    assert np.flatnonzero(data.timeouts).tolist() == [6]


def test_v0_counts_the_time_limit_from_each_start(tmp_path: Path) -> None:
    content = arrays([1000, 700, 1000, 300], "otot")
    content["terminals"][-1] = False
    del content["timeouts"], content["next_observations"]
    data = read(write(tmp_path / "v0.hdf5", content), HOPPER)
    assert data.lengths.tolist() == [1000, 700, 1000]
    assert np.flatnonzero(data.timeouts).tolist() == [999, 2699]
    assert np.flatnonzero(data.terminals).tolist() == [1699]
    assert data.final_observations is None


@pytest.mark.parametrize(
    ("terminals", "horizon", "expected"),
    [
        ([], 3, [2, 5, 8]),
        ([2], 3, [5, 8]),  # the terminal is the third step: the count starts again after it
        ([0, 9], 3, [3, 6]),
        ([4], 10, []),
        ([3, 4], 4, [8]),
    ],
)
def test_counted_timeouts_by_hand(terminals: list[int], horizon: int, expected: list[int]) -> None:
    flags = np.zeros(10, dtype=bool)
    flags[terminals] = True
    found = counted_timeouts(flags, horizon)
    assert [int(i) for i in np.flatnonzero(found & ~flags)] == expected


def test_columns_of_one_are_taken_as_vectors(v2: Arrays) -> None:
    v2 |= {name: v2[name][:, None] for name in ("rewards", "terminals", "timeouts")}
    assert from_flat(v2, HOPPER, "columns").steps == 7


@pytest.mark.parametrize("key", layout.NEEDED)
def test_a_missing_array_is_named(v2: Arrays, tmp_path: Path, key: str) -> None:
    del v2[key]
    if key == "rewards":
        v2["reward"] = np.zeros(12)
    path = tmp_path / "file.hdf5"
    with h5py.File(path, "w") as file:
        for name, values in v2.items():
            file[name] = values
    with pytest.raises(WrongData, match=rf"file\.hdf5 has no {key}\. .*The file has: "):
        read(path, HOPPER)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"observations": np.zeros((12, 17))}, r"observations have shape \(12, 17\).*Hopper-v4"),
        ({"actions": np.zeros((12, 6))}, r"actions have shape \(12, 6\).*Hopper-v4"),
        ({"actions": np.zeros(12)}, r"actions have shape \(12,\)"),
        ({"rewards": np.zeros(11)}, "has shape"),
        ({"timeouts": np.zeros(5, dtype=bool)}, "timeouts has shape"),
        ({"next_observations": np.zeros((11, 11))}, "next_observations has shape"),
        (
            {"rewards": np.full(12, np.nan)},
            "rewards hold a value that is not finite, first in row 0",
        ),
        (
            {"observations": np.full((12, 11), np.inf)},
            "observations hold a value that is not finite",
        ),
        ({"terminals": np.zeros(12), "timeouts": np.zeros(12)}, "no episode ends"),
        ({"timeouts": np.array([True])}, r"timeouts has shape \(1,\), but there are 12 rewards"),
        ({"timeouts": np.array(True)}, r"timeouts has shape \(\), .*a number for each"),
        ({"terminals": np.zeros(13)}, r"terminals has shape \(13,\)"),
        ({"terminals": np.zeros((12, 2))}, r"terminals has shape \(12, 2\)"),
        ({"rewards": np.array(1.0)}, r"rewards has shape \(\), expected a number for each step"),
        ({"rewards": np.zeros((12, 2))}, r"rewards has shape \(12, 2\)"),
        (
            {"observations": np.zeros((11, 11))},
            r"observations has shape \(11, 11\).*a row for each",
        ),
        ({"next_observations": np.zeros(())}, r"next_observations has shape \(\)"),
        ({"terminals": np.full(12, np.nan)}, "terminals holds nan in row 0; a flag must be 0 or 1"),
        (
            {"timeouts": np.where(np.arange(12) == 7, np.nan, 0)},
            "timeouts holds nan in row 7; a flag must be 0 or 1",
        ),
        ({"terminals": np.arange(12)}, "terminals holds 2 in row 2; a flag must be 0 or 1"),
    ],
)
def test_arrays_that_do_not_fit_are_named(v2: Arrays, change: Arrays, message: str) -> None:
    with pytest.raises(WrongData, match=f"mine: .*({message})"):
        from_flat(v2 | change, HOPPER, "mine")


def test_an_episode_beyond_the_horizon_is_refused() -> None:
    content = arrays([5, 1200], "tt")
    with pytest.raises(
        WrongData, match=r"episode 1 has 1,200 steps, but Hopper-v4 has at most 1,000"
    ):
        from_flat(content, HOPPER, "long")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE html><html>403</html>", "a web page"),
        (b"\n  <html>", "a web page"),
        (b"hello", "not an HDF5 file"),
        (b"", "not an HDF5 file"),
    ],
)
def test_what_is_not_hdf5_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "file.hdf5").write_bytes(content)
    with pytest.raises(DamagedFile, match=message):
        read(tmp_path / "file.hdf5", HOPPER)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_a_truncated_file_is_named(v2: Arrays, tmp_path: Path, share: float) -> None:
    path = write(tmp_path / "file.hdf5", arrays([400, 400], "tt"))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DamagedFile, match="damaged or truncated"):
        read(path, HOPPER)


def test_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no\.hdf5"):
        read(tmp_path / "no.hdf5", HOPPER)
