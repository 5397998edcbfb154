from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.core.files import DamagedFile
from bench.report.frame import Incomparable, check_comparable, final
from bench.report.scores import collect
from bench.runs.plan import Plan
from tests.helpers.games import BREAKOUT, PONG, Played, arcade, played, sweep
from tests.helpers.records import KEY_TO_DOOR, LATER, OPENED, RUN, Write, diagnostic

__all__ = ["arcade", "played"]  # fixtures


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


def test_games_have_an_emulator_and_a_protocol_of_their_own(
    played: Played, write_record: Write, plan: Plan, tmp_path: Path
) -> None:
    cut = played({(BREAKOUT, "uniform"): [2.0]}, max_steps=3000, episodes=10, num_envs=10)
    row = cut.iloc[0]
    assert (row["simulator"], row["max_steps"]) == ("ale-py 0.10.2", 3000)
    assert row["protocol"] == "10 episodes in 10 environments, at most 3,000 steps"
    assert row["cut"] == 0
    listed = played({(BREAKOUT, "uniform"): [2.0]}, episode_list="trials", episodes=10, num_envs=10)
    assert listed.iloc[0]["protocol"] == "10 episodes in 10 environments, list trials"
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


def test_rows_follow_the_records(write_record: Write, plan: Plan) -> None:
    frame = collect([write_record(LATER), write_record(RUN)], plan)
    assert frame["seed"].tolist() == [1, 0]


def test_core_seconds_by_hand(write_record: Write, plan: Plan) -> None:
    """A quarter of the training took 2 s, as was measured; half of it counts as half of the 40 s."""
    steps = [evaluation([900.0], step=step, final=step == 20) for step in (5, 10, 20)]
    path = write_record(RUN, evaluations=steps)
    clock = {"training": {"cpu_seconds": 40.0, "snapshots": {"5": 2.0}}}
    path.with_name("run.json").write_text(json.dumps(clock))
    frame = collect([path], plan)
    assert frame["core_seconds"].tolist() == [2, 20, 40]
    assert frame["timing"].tolist() == ["measured", "share", "measured"]
    assert frame["device"].tolist() == ["cpu"] * 3


def test_without_times_there_are_no_core_seconds(write_record: Write, plan: Plan) -> None:
    row = collected(write_record, plan, [10.0])
    assert math.isnan(row["core_seconds"])
    assert row["timing"] == ""


def test_a_run_that_diverged_has_the_core_seconds_until_then(
    write_record: Write, plan: Plan
) -> None:
    """It stopped after 10 of 20 updates, which took 40 s; its score stands at the planned end."""
    steps = [evaluation([900.0], step=5, final=False), evaluation([100.0])]
    path = write_record(RUN, evaluations=steps, status="diverged", diverged_at=10)
    path.with_name("run.json").write_text(json.dumps({"training": {"cpu_seconds": 40.0}}))
    assert collect([path], plan)["core_seconds"].tolist() == [20, 40]


def test_environment_steps_are_those_of_the_log(write_record: Write, plan: Plan) -> None:
    """Until the step of each evaluation; none is logged offline."""
    losses = [
        {"step": 5, "loss": 1.0},
        {"step": 10, "loss": 1.0, "environment_steps": 70.0},
        {"step": 20, "loss": 1.0, "environment_steps": 150.0},
    ]
    evaluations = [evaluation([1.0], step=step, final=step == 20) for step in (5, 15, 20)]
    path = write_record(RUN, evaluations=evaluations, training={"steps": 20, "losses": losses})
    assert collect([path], plan)["environment_steps"].tolist() == [0, 70, 150]
