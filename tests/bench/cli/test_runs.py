"""`bench train`, `evaluate`, `sweep`, `diagnose` and `video`: what they hand on, and what they refuse."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import bench.cli.runs
import bench.runs.diagnose
import bench.runs.evaluate
import bench.runs.record
import bench.runs.sweep
import bench.runs.train
import bench.runs.video
from bench.cli.main import main
from bench.datasets import storage
from bench.runs.identity import identity_of
from tests.helpers.cli import RUN, fails, train


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"module": "td3"}, "unknown method 'td3'"),
        ({"options": '{"widht": 8}'}, "method bc has no option 'widht'; known: layers, width"),
        ({"options": '{"width": "8"}'}, "method bc: option width is '8', expected int"),
        ({"options": '{"width": 0}'}, "method bc: width must be at least 1, not 0"),
        ({"run": Path("results/here")}, "results/here is not a run's folder"),
    ],
    ids=["module", "option", "type", "value", "folder"],
)
def test_a_run_that_cannot_be(
    data: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], message: str
) -> None:
    assert message in fails(capsys, *train(data, **changes))


def test_an_evaluation_before_the_training(capsys: pytest.CaptureFixture[str]) -> None:
    line = fails(capsys, "evaluate", "--run", str(RUN), "--episodes", "1", "--num-envs", "1")
    assert str(RUN) in line


def handed_on(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> list[Any]:
    """Return a list that fills with the arguments of a function, by their names; it does nothing."""
    given: list[Any] = []
    signature = inspect.signature(getattr(module, name))

    def spy(*arguments: Any, **named: Any) -> None:
        bound = signature.bind(*arguments, **named)
        bound.apply_defaults()
        given.append(dict(bound.arguments))

    monkeypatch.setattr(module, name, spy)
    return given


WHERE = ["--run", str(RUN), "--data", "set"]


def test_train_refuses_data_of_another_task(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = handed_on(monkeypatch, bench.runs.train, "train_run")
    monkeypatch.setattr(storage, "read_manifest", lambda folder: {"task": "walker2d-medium"})
    assert main(["train", *WHERE, "--module", "bc", "--steps", "7"]) == 1
    assert given == []
    error = capsys.readouterr().err
    assert "--data set holds data of task 'walker2d-medium', but the run" in error
    assert f"is on {identity_of(RUN.absolute()).task!r}" in error


def test_train_hands_its_options_on(monkeypatch: pytest.MonkeyPatch) -> None:
    given = handed_on(monkeypatch, bench.runs.train, "train_run")
    monkeypatch.setattr(storage, "read_manifest", lambda folder: {})
    options = ["--options", '{"width": 8}', "--curve", "0.5", "1", "--device", "cuda"]
    assert main(["train", *WHERE, "--module", "bc", "--steps", "7", *options]) == 0
    assert main(["train", *WHERE, "--module", "dt", "--steps", "9", "--curve"]) == 0
    first = {"folder": RUN, "data_folder": Path("set"), "module": "bc", "options": {"width": 8}}
    second = {"folder": RUN, "data_folder": Path("set"), "module": "dt", "options": {}}
    assert given == [
        first | {"steps": 7, "curve": (0.5, 1.0), "device": "cuda"},
        second | {"steps": 9, "curve": (), "device": "cpu"},
    ]


def test_evaluate_hands_its_options_on(monkeypatch: pytest.MonkeyPatch) -> None:
    given = handed_on(monkeypatch, bench.runs.evaluate, "evaluate_run")
    monkeypatch.setattr(bench.cli.runs, "_score_of", lambda run: "its score")
    line = ["evaluate", "--run", str(RUN), "--episodes", "5", "--num-envs", "3"]
    more = ["--curve-episodes", "2", "--max-steps", "11", "--device", "cuda"]
    more += ["--episode-list", "trials"]
    assert main([*line, *more]) == 0
    assert main(line) == 0
    shared = {"folder": RUN, "episodes": 5, "num_envs": 3}
    assert given == [
        shared | {"curve_episodes": 2, "device": "cuda", "max_steps": 11, "episode_list": "trials"},
        shared | {"curve_episodes": 0, "device": "cpu", "max_steps": None, "episode_list": ""},
    ]


def test_evaluate_prints_the_score_that_tables_show(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    handed_on(monkeypatch, bench.runs.evaluate, "evaluate_run")
    returns = [
        {"returns": [9.0]},
        {"returns": [1000.0, 2000.0]},
    ]  # an earlier snapshot, and the last
    monkeypatch.setattr(bench.runs.record, "read", lambda path: {"evaluations": returns})
    assert main(train(data)) == 0
    assert main(["evaluate", "--run", str(RUN), "--episodes", "2", "--num-envs", "2"]) == 0
    score = 100 * (1500 + 20.272305) / (3234.3 + 20.272305)  # D4RL's reference scores of Hopper
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"{RUN}/result.json: mean return 1,500.0 over 2 episodes, score {score:.1f} (0: random, 100: reference)"
    )


def test_sweep_hands_its_options_on(monkeypatch: pytest.MonkeyPatch) -> None:
    given = handed_on(monkeypatch, bench.runs.sweep, "sweep_run")
    line = ["sweep", *WHERE, "--episodes", "5", "--num-envs", "3"]
    more = ["--points", "4", "--max-steps", "11", "--device", "cuda", "--episode-list", "trials"]
    assert main([*line, *more]) == 0
    assert main(line) == 0
    shared = {"folder": RUN, "data_folder": Path("set"), "episodes": 5, "num_envs": 3}
    assert given == [
        shared | {"points": 4, "device": "cuda", "max_steps": 11, "episode_list": "trials"},
        shared | {"points": None, "device": "cpu", "max_steps": None, "episode_list": ""},
    ]


def test_diagnose_hands_its_options_on(monkeypatch: pytest.MonkeyPatch) -> None:
    given = handed_on(monkeypatch, bench.runs.diagnose, "diagnose_run")
    assert main(["diagnose", "paths", *WHERE, "--episodes", "5", "--device", "cuda"]) == 0
    assert main(["diagnose", "critic", *WHERE]) == 0
    assert [list(each.values()) for each in given] == [
        [RUN, Path("set"), "paths", 5, "cuda"],
        [RUN, Path("set"), "critic", 1000, "cpu"],
    ]


def test_video_hands_its_options_on(monkeypatch: pytest.MonkeyPatch) -> None:
    given = handed_on(monkeypatch, bench.runs.video, "record_video")
    line = ["video", "--run", str(RUN), "--out", "a.webm"]
    options = ["--episode", "3", "--steps", "40", "--fps", "15", "--every", "2"]
    assert main([*line, *options, "--target", "0", "--beside", "set"]) == 0
    assert main(line) == 0
    names = ("run", "out", "index", "max_steps", "fps", "every", "target", "data")
    out = Path("a.webm")
    assert given == [
        dict(zip(names, (RUN, out, 3, 40, 15.0, 2, 0.0, Path("set")), strict=True)),
        dict(zip(names, (RUN, out, 0, None, 8.0, 1, None, None), strict=True)),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["evaluate", "--max-steps", "0"], "'0' is not a whole number above 0"),
        (["sweep", "--max-steps", "x"], "'x' is not a whole number above 0"),
        (["video", "--steps", "-1"], "'-1' is not a whole number above 0"),
        (["diagnose", "surprise"], "choose from '?critic'?, '?paths'?"),
    ],
)
def test_a_value_that_cannot_be_is_wrong_usage(
    line: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(line)
    assert caught.value.code == 2
    assert re.search(message, capsys.readouterr().err)
