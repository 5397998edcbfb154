"""What a record says of its run and its training, and who may be scored without a roll-out."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bench.runs.evaluate
from bench.core.files import DamagedFile, digest, sha256
from bench.datasets import storage
from bench.methods import loader as method
from bench.methods.checkpoints import CHECKPOINT
from bench.methods.context import SNAPSHOTS
from bench.methods.contract import BadMethod
from bench.methods.loader import blaming
from bench.runs import archive, record
from bench.runs.evaluate import evaluate_run
from bench.runs.policies import POLICY
from bench.runs.train import train_run
from dt.policy import DecisionTransformerPolicy
from tests.helpers.dt import make_data
from tests.helpers.runs import OPTIONS as OF_METHODS
from tests.helpers.runs import evaluate_one, run_folder, train_one

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
    training["digest"] = digest(training)
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


def test_another_list_of_episodes_is_in_the_record_and_gives_other_returns(folder):
    evaluate_run(folder, 3, 2, 0, "cpu")
    usual = record.read(folder / "result.json")
    evaluate_run(folder, 3, 2, 0, "cpu", episode_list="trials")
    other = record.read(folder / "result.json")
    assert "episode_list" not in usual["protocol"]
    assert other["protocol"] == usual["protocol"] | {"episode_list": "trials"}
    returns = [each["evaluations"][0]["returns"] for each in (usual, other)]
    assert not set(returns[0]) & set(returns[1])


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


@pytest.mark.parametrize("module", ["dt", "bc", "cql"])
def test_the_same_run_twice_writes_the_same_bytes(
    module: str, hopper_data: Path, tmp_path: Path
) -> None:
    results = []
    for place in ("here", "there"):
        folder = run_folder(tmp_path / place, module)
        train_one(folder, hopper_data, module)
        evaluate_one(folder)
        results.append((folder / record.RESULT).read_bytes())
    assert results[0] == results[1]


def test_the_record_says_what_was_run(hopper_data: Path, tmp_path: Path) -> None:
    folder = run_folder(tmp_path, seed=3)
    train_one(folder, hopper_data)
    result = evaluate_one(folder)
    assert result["status"] == "done"
    assert result["diverged_at"] is None
    assert result["identity"] == {
        "scale": "tiny",
        "task": "hopper-medium",
        "reward": "dense",
        "data_percent": 100.0,
        "method": "bc",
        "seed": 3,
    }
    assert [(e["step"], e["final"], len(e["returns"])) for e in result["evaluations"]] == [
        (5, False, 1),
        (10, False, 1),
        (20, False, 1),
        (20, True, 3),
    ]
    assert result["config"]["width"] == 16
    assert result["protocol"]["target"] == 3600.0
    assert result["protocol"]["source"] == "generated"
    assert result["hashes"]["policy"] == sha256(folder / POLICY)
    assert not (folder / CHECKPOINT).exists()


@pytest.mark.parametrize(
    "file", [POLICY, f"{SNAPSHOTS}/00000005.safetensors"], ids=["last", "snapshots"]
)
@pytest.mark.parametrize("gone", [False, True], ids=["changed", "missing"])
def test_another_policy_than_the_trained_one_is_refused(
    file: str, gone: bool, hopper_data: Path, tmp_path: Path
) -> None:
    folder = run_folder(tmp_path)
    train_one(folder, hopper_data)
    path = folder / file
    changed = bytearray(path.read_bytes())
    changed[-1] ^= 1
    path.write_bytes(changed)
    if gone:
        path.unlink()
    with pytest.raises(DamagedFile) as caught:
        evaluate_one(folder)
    assert f"policy {path} is not the one that was trained" in str(caught.value)
    assert not (folder / record.RESULT).exists()


def test_an_untrained_run_is_not_evaluated(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        evaluate_one(run_folder(tmp_path))


def test_behaviour_is_scored_without_a_roll_out(hopper_data: Path, tmp_path: Path) -> None:
    folder = run_folder(tmp_path, "behaviour")
    train_one(folder, hopper_data, "behaviour", steps=0)
    result = evaluate_one(folder)
    assert result["protocol"]["rolled_out"] is False
    stored = storage.load(hopper_data)
    assert result["evaluations"][-1]["returns"] == stored.returns.tolist()
    assert result["evaluations"][-1]["lengths"] == stored.lengths.tolist()


@pytest.mark.parametrize(("options", "target"), [({}, 3600.0), ({"target_return": 0.0}, 0.0)])
def test_a_target_of_0_is_asked_for_like_any_other(
    options: dict[str, float],
    target: float,
    hopper_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In place of the return that the task asks for, which is Hopper's 3600."""
    asked: list[list[float]] = []
    reset = DecisionTransformerPolicy.reset

    def spy(self: DecisionTransformerPolicy, seeds: Any, targets: Any) -> None:
        asked.append(targets.tolist())
        reset(self, seeds, targets)

    folder = run_folder(tmp_path, "dt")
    options = OF_METHODS["dt"] | options
    train_run(folder, hopper_data, "dt", options, 4, (0.5, 1.0), "cpu")
    monkeypatch.setattr(DecisionTransformerPolicy, "reset", spy)
    evaluate_run(folder, 2, 2, 1, "cpu", max_steps=3)
    assert asked == [[target], [target], [target] * 2]
    result = record.read(folder / "result.json")
    assert result["protocol"]["target"] == target
    assert [evaluation["target"] for evaluation in result["evaluations"]] == [target] * 3
