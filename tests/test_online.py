"""Training behaviour policies: needs the optional extra, which is not in the lock."""

from pathlib import Path

import pytest

from bench.behaviours.actor import Actor
from bench.behaviours.online import train_online

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


def test_another_training_in_the_same_folder_is_refused(tmp_path):
    train(tmp_path, 400)
    with pytest.raises(ValueError, match="holds another training"):
        train(tmp_path, 400, seed=1)
