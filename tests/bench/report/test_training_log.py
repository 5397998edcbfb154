"""The CSV of a training: what is in it, that it changes no number, and what is bad."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.core.files import read_json, sha256
from bench.methods.context import Context
from bench.methods.training import descend, fit
from bench.report import training_log
from bench.report.training_log import LOSSES, add_scores, points_of, read, recorded, write
from bench.runs.evaluate import evaluate_run
from bench.runs.policies import POLICY
from bench.runs.train import TRAINING
from bench.tasks.registry import task_by_name
from tests.helpers.started import STEPS, make_data_here, run_of, train_here


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_recorded_training_has_its_numbers_and_its_policy_unchanged() -> None:
    make_data_here()
    train_here(0)
    plain = run_of(0).folder()
    expected = sha256(plain / POLICY), read_json(plain / TRAINING)["losses"]
    assert not (plain / LOSSES).exists()
    (plain / TRAINING).unlink()
    log, generator = Context.log, Context.generator
    with recorded():
        train_here(0)
    assert (Context.log, Context.generator) == (log, generator)
    assert (sha256(plain / POLICY), read_json(plain / TRAINING)["losses"]) == expected
    points = read(plain / LOSSES)
    assert list(points) == list(range(2, STEPS + 1, 2))
    for line in expected[1]:
        assert points[line["step"]]["loss"] == pytest.approx(line["loss"], rel=1e-8)
    assert all(each["gradient_norm"] > 0 and each["rate"] > 0 for each in points.values())


def test_rate_and_norm_are_those_of_the_update(tmp_path: Path) -> None:
    """The loss is 3 w: the gradient is 3, and the rate rises over four updates to 0.5."""
    network = torch.nn.Linear(1, 1, bias=False)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.5)
    context = Context(task_by_name("hopper-medium"), 0, 8, folder=tmp_path)

    def loss(generator: np.random.Generator) -> torch.Tensor:
        return 3 * network.weight.sum()

    update = descend(loss, network, optimiser, warmup_steps=4)
    with recorded():
        # step 0 is a snapshot, which is not of interest here
        context.snapshot = lambda step, policy: None  # type: ignore[method-assign]
        fit(update, {"n": network}, {"o": optimiser}, lambda: None, context)  # type: ignore[arg-type, return-value]
    points = read(tmp_path / LOSSES)
    assert [each["rate"] for each in points.values()] == [0.125, 0.25, 0.375] + [0.5] * 5
    assert [each["gradient_norm"] for each in points.values()] == [3.0] * 8


def test_the_rate_is_that_of_most_parameters_and_the_norm_that_of_all(tmp_path: Path) -> None:
    """Gradients of 3 for one weight and of 2 for each of four: the square root of 9 + 16."""
    networks = [torch.nn.Linear(size, 1, bias=False) for size in (1, 4)]
    optimisers = [
        torch.optim.SGD(network.parameters(), lr=rate)
        for network, rate in zip(networks, (0.5, 0.25), strict=True)
    ]
    context = Context(task_by_name("hopper-medium"), 0, 8, folder=tmp_path)
    with recorded():
        context.generator("batches")
        (3 * networks[0].weight.sum() + 2 * networks[1].weight.sum()).backward()
        for optimiser in optimisers:
            optimiser.step()
        context.log(1, loss=1.0)
    assert read(tmp_path / LOSSES) == {1: {"loss": 1.0, "rate": 0.25, "gradient_norm": 5.0}}


def test_a_record_that_is_none_says_nothing(tmp_path: Path) -> None:
    write(tmp_path / LOSSES, {4: {"loss": 0.5}})
    unknown = {"identity": {"task": "gone-mine"}, "evaluations": [{"step": 4, "returns": [1.0]}]}
    for content in ({"a": 1}, {"identity": 3, "evaluations": []}, unknown):
        (tmp_path / "result.json").write_text(json.dumps(content))
        assert points_of(tmp_path) == {4: {"loss": 0.5}}
    for losses in ([{"loss": 1.0}], 7, ["a"]):
        (tmp_path / TRAINING).write_text(json.dumps({"losses": losses}))
        assert points_of(tmp_path) == {4: {"loss": 0.5}}


def test_a_resumed_training_keeps_the_rows_before_it_and_no_others(tmp_path: Path) -> None:
    context = Context(task_by_name("hopper-medium"), 0, 40, folder=tmp_path)
    write(tmp_path / LOSSES, {10: {"loss": 1.0, "rate": 0.1}, 20: {"loss": 2.0, "rate": 0.2}})
    context.losses = [{"step": 10, "loss": 1.0}]
    with recorded():
        context.log(15, loss=1.5)
    assert read(tmp_path / LOSSES) == {10: {"loss": 1.0, "rate": 0.1}, 15: {"loss": 1.5}}
    again = Context(task_by_name("hopper-medium"), 0, 40, folder=tmp_path)
    with recorded():
        again.log(10, loss=7.0)
    assert read(tmp_path / LOSSES) == {10: {"loss": 7.0}}


def test_a_training_drops_the_scores_of_an_earlier_evaluation(tmp_path: Path) -> None:
    context = Context(task_by_name("hopper-medium"), 0, 40, folder=tmp_path)
    write(tmp_path / LOSSES, {10: {"loss": 1.0, "rate": 0.1, "score": 50.0}})
    context.losses = [{"step": 10, "loss": 1.0}]
    with recorded():
        context.log(20, loss=0.5)
    assert read(tmp_path / LOSSES) == {10: {"loss": 1.0, "rate": 0.1}, 20: {"loss": 0.5}}


def test_scores_of_the_kept_snapshots_are_added() -> None:
    make_data_here()
    with recorded():
        train_here(0)
    run = run_of(0).folder()
    evaluate_run(run, 2, 2, 1, "cpu", max_steps=5)
    (run / LOSSES).rename("kept")
    add_scores(run)  # of the records alone
    points = read(run / LOSSES)
    result = read_json(run / "result.json")
    domain = task_by_name("hopper-medium").domain
    expected = {
        each["step"]: domain.normalised(float(np.mean(each["returns"])))
        for each in result["evaluations"]
    }
    found = {step: each["score"] for step, each in points.items() if "score" in each}
    assert found == pytest.approx(expected)
    assert set(expected) == {20, 40}
    Path("kept").rename(run / LOSSES)
    add_scores(run)
    assert read(run / LOSSES)[40].keys() == {"loss", "rate", "gradient_norm", "score"}


def test_a_row_of_another_training_is_left_out() -> None:
    make_data_here()
    train_here(0)
    run = run_of(0).folder()
    write(run / LOSSES, {3: {"loss": 1.0}, 4: {"rate": 0.5}})
    points = points_of(run)
    assert 3 not in points
    assert points[4]["rate"] == 0.5
    assert points[4]["loss"] > 0


def test_a_half_written_row_and_a_damaged_file_are_left_out() -> None:
    Path("a.csv").write_text("step,loss\n1,0.5\n2,0.\nx,1\n3")
    assert read(Path("a.csv")) == {1: {"loss": 0.5}, 2: {"loss": 0.0}, 3: {}}
    Path("a.csv").write_bytes(b"step,loss\n1,\xff")
    assert read(Path("a.csv")) == {}
    assert read(Path("nowhere")) == {}
    assert points_of(Path()) == {}


def test_a_full_disk_stops_no_training(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(training_log, "write", full)
    context = Context(task_by_name("hopper-medium"), 0, 40, folder=tmp_path)
    with recorded():
        context.log(10, loss=1.0)
    assert context.losses == [{"step": 10, "loss": 1.0}]


def test_without_torch_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch")
    assert training_log._watch_optimisers() == []


def test_columns_are_the_usual_ones_and_what_a_method_logs() -> None:
    write(Path("a.csv"), {1: {"loss": math.pi, "entropy": 2.0}})
    assert (
        Path("a.csv").read_text()
        == "step,loss,rate,gradient_norm,score,entropy\n1,3.14159265,,,,2\n"
    )
