"""Every artifact of evidence from records whose numbers are known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.core.code import ROOT
from bench.paper import figure4 as printed_figure4
from bench.report.artifact import Artifact, markdown, write_artifact
from bench.report.artifacts.registry import ARTIFACTS, artifact_file
from bench.report.cells import AVERAGE
from bench.report.scores import collect
from bench.runs.plan import Plan
from bench.runs.sweep import grid
from bench.tasks.registry import task_by_name
from tests.conftest import write_scores
from tests.helpers.evidence import FULL, REPLAY, Frame, frame, swept, whole

__all__ = ["frame", "swept", "whole"]  # fixtures


def made(name: str, scores: pd.DataFrame) -> Artifact:
    artifact: Artifact = import_module(f"bench.report.artifacts.{name}").make(scores, "test")
    return artifact


def test_every_artifact_has_a_module_and_a_caption() -> None:
    for name in ARTIFACTS:
        assert (ROOT / artifact_file(name)).exists()
        assert ARTIFACTS[name].caption_of("mujoco", "test").strip().endswith(".")


@pytest.mark.parametrize(
    "name",
    ["table2", "figure3", "aggregates", "profiles", "improvement", "peers", "table3", "variants"],
)
def test_an_artifact_writes_every_format_the_same_again(
    name: str, frame: Frame, tmp_path: Path
) -> None:
    scores = frame((FULL, {}))
    files = [tmp_path / "out" / f"{name}{suffix}" for suffix in ARTIFACTS[name].suffixes]
    write_artifact(made(name, scores), files)
    first = [path.read_bytes() for path in files]
    write_artifact(made(name, scores.copy()), files)
    assert [path.read_bytes() for path in files] == first
    assert all(first)


@pytest.mark.parametrize("name", ["table2", "figure3", "aggregates", "table3", "table5", "table7"])
def test_an_artifact_without_its_scores_is_refused(name: str, frame: Frame) -> None:
    scores = frame(({(REPLAY, "bc"): [1.0]}, {"data_percent": 10.0}))
    with pytest.raises(ValueError, match=r"no (score|task)"):
        made(name, scores)


def test_aggregates_by_hand(frame: Frame) -> None:
    numbers = made("aggregates", frame((FULL, {}))).numbers.set_index(["method", "statistic"])
    assert numbers.loc[("dt", "Mean"), "value"] == pytest.approx(47)  # (67 + 47 + 27) / 3
    assert numbers.loc[("dt", "Median"), "value"] == pytest.approx(47)
    # of 25 27 29 45 47 49 65 67 69 two go at either end
    assert numbers.loc[("dt", "IQM"), "value"] == pytest.approx((29 + 45 + 47 + 49 + 65) / 5)
    assert numbers.loc[("dt", "Optimality gap"), "value"] == pytest.approx(53)
    assert (numbers["low"] < numbers["value"]).all()
    assert (numbers["high"] > numbers["value"]).all()


def test_profiles_fall_from_one_to_nothing(frame: Frame) -> None:
    numbers = made("profiles", frame((FULL, {}))).numbers
    for _, part in numbers.groupby("method"):
        assert (np.diff(part["share"]) <= 0).all()
        assert part["share"].iloc[0] == 1
        assert part["share"].iloc[-1] == 0
    at_46 = numbers[(numbers["method"] == "dt") & (numbers["tau"] == 46)]["share"]
    assert at_46.item() == pytest.approx(5 / 9)  # 47 49 65 67 69


def test_improvement_by_hand(frame: Frame) -> None:
    numbers = made("improvement", frame((FULL, {}))).numbers.set_index("other")
    assert numbers.loc["bc", "probability"] == 1  # ten points ahead everywhere
    # against three points ahead of 5 7 9: 8 10 12; of nine pairs one is won (9 > 8)
    assert numbers.loc["bc10", "probability"] == pytest.approx(1 / 9)
    assert numbers.loc["bc10", "difference"] == pytest.approx(-3)


def test_aggregates_leave_out_a_task_that_a_method_lacks_and_say_which(frame: Frame) -> None:
    holed = {key: value for key, value in FULL.items() if key != (REPLAY, "cql")}
    artifact = made("aggregates", frame((holed, {})))
    assert any(f"no run there: {REPLAY}" in note for note in artifact.notes)
    mean = artifact.numbers.set_index(["method", "statistic"]).loc[("dt", "Mean"), "value"]
    assert mean == pytest.approx(57)


def test_figure_3_has_ours_for_mujoco_alone(frame: Frame) -> None:
    numbers = made("figure3", frame((FULL, {}))).numbers.set_index(["group", "method"])
    assert numbers.loc[("OpenAI Gym", "DT"), "mean"] == pytest.approx(47)
    assert numbers.loc[("OpenAI Gym", "BC"), "paper"] == 47.7
    assert numbers.loc[["Atari", "Key-To-Door"], "mean"].isna().all()
    assert len(numbers) == 9


def test_peers_quote_and_never_rank_the_best(frame: Frame) -> None:
    numbers = made("peers", frame((FULL, {}))).numbers
    ours = numbers[numbers["source"] == "this suite"].set_index(["method", "task"])
    assert ours.loc[("10%BC", REPLAY), "mean"] == pytest.approx(30)
    corl = numbers[(numbers["source"] == "CORL") & (numbers["task"] == REPLAY)]
    last = corl[(corl["method"] == "CQL") & (corl["rule"] == "last")]
    assert (last["mean"].item(), last["std"].item()) == (95.11, 5.27)
    assert not numbers[numbers["rule"].str.startswith("best")]["ranked"].any()


def test_table_3_quotes_table_3_and_names_hindsight(frame: Frame) -> None:
    artifact = made("table3", frame((FULL, {})))
    assert any("hindsight" in note for note in artifact.notes)
    assert any("10%BC on 3 of 3 data sets" in note for note in artifact.notes)
    numbers = artifact.numbers.set_index(["data", "method"])
    assert numbers.loc[("Medium-Replay", "dt"), "paper_mean"] == 82.7
    assert numbers.loc[("Medium-Replay", "bc40"), "paper_mean"] == 31.0
    assert math.isnan(numbers.loc[("Medium-Expert", "dt"), "paper_mean"])  # not in Table 3


def test_table_5_is_about_methods_with_a_context(frame: Frame, tmp_path: Path) -> None:
    cells = {(REPLAY, "dt-k1"): [10.0, 12.0], (REPLAY, "dt-k20"): [20.0, 22.0]}
    scores = frame((cells, {}))
    scores["context_length"] = scores["method"].map({"dt-k1": 1.0, "dt-k20": 20.0})
    artifact = made("table5", pd.concat([scores, frame(({(REPLAY, "bc"): [99.0]}, {}))]))
    assert list(artifact.numbers["method"].unique()) == ["dt-k1", "dt-k20"]
    write_artifact(artifact, [tmp_path / "table5.svg"])
    assert ">context length K" in (tmp_path / "table5.svg").read_text()


def test_table_7_sets_sparse_beside_dense(frame: Frame, tmp_path: Path) -> None:
    dense = {(REPLAY, "dt"): [80.0, 82.0], (REPLAY, "bc10"): [70.0, 72.0]}
    sparse = {(REPLAY, "dt"): [60.0, 62.0], (REPLAY, "bc10"): [71.0, 73.0]}
    artifact = made("table7", frame((dense, {}), (sparse, {"reward": "sparse"})))
    numbers = artifact.numbers[artifact.numbers["data"] != AVERAGE].set_index("method")
    assert list(numbers.index) == ["dt/sparse", "dt/dense", "bc10/sparse", "bc10/dense"]
    assert numbers["mean"].tolist() == pytest.approx([61, 81, 72, 71])
    assert numbers["paper_mean"].tolist()[:2] == [78.5, 82.7]
    assert math.isnan(numbers.loc["bc10/sparse", "paper_mean"])
    assert numbers.loc["bc10/dense", "paper_mean"] == 70.6
    assert artifact.headings[2:4] == ["DT, sparse", "DT, sparse, paper"]
    write_artifact(artifact, [tmp_path / "table7.png"])


def test_fractions_have_a_row_for_each_share_and_no_average(frame: Frame, tmp_path: Path) -> None:
    shares = [({(REPLAY, "dt"): [p, p + 2.0]}, {"data_percent": p}) for p in (100.0, 1.0, 10.0)]
    artifact = made("fractions", frame(*shares))
    assert [row[0] for row in artifact.body] == [f"Medium-Replay, {p} %" for p in (1, 10, 100)]
    assert artifact.numbers["mean"].tolist() == pytest.approx([2, 11, 101])
    assert artifact.foot == 0
    # the paper's number is of all of the data
    assert artifact.numbers["paper_mean"].isna().tolist() == [True, True, False]
    write_artifact(artifact, [tmp_path / "fractions.svg"])


def test_figure_4_asks_for_the_papers_grid_and_beyond(
    swept: Callable[..., pd.DataFrame], tmp_path: Path
) -> None:
    artifact = made("figure4", swept(lambda asked: min(asked, 80.0)))
    numbers = artifact.numbers
    theirs = printed_figure4("hopper")
    assert theirs is not None
    on_grid = numbers[numbers["target"].isin(theirs.raw_targets)]
    assert len(on_grid) == 36
    assert on_grid["paper_achieved"].tolist() == pytest.approx(list(theirs.normalised_achieved))
    beyond = numbers[~numbers["target"].isin(theirs.raw_targets)]
    assert beyond["paper_achieved"].isna().all()
    assert numbers["target_normalised"].max() == pytest.approx(3 * 90, abs=2)
    assert numbers["data_high"].unique() == pytest.approx([90])
    assert numbers["achieved"].max() == pytest.approx(80)
    write_artifact(artifact, [tmp_path / "figure4.svg"])
    svg = (tmp_path / "figure4.svg").read_text()
    for label in ("achieved = target", "best episode in our data", "paper (D4RL"):
        assert label in svg


def test_figure_4_without_a_sweep_says_what_to_write(frame: Frame) -> None:
    with pytest.raises(ValueError, match="sweep: true"):
        made("figure4", frame((FULL, {})))


def test_one_seed_and_diverged_runs_go_through_every_table(frame: Frame) -> None:
    one = {key: values[:1] for key, values in FULL.items()}
    scores = frame((one, {"diverged": ("cql",)}))
    for name in ("table2", "table3", "figure3", "aggregates", "improvement", "profiles", "peers"):
        assert made(name, scores).body
    assert "†" in markdown(made("table2", scores))
    assert "(1 seed)" in markdown(made("table2", scores))


def test_a_sheet_without_a_figure_refuses_one(frame: Frame, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"peers\.png: known formats are \.md, \.html"):
        write_artifact(made("peers", frame((FULL, {}))), [tmp_path / "peers.png"])


def test_a_variant_that_quotes_the_same_column_is_not_more_seeds(frame: Frame) -> None:
    scores = frame((FULL, {}))
    again = scores[scores["method"] == "dt"].assign(
        method="dt2", label="DT 2", position=9, score=0.0
    )
    both = pd.concat([scores, again], ignore_index=True)
    for name in ("figure3", "peers"):
        pd.testing.assert_frame_equal(made(name, both).numbers, made(name, scores).numbers)


def test_the_grid_goes_up_to_the_datas_best() -> None:
    reacher = grid(task_by_name("reacher2d-medium-replay"), 0.0, 100.0, None)
    theirs = printed_figure4("reacher2d")
    assert theirs is not None
    assert reacher[:10] == list(theirs.raw_targets)  # 2 to 20
    between = [target for target in reacher if 20 < target <= 100]
    assert between == pytest.approx([100 * step / 9 for step in range(2, 10)], abs=1e-6)
    assert reacher[-6:] == pytest.approx([110, 125, 150, 200, 250, 300])
    hopper = grid(task_by_name(REPLAY), 4.0, 3402.8, None)
    assert len(hopper) == 36 + 7
    assert len(grid(task_by_name(REPLAY), 4.0, 3402.8, 4)) == 4 + 7
    # no multiple of a negative return is more than it
    assert grid(task_by_name("reacher2d-medium-replay"), -9.0, -1.0, 2) == [2.0, 20.0]


def test_columns_stand_in_the_order_of_the_suite(tmp_path: Path, whole: Plan) -> None:
    swapped = replace(
        whole, runs={"mujoco": tuple(reversed(whole.runs["mujoco"])), "other": whole.runs["mujoco"]}
    )
    paths = write_scores(tmp_path, {(REPLAY, "dt"): [1.0], (REPLAY, "bc"): [2.0]})
    for suite, order in (("mujoco", ["bc", "dt"]), ("other", ["dt", "bc"])):
        artifact = made("table2", collect(paths, swapped, suite))
        assert list(dict.fromkeys(artifact.numbers["method"])) == order
