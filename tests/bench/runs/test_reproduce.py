"""Running the run of a record again."""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.behaviours.generate import generate
from bench.cli.main import main
from bench.core.files import digest, write_json
from bench.datasets import storage
from bench.runs import archive, record
from bench.runs import train as train_module
from bench.runs.diagnose import diagnose_run
from bench.runs.evaluate import evaluate_run
from bench.runs.reproduce import (
    Record,
    Reproduction,
    find,
    reproduce_all,
    why_elsewhere,
)
from bench.runs.sweep import sweep_run
from bench.runs.train import train_run
from bench.tasks.registry import TASKS
from tests.helpers.dt import make_data

BC = Path("results/tiny/runs/hopper-medium/dense/100/bc/0")
WALKS = Path("results/tiny/runs/graph1-walks/dense/100/dt-graph/0")
Change = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of a baseline on Hopper and one of DT on a graph."""
    folder = tmp_path_factory.mktemp("made")
    data = folder / "data/generated/hopper-medium/500-0"
    storage.save(make_data(observation_size=11, action_size=3), data, {"source": "generated"})
    options = {"width": 8, "layers": 1, "batch_size": 4}
    train_run(folder / BC, data, "bc", options, 6, (0.5,), "cpu")
    evaluate_run(folder / BC, 2, 2, 1, "cpu", max_steps=20, episode_list="trials")
    sweep_run(folder / BC, data, 1, 1, 2, "cpu", max_steps=5, episode_list="trials")
    walks = folder / "data/generated/graph1-walks/3000-3"
    generate(TASKS["graph1-walks"], 3000, 3, walks)
    train_run(folder / WALKS, walks, "dt_graph", {"width": 16, "batch_size": 8}, 4, (), "cpu")
    evaluate_run(folder / WALKS, 4, 4, 0, "cpu")
    diagnose_run(folder / WALKS, walks, "paths", 20, "cpu")
    return folder


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a copy of it."""
    folder = Path(shutil.copytree(made, tmp_path / "here"))
    monkeypatch.chdir(folder)
    return folder


def again(found: Record, work: Path, data: Path = Path("data")) -> Reproduction:
    [(_, reproduction)] = reproduce_all([found], work, data)
    return reproduction


def changed(path: Path, change: Change) -> Record:
    """Edit a record, sign it again, and return it."""
    content = json.loads(path.read_text())
    change(content)
    content["digest"] = digest(content)
    write_json(path, content)
    return find(str(path))


@pytest.mark.parametrize(
    "path", [BC / "result.json", WALKS / "result.json"], ids=["baseline", "graph"]
)
def test_a_run_is_reproduced_byte_for_byte(here: Path, path: Path) -> None:
    reproduction = again(find(str(path)), here / "work")
    assert reproduction.outcome == "equal"
    assert re.fullmatch(r"policy, \d+ losses, \d episodes, every other field", reproduction.text)
    assert (here / "work" / path).read_bytes() == path.read_bytes()


def test_records_of_one_run_share_its_training(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = []

    def train(run: Path, *arguments: Any) -> None:
        trained.append(run.parts[-2])
        train_run(run, *arguments)

    monkeypatch.setattr(train_module, "train_run", train)
    records = [BC / "result.json", BC / "sweep.json", WALKS / "paths.json"]
    done = list(reproduce_all(map(find, map(str, records)), here / "work"))
    assert [reproduction.outcome for _, reproduction in done] == ["equal"] * 3
    for path in records:
        assert (here / "work" / path).read_bytes() == path.read_bytes()
    assert trained == ["bc", "dt-graph"]


def test_a_data_set_is_found_by_its_digest(here: Path) -> None:
    shutil.move(here / "data/generated/hopper-medium/500-0", here / "elsewhere/mine")
    for data in (here / "elsewhere", here / "elsewhere/mine"):
        work = here / data.name
        assert again(find(str(BC / "result.json")), work / "work", data).outcome == "equal"


def test_a_data_set_that_is_missing_is_made_anew(here: Path) -> None:
    shutil.rmtree(here / "data")
    assert again(find(str(WALKS / "result.json")), here / "work").outcome == "equal"
    assert (here / "work/data/generated/graph1-walks/3000-3/manifest.json").exists()


def test_a_data_set_that_cannot_be_made_is_named(here: Path) -> None:
    shutil.rmtree(here / "data")
    other = "its data set generated/graph1-walks/3000-4 is not in data, and has other bytes when generated"
    found = changed(
        WALKS / "result.json",
        lambda content: content["training"].update(data_folder="generated/graph1-walks/3000-4"),
    )
    reproduction = again(found, here / "work")
    assert reproduction.outcome == "failed"
    assert reproduction.text.startswith(other)
    found = changed(
        WALKS / "result.json",
        lambda content: content["training"].update(data_folder="minari/graph1-walks/v2"),
    )
    text = again(found, here / "work").text
    assert re.match(r"its data set \(source generated, .* is not in data; copy it here", text)


DIFFERENCES: dict[str, tuple[Change, str]] = {
    "loss": (
        lambda content: content["training"]["losses"][0].update(loss=0.5),
        "training.losses.0.loss: 0.5 in the record, ",
    ),
    "policy": (
        lambda content: content["hashes"].update(policy="f0"),
        "hashes.policy: 'f0' in the record, ",
    ),
    "return": (
        lambda content: content["evaluations"][1]["returns"].__setitem__(1, 7.5),
        "evaluations.1.returns.1: 7.5 in the record, ",
    ),
    "length": (
        lambda content: content["evaluations"][0]["lengths"].append(3),
        "evaluations.0.lengths.1: 3 in the record, nothing here",
    ),
    "status": (
        lambda content: content.update(status="diverged"),
        "status: 'diverged' in the record, 'done' here",
    ),
    "first of several": (
        lambda content: [
            content["evaluations"][0]["returns"].__setitem__(0, 7.5),
            content["training"]["losses"][-1].update(loss=0.5),
        ],
        "training.losses.",
    ),
}


@pytest.mark.parametrize(("change", "message"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_the_first_difference_is_named(here: Path, change: Change, message: str) -> None:
    reproduction = again(changed(BC / "result.json", change), here / "work")
    assert reproduction.outcome == "different"
    assert reproduction.text.startswith(message)


def test_other_code_is_no_difference(here: Path) -> None:
    found = changed(
        BC / "result.json",
        lambda content: content["hashes"].update(code={"a": "1"}, evaluation_code={"b": "2"}),
    )
    assert again(found, here / "work").outcome == "equal"


def test_on_another_machine_the_first_losses_are_compared(here: Path) -> None:
    def other(content: dict[str, Any]) -> None:
        content["machine"]["training"]["instruction_set"] = "MMX"
        content["hashes"]["policy"] = "f0"
        content["training"]["losses"][0]["loss"] *= 1.005

    reproduction = again(changed(BC / "result.json", other), here / "work")
    assert reproduction.outcome == "close"
    assert "bytes cannot be compared here (instruction set MMX in the record, " in reproduction.text
    assert "the first losses agree within 1 %" in reproduction.text
    assert not (here / "work" / BC / "result.json").exists()

    found = changed(
        BC / "result.json", lambda content: content["training"]["losses"][0].update(loss=9.0)
    )
    reproduction = again(found, here / "more")
    assert reproduction.outcome == "different"
    assert "training.losses.0.loss: 9 in the record, " in reproduction.text


def test_where_bytes_can_be_compared(here: Path) -> None:
    content = find(str(BC / "result.json")).content
    assert why_elsewhere(content) is None
    for change, reason in (
        ({"machine": None}, "unknown processor: the record does not name it"),
        ({"versions": content["versions"] | {"numpy": "1.0"}}, "numpy 1.0 in the record, "),
        ({"versions": {"no-such-package": "1"}}, "no-such-package 1 in the record, not installed"),
    ):
        other = {key: each for key, each in (content | change).items() if each is not None}
        assert str(why_elsewhere(other)).startswith(reason)
    without = copy.deepcopy(content)  # as of a run without PyTorch, such as that of `uniform`
    without["machine"]["training"]["instruction_set"] = None
    assert why_elsewhere(without) is None
    for half in ("training", "evaluation"):
        other = copy.deepcopy(content)
        other["machine"][half]["processor"] = "Z80"
        assert str(why_elsewhere(other)).startswith("processor Z80 in the record, ")


def test_the_verb(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", str(BC / "result.json")]) == 0
    assert "1 of 1 records were reproduced: 1 byte for byte, 0 in" in capsys.readouterr().out
    changed(BC / "result.json", lambda content: content["hashes"].update(policy="f0"))
    assert main(["reproduce", str(WALKS / "result.json"), str(BC / "result.json")]) == 1
    output = capsys.readouterr()
    assert f"equal: {WALKS}/result.json: policy" in output.out
    assert f"different: {BC}/result.json: hashes.policy: 'f0'" in output.out
    assert (
        f"error: 1 of 2 records were not reproduced; the first is {BC}/result.json: hashes"
        in output.err
    )


def test_a_packed_record_is_reproduced(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "ARCHIVES", here / "kept")
    archive.pack(here / "results/tiny/runs", archive.archive_of("tiny"))
    shutil.rmtree(here / "results")
    for name, file in (("", "result.json"), ("/paths.json", "paths.json")):
        found = find(f"tiny:graph1-walks/dense/100/dt-graph/0{name}")
        assert found.file == file
    assert again(found, here / "work").outcome == "equal"
    with pytest.raises(
        FileNotFoundError, match=r"does not hold results/tiny/runs/graph1-walks/dense/1/"
    ):
        find("tiny:graph1-walks/dense/1/dt-graph/0")
    with pytest.raises(FileNotFoundError, match=r"no packed records at .* there are: tiny"):
        find("tinny:graph1-walks/dense/100/dt-graph/0")


def test_a_kept_record_of_the_repository_is_found() -> None:
    found = find("quick:hopper-medium/dense/100/bc/0")
    assert (found.identity.method, found.identity.seed) == ("bc", 0)
    why = why_elsewhere(found.content)
    assert why is None or " in the record, " in why  # it depends on the machine of the test
    unnamed = {key: value for key, value in found.content.items() if key != "machine"}
    assert why_elsewhere(unnamed) == "unknown processor: the record does not name it"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "results/tiny/runs/nothing/result.json",
            "there is no record at results/tiny/runs/nothing",
        ),
        (
            str(BC / "training.json"),
            "training.json is not a record: give a path that ends in result",
        ),
        ("hopper-medium", "hopper-medium is not a record"),
        ("tiny:hopper-medium/x.json", "is not a record"),
    ],
)
def test_an_unknown_record_is_one_line(
    here: Path, capsys: pytest.CaptureFixture[str], name: str, message: str
) -> None:
    assert main(["reproduce", name]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


BAD: dict[str, tuple[Change, str]] = {
    "method": (
        lambda content: content.update(module="gone"),
        "its method 'gone' no longer exists: there is no baselines/gone.py",
    ),
    "option": (
        lambda content: content["config"].update(depth=3),
        "method bc has no option 'depth'",
    ),
}


@pytest.mark.parametrize(("change", "message"), BAD.values(), ids=BAD)
def test_a_record_that_cannot_be_run_again_is_one_line(
    here: Path, capsys: pytest.CaptureFixture[str], change: Change, message: str
) -> None:
    changed(BC / "result.json", change)
    assert main(["reproduce", str(BC / "result.json")]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_record_that_needs_another_machine_does_not_stop_the_others(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    changed(BC / "result.json", lambda content: content.update(device="cuda"))
    records = [str(BC / "result.json"), str(WALKS / "result.json")]
    assert main(["reproduce", *records]) == 1
    output = capsys.readouterr()
    failed, equal = output.out.splitlines()
    assert failed.startswith(f"failed: {records[0]}: device 'cuda' is not available here")
    assert equal.startswith(f"equal: {records[1]}: ")
    assert output.err.startswith("error: 1 of 2 records were not reproduced; the first is ")


def test_a_damaged_record_is_one_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = here / BC / "result.json"
    path.write_text(path.read_text().replace('"done"', '"diverged"'))
    assert main(["reproduce", str(path)]) == 1
    assert "was changed after it was written" in capsys.readouterr().err


def test_a_folder_with_such_a_run_is_left_alone(here: Path) -> None:
    before = (here / BC / "result.json").read_bytes()
    reproduction = again(find(str(BC / "result.json")), Path())
    assert reproduction.outcome == "failed"
    assert f"{BC} already exists; give another folder with --work" in reproduction.text
    assert (here / BC / "result.json").read_bytes() == before
    assert record.read(here / BC / "result.json")
