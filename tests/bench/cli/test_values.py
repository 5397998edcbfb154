"""The values of options, and what is no such value."""

from __future__ import annotations

import pytest

from bench.cli.main import main
from bench.cli.values import device, did_you_mean, json_object, not_negative, positive
from bench.environments.modules import VARIABLE, allowed
from tests.helpers.cli import fails


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("{width: 8}", "'{width: 8}' is not JSON (Expecting property name"),
        ('{"a": NaN}', "'{\"a\": NaN}' is not JSON (NaN is not a finite number)"),
        ("[8]", "'[8]' is not a JSON object, such as '{\"width\": 64}'"),
    ],
)
def test_options_that_are_no_json_object_are_named(
    options: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--run", "r", "--data", "d", "--module", "bc", "--steps", "1"]
    with pytest.raises(SystemExit):
        main(["train", *arguments, "--options", options])
    assert f"argument --options: {message}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "--episodes", "0"], "--episodes: '0' is not a whole number above 0"),
        (["evaluate", "--num-envs", "two"], "--num-envs: 'two' is not a whole number above 0"),
        (["train", "--steps", "-3"], "--steps: '-3' is not a whole number, 0 or above"),
        (["train", "--device", "gpu"], "--device: 'gpu' is not cpu, cuda or cuda:N"),
        (
            ["train", "--steps", f"{10**30}"],
            f"--steps: '{10**30}' is too large; the largest is 9007",
        ),
        (
            ["train", "--steps", "9" * 5000],
            f"--steps: '{'9' * 60}' is not a whole number, 0 or above",
        ),
        (["train", "--curve", "nan"], "--curve: 'nan' is not a number above 0, and 1 at most"),
        (["train", "--curve", "0.5", "1.5"], "--curve: '1.5' is not a number above 0, and 1"),
        (["train", "--time-limit", "0"], "--time-limit: '0' is not a number of minutes above 0"),
        (["evaluate", "--time-limit", "inf"], "--time-limit: 'inf' is not a number of minutes"),
        (["power", "--spread", "six"], "--spread: 'six' is not a finite number; `bench power"),
        (["power", "--power", "nan"], "--power: 'nan' is not a finite number"),
    ],
)
def test_wrong_values_of_options_are_named(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert f"argument {message}" in capsys.readouterr().err


def test_a_video_of_another_format_is_refused_before_it_is_played(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "its name must end in .gif, .webm or .mp4" in fails(
        capsys, "video", "--run", "r", "--out", "x.avi"
    )


def test_values_of_options() -> None:
    assert positive("12") == 12
    assert not_negative("0") == 0
    assert [device(name) for name in ("cpu", "cuda", "cuda:1")] == ["cpu", "cuda", "cuda:1"]
    assert json_object('{"width": 8}') == {"width": 8}


@pytest.mark.parametrize("name", ["a b", "a;b", "../a", "a-b", "os.system()"])
def test_what_is_no_module_of_environments(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, "")
    with pytest.raises(SystemExit):
        main(["--import", name, "data", "verify", "x"])
    assert (
        f"argument --import: {name!r} is not the name of a Python module" in capsys.readouterr().err
    )
    assert allowed() == []


def test_near_words_are_suggested() -> None:
    assert did_you_mean("tabel2", ["table2", "figure3"]) == "; did you mean 'table2'?"
    assert did_you_mean("xyzzy", ["table2", "figure3"]) == ""
