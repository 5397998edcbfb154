"""The blocks of `artifacts.toml`, and the artifacts that a suite may ask for."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.core.code import ROOT
from bench.report.artifacts.registry import (
    ARTIFACTS,
    BadArtifact,
    Spec,
    check_artifacts,
    check_overviews,
    read_specs,
)
from bench.runs.schema import BadConfig
from bench.tasks.entries import BadFamily
from bench.tasks.registry import FAMILIES
from tests.conftest import CONFIG

GOOD = '[census]\ntitle = "A census"\ncaption = "How many."\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the module of one artifact."""
    (tmp_path / "census.py").touch()
    return tmp_path


def read(folder: Path, text: str) -> dict[str, Spec]:
    (folder / "list.toml").write_text(text, encoding="utf-8")
    return read_specs(folder / "list.toml")


def test_a_block_and_a_module_are_an_artifact(folder: Path) -> None:
    [(name, spec)] = read(folder, GOOD).items()
    assert name == "census"
    assert spec == Spec("A census", "How many.")
    assert (spec.figure, spec.sweep, spec.reward, spec.all_data) == (True, False, "dense", True)
    assert spec.suffixes == (".html", ".csv", ".md", ".tex", ".png", ".svg", ".pdf")
    assert read(folder, GOOD + "figure = false\n")["census"].suffixes == (
        ".html",
        ".csv",
        ".md",
        ".tex",
    )


def test_artifacts_keep_the_order_of_their_blocks(folder: Path) -> None:
    (folder / "ballot.py").touch()
    assert list(read(folder, GOOD + GOOD.replace("census]", "ballot]"))) == ["census", "ballot"]
    assert read(folder, "") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            GOOD + "sweeps = true\n",
            "census: unknown entry 'sweeps'; known: title, caption, printed, figure",
        ),
        (GOOD.replace("title", "titel"), "census: unknown entry 'titel'; known: title"),
        ("[census]\ncaption = 'How many.'\n", "census: 'title' is missing$"),
        ("[census]\ntitle = 'A census'\n", "census: 'caption' is missing$"),
        ("[census]\n", "census: 'title' is missing$"),
        (
            GOOD + "diagnostic = 'criti'\n",
            "census: unknown diagnostic 'criti'; known: critic, paths, held_out$",
        ),
        (GOOD + "family = 'atary'\n", "census: unknown family 'atary'; known: mujoco, "),
        (GOOD + "reward = 'spares'\n", "census: unknown reward 'spares'; known: dense, sparse$"),
        (
            GOOD + "videos = 'all'\n",
            "census: unknown choice of videos 'all'; known: one, methods$",
        ),
        (GOOD.replace("census]", "ballot]"), r"ballot has no module; add ballot\.py to the same"),
        (GOOD + "figure = 'no'\n", "census.figure is 'no', expected true or false$"),
        (GOOD + "sweep = 1\n", "census.sweep is 1, expected true or false$"),
        (GOOD.replace('"A census"', "3"), "census.title is 3, expected a text$"),
        (GOOD + "family = true\n", "census.family is True, expected a text$"),
        ("census = 3\n", r"census is 3; an artifact is a block \[census\]$"),
        ("title = 'x'\n", r"title is 'x'; an artifact is a block \[title\]$"),
        (GOOD + GOOD, "not a TOML file: "),
        ("[census", "not a TOML file: "),
    ],
    ids=[
        "unknown",
        "typo",
        "no-title",
        "no-caption",
        "empty",
        "diagnostic",
        "family",
        "reward",
        "videos",
        "no-module",
        "switch",
        "number-as-switch",
        "title-type",
        "family-type",
        "no-block",
        "no-block-of-an-entry",
        "twice",
        "syntax",
    ],
)
def test_a_bad_block_is_refused_by_name(folder: Path, text: str, message: str) -> None:
    with pytest.raises(BadArtifact, match=rf"^{folder / 'list.toml'}: {message}"):
        read(folder, text)


def test_a_bad_block_after_a_good_one_is_found(folder: Path) -> None:
    with pytest.raises(BadArtifact, match="ballot: 'title' is missing"):
        read(folder, GOOD + "[ballot]\ncaption = 'x'\n")


def test_bytes_that_are_no_text_are_refused(folder: Path) -> None:
    (folder / "list.toml").write_bytes(b"\xff")
    with pytest.raises(BadArtifact, match=r"list\.toml: not a TOML file: "):
        read_specs(folder / "list.toml")


def test_an_overview_that_is_no_artifact_is_refused() -> None:
    mistyped = replace(FAMILIES["graph"], overview="tabel2")
    with pytest.raises(
        BadFamily,
        match=r"^family graph: family\.overview names the artifact 'tabel2', .*; known: score_cost, table2, ",
    ):
        check_overviews([mistyped], ARTIFACTS)
    check_overviews(FAMILIES.values(), ARTIFACTS)


def test_suite_and_scale_are_filled_in() -> None:
    spec = Spec("A census", "Suite {{ suite }} at {{ scale }}, {{ suite }} again; {{ other }}.")
    assert spec.caption_of("atari", "desk") == "Suite atari at desk, atari again; {{ other }}."


def test_an_artifact_is_listed_with_its_family_or_with_its_tasks() -> None:
    of_atari = Spec("A census", "How many.", family="atari").category(["hopper-medium"])
    assert of_atari == Spec("A census", "How many.").category(["pong-replay"])
    assert of_atari != Spec("A census", "How many.").category(["hopper-medium"])


@pytest.fixture
def config() -> dict[str, Any]:
    return copy.deepcopy(CONFIG)


@pytest.mark.parametrize(
    ("name", "change", "lack"),
    [
        ("figure4", {"sweep": False}, "`sweep: true`"),
        ("table2", {"rewards": ["sparse"]}, "dense among its rewards"),
        ("table7", {"data_percents": [10]}, "100 among its data_percents"),
        ("figure6", {"diagnostic": "critic"}, "`diagnostic: paths`"),
    ],
)
def test_an_artifact_that_its_suite_cannot_make_is_refused(
    config: dict[str, Any], name: str, change: dict[str, Any], lack: str
) -> None:
    suite = config["suites"]["mujoco"]
    config["suites"]["targets"] = suite | {"artifacts": [name], "sweep": True} | change
    with pytest.raises(
        BadConfig,
        match=rf"^suites\.targets\.artifacts: {name} needs {lack}; add it .* or remove {name}$",
    ):
        check_artifacts(config)


def test_the_critic_of_the_default_config_needs_its_diagnostic() -> None:
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    check_artifacts(config)
    del config["suites"]["critic"]["diagnostic"]
    with pytest.raises(
        BadConfig, match=r"suites\.critic\.artifacts: figure5 needs `diagnostic: critic`"
    ):
        check_artifacts(config)


def test_an_unknown_artifact_is_refused_with_the_known_ones(config: dict[str, Any]) -> None:
    config["suites"]["mujoco"] |= {"artifacts": ["figure9"], "sweep": True}
    with pytest.raises(
        BadConfig,
        match=r"mujoco\.artifacts: unknown artifact 'figure9'; known: score_cost, table2, ",
    ):
        check_artifacts(config)


def test_artifacts_that_the_runs_can_make_are_accepted(config: dict[str, Any]) -> None:
    suite = config["suites"]["mujoco"]
    config["suites"]["mujoco"] |= {"artifacts": ["table2", "figure4"], "sweep": True}
    # any reward will do for Table 7, any fraction for the one of data fractions
    config["suites"]["sparse"] = suite | {"artifacts": ["table7"], "rewards": ["sparse"]}
    config["suites"]["few"] = suite | {"artifacts": ["fractions"], "data_percents": [10]}
    check_artifacts(config)
    assert ARTIFACTS["table7"].reward == ""
    assert not ARTIFACTS["fractions"].all_data
