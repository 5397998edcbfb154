from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.core.files import DamagedFile
from bench.report import frame as table
from bench.report.frame import Incomparable, check_comparable, final
from bench.report.scores import collect
from bench.runs import record
from bench.runs.diagnostics.registry import DIAGNOSTICS
from bench.runs.identity import Identity
from bench.runs.plan import Plan
from bench.tasks.registry import TASKS
from tests.conftest import RECORD
from tests.helpers.games import BREAKOUT, PONG, Played, arcade, played, sweep

__all__ = ["arcade", "played"]  # fixtures
Write = Callable[..., Path]
RUN = Identity("test", "hopper-medium", "dense", 100.0, "bc", 0)
LATER = Identity("test", "hopper-medium", "dense", 100.0, "bc", 1)


def evaluation(returns: list[float], **changes: Any) -> dict[str, Any]:
    lengths = list(range(1, len(returns) + 1))
    return {
        "step": 20,
        "target": 3600.0,
        "final": True,
        "returns": returns,
        "lengths": lengths,
    } | changes


def collected(write_record: Write, plan: Plan, returns: list[float]) -> pd.Series:
    return collect([write_record(RUN, evaluations=[evaluation(returns)])], plan).iloc[0]


def test_a_row_by_hand(write_record: Write, plan: Plan) -> None:
    row = collected(write_record, plan, [10.0, 20.0, 60.0])
    assert row["return_mean"] == 30
    assert row["return_std"] == pytest.approx(math.sqrt((400 + 100 + 900) / 2))
    assert row["length_mean"] == 2
    assert row["episodes"] == 3
    assert row["score"] == pytest.approx(100 * (30 + 20.272305) / 3254.572305)
    assert row["score_std"] == pytest.approx(100 * math.sqrt(700) / 3254.572305)
    assert (row["scale"], row["task"], row["reward"]) == ("test", "hopper-medium", "dense")
    assert (row["data_percent"], row["method"], row["seed"]) == (100, "bc", 0)
    assert (row["label"], row["position"]) == ("BC", 1)
    assert (row["quoted_table"], row["quoted_method"]) == ("Table 2", "BC")
    assert (row["status"], row["source"], row["simulator"]) == ("done", "generated", "mujoco 3.4.0")
    assert row["final"]
    assert row["rolled_out"]


def test_the_spread_of_scores_does_not_depend_on_their_level(
    write_record: Write, plan: Plan
) -> None:
    low = collected(write_record, plan, [0.0, 50.0, 100.0])
    high = collected(write_record, plan, [3000.0, 3050.0, 3100.0])
    assert low["score_std"] == pytest.approx(high["score_std"])


def test_one_episode_has_no_spread(write_record: Write, plan: Plan) -> None:
    row = collected(write_record, plan, [10.0])
    assert (row["return_std"], row["score_std"]) == (0, 0)


def test_only_the_last_checkpoint_at_the_declared_target_counts(
    write_record: Write, plan: Plan
) -> None:
    evaluations = [
        evaluation([900.0], step=10, final=False),
        evaluation([100.0]),
        evaluation([500.0], target=7200.0, final=False),
    ]
    frame = collect([write_record(RUN, evaluations=evaluations)], plan)
    assert frame["return_mean"].tolist() == [900, 100, 500]
    assert frame["step"].tolist() == [10, 20, 20]
    chosen = final(frame)
    assert (chosen["return_mean"].tolist(), chosen["target"].tolist()) == ([100], [3600])


def test_a_diverged_run_stays_in_the_sample(write_record: Write, plan: Plan) -> None:
    frame = collect([write_record(RUN, status="diverged", diverged_at=7)], plan)
    assert final(frame)["status"].tolist() == ["diverged"]


def test_a_damaged_record_stops_the_collection(write_record: Write, plan: Plan) -> None:
    paths = [write_record(RUN), write_record(LATER)]
    paths[1].write_text(paths[1].read_text().replace("60.0", "61.0"))
    with pytest.raises(DamagedFile, match=str(paths[1])):
        collect(paths, plan)


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


KEY_TO_DOOR = RECORD["protocol"] | {"environment": "bench/KeyToDoor-v0"}
GRAPH = RECORD["protocol"] | {"environment": "bench/ShortestPath2-v0"}
OPENED = Identity("test", "key_to_door-1k", "dense", 100.0, "bc", 0)
WALKED = Identity("test", "graph2-walks", "dense", 100.0, "bc", 0)


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
    [("key_to_door-1k", "key_to_door-10k"), ("graph1-walks", "graph2-walks")],
)
def test_within_a_family_protocols_must_agree(
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


def test_games_have_an_emulator_and_a_protocol_of_their_own(
    played: Played, write_record: Write, plan: Plan, tmp_path: Path
) -> None:
    cut = played({(BREAKOUT, "uniform"): [2.0]}, max_steps=3000, episodes=10, num_envs=10)
    row = cut.iloc[0]
    assert (row["simulator"], row["max_steps"]) == ("ale-py 0.10.2", 3000)
    assert row["protocol"] == "10 episodes in 10 environments, at most 3,000 steps"
    assert row["cut"] == 0
    short = {"max_steps": 9, "episodes": 10, "num_envs": 10}  # an episode has 9 steps
    assert played({(BREAKOUT, "uniform"): [2.0]}, **short).iloc[0]["cut"] == 1
    recorded = played({(BREAKOUT, "uniform"): [2.0]}, **short, rolled_out=False)
    assert recorded.iloc[0]["cut"] == 0
    others = collect([write_record(RUN)], plan)
    assert math.isnan(others.iloc[0]["max_steps"])
    check_comparable(pd.concat([others, cut], ignore_index=True))
    whole = played({(BREAKOUT, "uniform"): [2.0]}, episodes=10, num_envs=10)
    with pytest.raises(
        Incomparable, match=r"10 environments; 10 episodes in 10 environments, at most 3,000 steps"
    ):
        check_comparable(pd.concat([whole, cut], ignore_index=True))


def test_the_best_game_of_the_data(arcade: Plan, tmp_path: Path) -> None:
    bounds = {"data_returns": {"minimum": -21.0, "maximum": 15.0}}
    known = bounds | {"data_scores": {"minimum": -21.0, "maximum": -3.0}}
    for task, more, high, best in (
        (PONG, known, 100, 50),
        (PONG, bounds, 100, math.nan),  # not known
    ):
        row = collect([sweep(tmp_path, task, 0, {20.0: 1.0}, **more)], arcade).iloc[0]
        assert row["data_high"] == pytest.approx(high)
        assert row["best_score"] == pytest.approx(best, nan_ok=True)


def test_nothing_is_comparable() -> None:
    check_comparable(pd.DataFrame())


def diagnostic(
    folder: Path,
    kind: str = "critic",
    identity: Identity = OPENED,
    protocol: dict[str, Any] = KEY_TO_DOOR,
    **changes: Any,
) -> Path:
    about = {"measure": "roc", "group": "door room", "y": None, "spread": None}
    measures = [about | {"x": 0.25, "value": 0.5}, about | {"x": 1, "value": 1, "spread": 2}]
    fields = RECORD | {"evaluations": [], "measures": measures, "protocol": protocol} | changes
    record.write(folder / identity.folder(), identity, DIAGNOSTICS[kind].record, **fields)
    return folder / identity.folder() / DIAGNOSTICS[kind].record


NOT_SCORED = ("target", "return_mean", "return_std", "length_mean", "cut")
NOT_SCORED += ("score", "score_std", "target_score")
NUMBERS = ("x", "y", "value", "spread")


def test_the_rows_of_a_diagnostic_by_hand(tmp_path: Path, plan: Plan) -> None:
    protocol = KEY_TO_DOOR | {"target": None, "episodes": 500, "num_envs": 500}
    frame = collect([diagnostic(tmp_path, protocol=protocol)], plan)
    assert len(frame) == 2
    row = frame.iloc[0]
    assert (row["task"], row["method"], row["seed"]) == ("key_to_door-1k", "bc", 0)
    assert (row["label"], row["position"], row["status"]) == ("BC", 1, "done")
    assert (row["kind"], row["step"], row["episodes"]) == ("diagnostic", 20, 500)
    assert (row["measure"], row["group"], row["x"], row["value"]) == ("roc", "door room", 0.25, 0.5)
    assert math.isnan(row["y"])
    assert math.isnan(row["spread"])
    assert frame["spread"].tolist()[1] == 2
    assert frame[list(NOT_SCORED)].isna().all(axis=None)
    assert not frame["final"].any()
    assert final(frame).empty
    assert set(map(str, frame[list(NUMBERS)].dtypes)) == {"float64"}


def test_scores_have_no_measures(write_record: Write, plan: Plan, tmp_path: Path) -> None:
    judged = diagnostic(
        tmp_path, protocol=KEY_TO_DOOR | {"episodes": 500}
    )  # not so many as the score
    paths = [write_record(OPENED, protocol=KEY_TO_DOOR), judged]
    frame = collect(paths, plan)
    assert frame["kind"].tolist() == ["score", "diagnostic", "diagnostic"]
    assert (frame["measure"][0], frame["group"][0]) == ("", "")
    assert frame[list(NUMBERS)].iloc[0].isna().all()
    assert frame["score"].tolist()[:1] == [3000]  # 30 times the reward
    assert final(frame).index.tolist() == [0]
    # the same columns in the same order, whatever comes first
    backwards = collect(paths[::-1], plan)
    assert list(backwards) == list(frame)
    assert list(collect(paths[1:], plan)) == list(frame)


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


def test_rows_follow_the_records(write_record: Write, plan: Plan) -> None:
    frame = collect([write_record(LATER), write_record(RUN)], plan)
    assert frame["seed"].tolist() == [1, 0]


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
