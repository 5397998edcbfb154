"""What a record says of its training, and who may be scored without a roll-out."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import bench.runs.evaluate
from bench.datasets import storage
from bench.methods import loader as method
from bench.methods.contract import BadMethod
from bench.methods.loader import blaming
from bench.runs import archive, record
from bench.runs.evaluate import evaluate_run
from bench.runs.sweep import sweep_run
from bench.runs.train import train_run
from tests.helpers.dt import make_data

RUN = Path("results/tiny/runs/hopper-medium/dense/100/bc/0")
OPTIONS = {"width": 8, "layers": 1, "batch_size": 4}


@pytest.fixture
def folder(tmp_path):
    data = make_data(observation_size=11, action_size=3)
    storage.save(data, tmp_path / "data", {"source": "generated"})
    train_run(tmp_path / RUN, tmp_path / "data", "bc", OPTIONS, 5, (), "cpu")
    return tmp_path / RUN


def test_code_in_the_record_is_that_of_the_training(folder):
    path = folder / "training.json"
    training = json.loads(path.read_text())
    training["code"] = {"baselines/bc.py": "of an earlier moment"}
    training["versions"]["torch"] = "1.0"
    path.write_text(json.dumps(training))
    evaluate_run(folder, 1, 1, 0, "cpu")
    result = record.read(folder / "result.json")
    assert result["hashes"]["code"] == {"baselines/bc.py": "of an earlier moment"}
    assert result["hashes"]["evaluation_code"]["baselines/bc.py"] != "of an earlier moment"
    assert result["versions"]["torch"] == "1.0"
    assert result["protocol"]["task"]["domain"]["return_scale"] == 1000


def test_a_limit_on_steps_is_in_the_record_where_there_is_one(folder):
    evaluate_run(folder, 2, 2, 0, "cpu")
    whole = record.read(folder / "result.json")
    assert "max_steps" not in whole["protocol"]
    evaluate_run(folder, 2, 2, 0, "cpu", max_steps=3)
    cut = record.read(folder / "result.json")
    assert cut["protocol"] == whole["protocol"] | {"max_steps": 3}
    assert cut["evaluations"][0]["lengths"] == [3, 3]


def test_a_sweep_knows_the_games_scores_where_the_data_hold_them(tmp_path):
    data = make_data(observation_size=11, action_size=3)
    scores = np.arange(data.episodes, dtype=np.float64) * 50
    storage.save(replace(data, scores=scores), tmp_path / "data", {"source": "generated"})
    train_run(tmp_path / RUN, tmp_path / "data", "bc", OPTIONS, 5, (), "cpu")
    sweep_run(tmp_path / RUN, tmp_path / "data", 1, 1, 2, "cpu", max_steps=3)
    protocol = record.read(tmp_path / RUN / "sweep.json")["protocol"]
    assert protocol["data_scores"] == {"minimum": 0, "maximum": scores[-1]}
    assert protocol["data_returns"]["maximum"] == pytest.approx(float(data.returns.max()))
    assert protocol["max_steps"] == 3


def test_only_the_control_may_score_itself(folder, monkeypatch):
    class Cheat:
        recorded = (np.array([9000.0]), np.array([1000]))

    loaded = method.load_method("bc")
    cheat = method.Method("bc", loaded.config, loaded.train, lambda path, device: Cheat())
    monkeypatch.setattr(bench.runs.evaluate, "load_method", lambda name: cheat)
    with pytest.raises(BadMethod, match="every other policy is rolled out"):
        evaluate_run(folder, 1, 1, 0, "cpu")


@pytest.mark.parametrize(
    ("name", "file"),
    [("_template", "baselines/_template.py"), ("dt_atari", "dt/atari/method.py")],
)
def test_an_error_in_a_method_names_method_and_line(name, file):
    module = method.load_method(name)
    with (
        pytest.raises(BadMethod, match=rf"method mine: {file}:\d+: AttributeError"),
        blaming("mine"),
    ):
        module.train(None, module.config(), None)


def test_a_record_that_was_kept_without_its_policy_says_so(tmp_path):
    archive.unpack(archive.archive_of("quick"), tmp_path)
    run = tmp_path / "results/quick/runs/pong-replay/dense/100/dt-atari/0"
    assert (run / "result.json").exists()
    with pytest.raises(FileNotFoundError, match=r"dt-atari/0 holds no training\.json.* train it"):
        bench.runs.evaluate.checked_training(run)
