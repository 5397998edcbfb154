"""bench/runs/diagnose.py: from a trained run to the record of what it foresees."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, cast

import pytest

import dt.method
from bench.behaviours.random_play import random_episodes
from bench.core.files import DamagedFile, sha256
from bench.datasets import storage
from bench.datasets.trajectories import Trajectories
from bench.methods.contract import BadMethod
from bench.runs import record
from bench.runs.diagnose import diagnose_run
from bench.runs.diagnostics import critic
from bench.runs.diagnostics.registry import DIAGNOSTICS
from bench.runs.identity import RESULT
from bench.runs.policies import POLICY
from bench.runs.train import TRAINING, train_run
from bench.tasks.registry import task_by_name

RUN = Path("results/tiny/runs/key_to_door-1k/dense/100/dt-critic/0")
OPTIONS: dict[str, Any] = {
    "context_length": 120,
    "windows": "first_step",
    "layers": 1,
    "width": 8,
    "batch_size": 4,
}
EPISODES = 60  # of the diagnostic's, three succeed


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data, a critic, and a DT that is none."""
    root = tmp_path_factory.mktemp("measure")
    storage.save(random_episodes(30, 0), root / "data", {"source": "generated"})
    options = OPTIONS | {"predict": "returns"}
    train_run(root / RUN, root / "data", "dt", options, 2, (), "cpu")
    other = root / RUN.parent.parent / "dt-episode" / "0"
    train_run(other, root / "data", "dt", OPTIONS, 1, (), "cpu")
    return root


@pytest.fixture(scope="module")
def read(trained: Path) -> dict[str, Any]:
    return record.read(diagnostic(trained))


@pytest.fixture
def root(trained: Path, tmp_path: Path) -> Path:
    """The same, to damage."""
    ignored = shutil.ignore_patterns(DIAGNOSTICS["critic"].record)
    return Path(shutil.copytree(trained, tmp_path / "measure", ignore=ignored))


def diagnostic(root: Path, run: Path = RUN, episodes: int = EPISODES, kind: str = "critic") -> Path:
    diagnose_run(root / run, root / "data", kind, episodes, "cpu")
    return root / run / DIAGNOSTICS[kind].record


def test_the_record_holds_what_the_critic_foresees(trained: Path, read: dict[str, Any]) -> None:
    assert read["identity"]["method"] == "dt-critic"
    assert (read["module"], read["status"], read["evaluations"]) == ("dt", "done", [])
    assert read["protocol"]["environment"] == "bench/KeyToDoor-v0"
    assert (read["protocol"]["episodes"], read["protocol"]["target"]) == (EPISODES, None)
    assert read["protocol"]["source"] == "generated"
    assert read["config"]["predict"] == "returns"
    policy = dt.method.load(trained / RUN / POLICY, "cpu")
    task, nothing = task_by_name("key_to_door-1k"), cast(Trajectories, None)
    expected = critic.measure(policy, task, nothing, episodes=EPISODES, seed=0)  # type: ignore[arg-type]
    assert read["measures"] == json.loads(json.dumps(expected))
    measures = {row["measure"] for row in read["measures"]}
    assert {"reward probability", "auc", "attention", "attention mass", "change"} <= measures


def test_the_record_says_what_it_depends_on(trained: Path, read: dict[str, Any]) -> None:
    training = json.loads((trained / RUN / TRAINING).read_text())
    hashes = read["hashes"]
    assert hashes["policy"] == sha256(trained / RUN / POLICY)
    assert hashes["data"] == sha256(trained / "data" / storage.MANIFEST)
    assert hashes["code"] == training["code"]
    files = {
        "bench/runs/diagnose.py",
        "bench/runs/diagnostics/critic.py",
        "bench/behaviours/random_play.py",
        "dt/critic.py",
    }
    assert files <= set(hashes["evaluation_code"])
    assert {"torch", "gymnasium"} <= set(read["versions"])


def test_the_same_policy_gives_the_same_bytes(
    root: Path, trained: Path, read: dict[str, Any]
) -> None:
    first = (trained / RUN / DIAGNOSTICS["critic"].record).read_bytes()
    (root / RUN / RESULT).write_text("another record")
    assert diagnostic(root).read_bytes() == first
    assert (root / RUN / RESULT).read_text() == "another record"


def test_a_damaged_policy_is_refused(root: Path) -> None:
    path = root / RUN / POLICY
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(DamagedFile, match=rf"{POLICY} is not the one that was trained"):
        diagnostic(root)
    path.unlink()
    with pytest.raises(DamagedFile, match=rf"{POLICY} is not the one that was trained"):
        diagnostic(root)
    assert not (root / RUN / DIAGNOSTICS["critic"].record).exists()


def test_a_run_that_was_not_trained_is_refused(root: Path) -> None:
    with pytest.raises(FileNotFoundError):
        diagnostic(root, RUN.parent / "1")


def test_a_record_that_was_changed_is_refused(
    root: Path, trained: Path, read: dict[str, Any]
) -> None:
    path = root / RUN / DIAGNOSTICS["critic"].record
    content = json.loads((trained / RUN / DIAGNOSTICS["critic"].record).read_text())
    content["measures"][0]["value"] = 0.99
    path.write_text(json.dumps(content))
    with pytest.raises(DamagedFile, match="changed after it was written"):
        record.read(path)


def test_a_method_that_does_not_judge_is_named(root: Path) -> None:
    """Also a DT that was not trained as a critic."""
    other = RUN.parent.parent / "dt-episode" / "0"
    with pytest.raises(
        BadMethod, match=r"method dt: its policy has no `predict_success`.*'critic' needs"
    ):
        diagnostic(root, other)
    with pytest.raises(BadMethod, match=r"method dt: its policy has no `generate`.*'paths' needs"):
        diagnostic(root, kind="paths")
    assert not (root / other / DIAGNOSTICS["critic"].record).exists()


def test_too_few_episodes_say_so(root: Path) -> None:
    with pytest.raises(BadMethod, match="none of 1 random episodes succeeds; use more"):
        diagnostic(root, episodes=1)


def test_a_critic_that_fails_is_named_with_the_place(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(critic, "play", lambda count, seed: random_episodes(count, seed))
    with pytest.raises(
        BadMethod, match=r"method dt-critic: diagnostics/critic\.py:\d+: AttributeError"
    ):
        diagnostic(root)
