"""The table of scores on disk, and which records may stand in one table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
import pytest
from pyarrow import parquet

from bench.core.files import DamagedFile
from bench.report import frame as table
from bench.report.frame import (
    Incomparable,
    check_comparable,
    distinct_runs,
    distinct_together,
    seed_count,
)
from bench.report.scores import collect
from bench.runs.identity import Identity
from bench.runs.plan import Plan
from bench.stats.intervals import estimate_over_tasks
from bench.tasks.registry import TASKS
from tests.conftest import RECORD
from tests.helpers.records import GRAPH, KEY_TO_DOOR, LATER, OPENED, RUN, WALKED, Write, diagnostic


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"versions": {"mujoco": "3.3.0"}}, "simulator.*mujoco 3.3.0; mujoco 3.4.0"),
        (
            {"protocol": RECORD["protocol"] | {"episodes": 100}},
            "protocol.*100 episodes in 2 environments; 3 episodes in 2 environments",
        ),
        (
            {"protocol": RECORD["protocol"] | {"num_envs": 8}},
            "protocol.*3 episodes in 2 environments; 3 episodes in 8 environments",
        ),
    ],
    ids=["simulator", "episodes", "num_envs"],
)
def test_records_that_cannot_be_compared_are_refused(
    write_record: Write, plan: Plan, changes: dict[str, Any], message: str
) -> None:
    paths = [write_record(RUN), write_record(LATER, **changes)]
    with pytest.raises(Incomparable, match=message):
        collect(paths, plan)


def test_each_family_of_environments_has_a_protocol_of_its_own(
    write_record: Write, plan: Plan
) -> None:
    paths = [
        write_record(RUN),
        write_record(OPENED, protocol=KEY_TO_DOOR | {"episodes": 1000, "num_envs": 500}),
        write_record(WALKED, protocol=GRAPH | {"episodes": 100}, versions={"gymnasium": "1.1.0"}),
    ]
    assert collect(paths, plan)["protocol"].tolist() == [
        "3 episodes in 2 environments",
        "1000 episodes in 500 environments",
        "100 episodes in 2 environments",
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [("key_to_door-1k", "key_to_door-10k"), ("hopper-medium", "hopper-medium-replay")],
)
def test_on_one_environment_protocols_must_agree(
    write_record: Write, plan: Plan, first: str, second: str
) -> None:
    paths = []
    for task, episodes in ((first, 100), (second, 1000)):
        identity = Identity("test", task, "dense", 100.0, "bc", 0)
        environment = TASKS[task].domain.environment
        protocol = RECORD["protocol"] | {"environment": environment, "episodes": episodes}
        paths.append(write_record(identity, protocol=protocol))
    with pytest.raises(Incomparable, match=r"protocol.*100 episodes .*; 1000 episodes"):
        collect(paths, plan)


def test_environments_of_one_family_may_have_other_numbers_of_episodes(
    write_record: Write, plan: Plan
) -> None:
    paths = []
    for task, episodes in (("hopper-medium", 20), ("reacher2d-medium", 300)):
        identity = Identity("test", task, "dense", 100.0, "bc", 0)
        environment = TASKS[task].domain.environment
        protocol = RECORD["protocol"] | {"environment": environment, "episodes": episodes}
        paths.append(write_record(identity, protocol=protocol))
    frame = collect(paths, plan)
    assert len(frame) == 2
    with pytest.raises(Incomparable, match="different simulators"):
        check_comparable(frame.assign(simulator=["mujoco 3.4.0", "mujoco 3.3.0"]))


def test_nothing_is_comparable() -> None:
    check_comparable(pd.DataFrame())


def test_diagnostics_are_compared_with_diagnostics_of_their_family(
    tmp_path: Path, plan: Plan
) -> None:
    judged = diagnostic(tmp_path)
    found = diagnostic(tmp_path, "paths", WALKED, GRAPH | {"episodes": 512})
    assert len(collect([judged, found], plan)) == 4
    again = Identity("test", "key_to_door-10k", "dense", 100.0, "bc", 0)
    more = diagnostic(tmp_path, identity=again, protocol=KEY_TO_DOOR | {"episodes": 9})
    with pytest.raises(Incomparable, match="protocol"):
        collect([judged, more], plan)


def test_parquet_keeps_diagnostics(write_record: Write, plan: Plan, tmp_path: Path) -> None:
    frame = collect([write_record(OPENED, protocol=KEY_TO_DOOR), diagnostic(tmp_path)], plan)
    table.write(frame, tmp_path / "scores.parquet")
    pd.testing.assert_frame_equal(table.read(tmp_path / "scores.parquet"), frame)


@pytest.fixture
def frame(write_record: Write, plan: Plan) -> pd.DataFrame:
    return collect([write_record(RUN), write_record(LATER, status="diverged")], plan)


def test_parquet_round_trip(frame: pd.DataFrame, tmp_path: Path) -> None:
    table.write(frame, tmp_path / "scores.parquet")
    pd.testing.assert_frame_equal(table.read(tmp_path / "scores.parquet"), frame)


def test_the_same_scores_give_the_same_bytes(frame: pd.DataFrame, tmp_path: Path) -> None:
    table.write(frame, tmp_path / "1.parquet")
    table.write(frame.copy(), tmp_path / "2.parquet")
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()


@pytest.mark.parametrize("share", [0, 0.5, 0.99], ids=["empty", "half", "end-missing"])
def test_truncated_parquet_is_refused_by_name(
    frame: pd.DataFrame, tmp_path: Path, share: float
) -> None:
    path = tmp_path / "scores.parquet"
    table.write(frame, path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(DamagedFile, match=f"scores {path} are damaged"):
        table.read(path)


def test_another_file_in_place_of_scores_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "scores.parquet"
    path.write_text("<html>404</html>")
    with pytest.raises(DamagedFile, match=f"scores {path} are damaged"):
        table.read(path)


@pytest.mark.long
def test_a_flipped_bit_is_noticed_or_harmless(frame: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "scores.parquet"
    table.write(frame, path)
    content = path.read_bytes()
    for place in range(0, len(content), 41):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        try:
            read = table.read(path)
        except DamagedFile:
            continue
        pd.testing.assert_frame_equal(read, frame)


def test_a_changed_number_in_an_intact_file_is_noticed(frame: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "scores.parquet"
    table.write(frame, path)
    written = parquet.read_table(path)
    place = written.column_names.index("score")
    better = pyarrow.array([score + 1 for score in written["score"].to_pylist()])
    parquet.write_table(written.set_column(place, "score", better), path)
    with pytest.raises(DamagedFile, match=r"digest differs\); delete the file and run again"):
        table.read(path)


def test_a_missing_file_of_scores_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no scores at .*nothing\.parquet; `bench scores`"):
        table.read(tmp_path / "nothing.parquet")


def test_scores_and_sweeps_may_have_other_protocols(frame: pd.DataFrame) -> None:
    swept = frame.assign(kind="sweep", protocol="1 episode")
    check_comparable(pd.concat([frame, swept], ignore_index=True))
    with pytest.raises(Incomparable, match=r"different protocols .*: 1 episode; 3 episodes in 2"):
        check_comparable(pd.concat([frame, swept.assign(kind="score")], ignore_index=True))


@pytest.mark.parametrize(
    ("seeds", "text"),
    [
        ({"dt": []}, "0 seeds"),
        ({"dt": [0], "cql": [0]}, "1 seed"),
        ({"dt": [0, 1, 2], "cql": [0, 1, 2]}, "3 seeds"),
        ({"dt": [0, 1, 2, 3], "cql": [0]}, "1 to 4 seeds"),
    ],
    ids=["none", "one", "equal", "different"],
)
def test_the_number_of_seeds_as_text(seeds: dict[str, list[int]], text: str) -> None:
    rows = [{"method": method, "seed": seed} for method, own in seeds.items() for seed in own * 2]
    assert seed_count(pd.DataFrame(rows, columns=["method", "seed"])) == text


def test_the_number_of_seeds_is_that_of_a_cell_and_of_a_suite() -> None:
    """DT has seeds 0 and 1, but one of them on each data set; another suite has three on the same."""
    columns = ["task", "method", "seed"]
    apart = pd.DataFrame([("a", "dt", 0), ("b", "dt", 1)], columns=columns)
    assert seed_count(apart) == "1 seed"
    three = pd.DataFrame([("a", "dt", seed) for seed in range(3)], columns=columns)
    assert seed_count(apart, three) == "1 to 3 seeds"
    assert seed_count(three, three) == "3 seeds"


def test_runs_that_are_equal_in_one_sample_only_stay_apart() -> None:
    first, second = [[1.0, 2.0], [1.0, 2.0]], [[3.0], [4.0]]
    assert distinct_together(first, second) == (first, second)
    assert distinct_together(first, [[3.0], [3.0]]) == ([[1.0, 2.0]], [[3.0]])


def test_runs_that_stand_for_several_data_sets_count_once() -> None:
    """Uniform actions: two data sets of one environment, one of another."""
    same, other = [1.0, 2.0, 4.0], [10.0, 11.0, 15.0]
    once = distinct_runs([same, same, other])
    assert len(once) == 2
    found, naive = estimate_over_tasks(once), estimate_over_tasks([same, same, other])
    assert found.mean == pytest.approx(naive.mean)
    # the means have the weights 2/3 and 1/3
    variance = (4 * np.var(same, ddof=1) + np.var(other, ddof=1)) / 9 / 3
    assert found.error == pytest.approx(variance**0.5)
    assert found.error > naive.error
    assert distinct_runs([same, other]) == [same, other]
