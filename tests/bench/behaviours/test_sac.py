"""Training behaviour policies: needs the optional extra, which is not in the lock."""

import inspect
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from bench.behaviours.actor import Actor
from bench.behaviours.sac import train_online
from bench.core.files import read_json

sbx = pytest.importorskip("sbx", reason="the extra `behaviours` is not installed (make behaviours)")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def train(out: Path, steps: int, seed: int = 0) -> None:
    train_online("Hopper-v4", out, steps=steps, seed=seed, keep_every=400, save_every=800)


def test_a_stopped_training_goes_on_from_its_state(tmp_path, capsys):
    train(tmp_path, 800)
    assert (tmp_path / "state/state.npz").exists()
    train(tmp_path, 1600)
    steps = [int(path.stem) for path in sorted((tmp_path / "actors").glob("*.safetensors"))]
    assert steps == [400, 800, 1200, 1600]
    assert "step 400/1600" not in capsys.readouterr().out  # it did not start over
    assert Actor.load(tmp_path / "actors/0001600.safetensors").mean[0].shape == (256, 3)


def progress(out: Path) -> list[int]:
    rows = (out / "progress.jsonl").read_text().splitlines()
    return [json.loads(row)["step"] for row in rows]


def test_what_came_after_the_state_is_forgotten_and_the_break_is_kept(tmp_path):
    train(tmp_path, 800)
    shutil.copytree(tmp_path / "state", tmp_path / "saved")
    train(tmp_path, 1200)
    shutil.rmtree(tmp_path / "state")  # as if it had been killed before it saved its state at 1200
    (tmp_path / "saved").rename(tmp_path / "state")
    assert progress(tmp_path) == [400, 800, 1200]
    with (tmp_path / "progress.jsonl").open("a") as file:
        file.write('{"step": 16')  # cut while writing
    train(tmp_path, 1600)
    assert progress(tmp_path) == [400, 800, 1200, 1600]
    assert read_json(tmp_path / "identity.json")["resumed_at"] == [800]
    train(tmp_path, 1600)  # nothing left to do
    assert read_json(tmp_path / "identity.json")["resumed_at"] == [800]


def test_a_finished_training_can_be_prolonged(tmp_path):
    train(tmp_path, 800)
    train(tmp_path, 2400)
    with np.load(tmp_path / "state/state.npz") as state:
        stored = int(state["position"])
        assert 2400 - 2 <= stored <= 2400  # the step that is being saved is not stored yet
        assert (state["buffer.rewards"][:stored] != 0).all()
    assert progress(tmp_path)[-1] == 2400


def test_a_finished_training_is_not_trained_again(tmp_path):
    """Its last step need not be one of those after which the state is saved."""
    train(tmp_path, 1200)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    train(tmp_path, 1200)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_another_training_in_the_same_folder_is_refused(tmp_path):
    train(tmp_path, 400)
    with pytest.raises(ValueError, match="holds another training"):
        train(tmp_path, 400, seed=1)


def test_options_reach_the_algorithm_and_are_part_of_the_training(tmp_path, monkeypatch):
    given = {}
    real = sbx.TQC.__init__

    def watched(self, *arguments, **settings):
        given.update(settings)
        real(self, *arguments, **settings)

    watched.__signature__ = inspect.signature(real)
    monkeypatch.setattr(sbx.TQC, "__init__", watched)
    options = {"top_quantiles_to_drop_per_net": 0}
    train_online("Hopper-v4", tmp_path, steps=100, keep_every=100, options=options)
    assert given["top_quantiles_to_drop_per_net"] == 0
    assert read_json(tmp_path / "identity.json")["options"] == options
    with pytest.raises(ValueError, match="holds another training"):
        train_online("Hopper-v4", tmp_path, steps=100)


@pytest.mark.parametrize("option", ["learning_rat", "seed", "env"])
def test_an_option_that_cannot_be_given_is_named(tmp_path, option):
    with pytest.raises(ValueError, match=f"TQC takes no option {option}; known: "):
        train_online("Hopper-v4", tmp_path, steps=100, options={option: 1})
    assert not (tmp_path / "identity.json").exists()
