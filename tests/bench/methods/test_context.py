"""What a training is given: random numbers, a log, checkpoints and kept policies."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import torch

from bench.core.files import DamagedFile
from bench.methods import checkpoints
from bench.methods.checkpoints import CHECKPOINT
from bench.methods.context import SNAPSHOTS
from bench.methods.contract import Diverged
from tests.helpers.dt import make_context
from tests.helpers.tiny_training import run_tiny, saving


def test_a_checkpoint_of_other_settings_is_discarded_with_the_kept_policies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_tiny(tmp_path, stamp="old", snapshot_steps=(10,))
    assert (tmp_path / CHECKPOINT).exists()
    assert sorted(path.name for path in (tmp_path / SNAPSHOTS).iterdir()) == [
        "00000000.safetensors",
        "00000010.safetensors",
    ]
    make_context(folder=tmp_path, stamp="old").discard_stale()
    assert make_context(folder=tmp_path, stamp="old").resume()[0] == 20  # type: ignore[index]
    assert len(list((tmp_path / SNAPSHOTS).iterdir())) == 2
    assert "not used" not in capsys.readouterr().out
    make_context(folder=tmp_path, stamp="new").discard_stale()
    said = "the checkpoint at step 20 is of other data, code or settings and is not used"
    assert capsys.readouterr().out.strip() == said
    assert list(tmp_path.iterdir()) == []
    assert make_context(folder=tmp_path, stamp="new").resume() is None


def test_kept_policies_without_a_checkpoint_are_discarded(tmp_path: Path) -> None:
    run_tiny(tmp_path, snapshot_steps=(10,))
    checkpoints.remove(tmp_path)
    make_context(folder=tmp_path).discard_stale()
    assert list(tmp_path.iterdir()) == []


def test_checkpoints_wait_for_their_interval(tmp_path: Path) -> None:
    run_tiny(tmp_path, save_every=1000.0)
    assert not (tmp_path / CHECKPOINT).exists()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_log_refuses_what_is_not_finite(value: float) -> None:
    with pytest.raises(Diverged, match="entropy is not finite at step 3"):
        make_context().log(3, loss=1.0, entropy=value)


def test_random_numbers_belong_to_seed_and_purpose() -> None:
    def draws(seed: int, purpose: str) -> list[float]:
        return make_context(seed=seed).generator(purpose).random(4).tolist()

    assert draws(1, "batches") == draws(1, "batches")
    assert draws(1, "batches") != draws(2, "batches")
    assert draws(1, "batches") != draws(1, "weights")


def test_torchs_generator_is_seeded_for_the_run_and_put_back() -> None:
    before = torch.get_rng_state()
    drawn = []
    for seed in (1, 1, 2):
        with make_context(seed=seed).torch_random():
            drawn.append(torch.rand(4).tolist())
        assert torch.equal(torch.get_rng_state(), before)
    assert drawn[0] == drawn[1] != drawn[2]


def test_torchs_generator_is_put_back_after_an_error() -> None:
    def stopped() -> None:
        with make_context().torch_random():
            torch.rand(4)
            raise KeyboardInterrupt

    before = torch.get_rng_state()
    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert torch.equal(torch.get_rng_state(), before)


def test_a_log_line_is_kept_and_printed(capsys: pytest.CaptureFixture[str]) -> None:
    context = make_context(steps=20)
    context.log(5, loss=0.123456, entropy=2)
    assert context.losses == [{"step": 5, "loss": 0.123456, "entropy": 2.0}]
    assert capsys.readouterr().out == "step 5/20  loss 0.1235  entropy 2\n"


def test_a_line_that_is_not_finite_is_not_kept() -> None:
    context = make_context()
    with pytest.raises(Diverged) as caught:
        context.log(3, loss=float("nan"))
    assert (caught.value.step, context.losses) == (3, [])


def test_policies_are_kept_at_step_0_and_at_the_given_steps(tmp_path: Path) -> None:
    context = make_context(folder=tmp_path, snapshot_steps=(5,))
    policy = saving(torch.nn.Linear(2, 1))
    for step in range(8):
        context.snapshot(step, policy)
    assert sorted(path.name for path in (tmp_path / SNAPSHOTS).iterdir()) == [
        "00000000.safetensors",
        "00000005.safetensors",
    ]


def test_a_checkpoint_brings_back_state_and_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    context = make_context(folder=tmp_path, save_every=0.0, stamp="s")
    context.log(6, loss=0.5)
    context.checkpoint(6, lambda: {"weight": torch.arange(3.0)})
    again = make_context(folder=tmp_path, stamp="s")
    resumed = again.resume()
    assert resumed is not None
    assert resumed[0] == 6
    assert resumed[1]["weight"].tolist() == [0, 1, 2]
    assert again.losses == [{"step": 6, "loss": 0.5}]
    assert "resuming at step 6/20" in capsys.readouterr().out


def test_time_before_a_stop_counts_as_spent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """15 seconds up to the checkpoint and 3 after it; what lies between does not count."""
    clock = {"perf_counter": 10.0, "process_time": 1.0}
    for name in clock:
        monkeypatch.setattr(f"bench.methods.context.time.{name}", lambda name=name: clock[name])
    context = make_context(folder=tmp_path, save_every=0.0)
    clock |= {"perf_counter": 25.0, "process_time": 6.0}
    assert context.spent() == (15, 5)
    context.checkpoint(6, lambda: {"weight": torch.zeros(1)})
    clock |= {"perf_counter": 100.0, "process_time": 0.5}
    again = make_context(folder=tmp_path)
    assert again.resume() is not None
    clock |= {"perf_counter": 103.0, "process_time": 2.5}
    assert again.spent() == (18, 7)


def test_the_time_of_a_snapshot_is_kept_also_over_a_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Snapshots after 2 and 9 seconds; a stop after the second; another one 3 seconds after the restart."""
    clock = {"perf_counter": 0.0, "process_time": 1.0}
    for name in clock:
        monkeypatch.setattr(f"bench.methods.context.time.{name}", lambda name=name: clock[name])
    policy, steps = saving(torch.nn.Linear(2, 1)), (1, 2, 3)
    context = make_context(folder=tmp_path, snapshot_steps=steps, save_every=0.0)
    for step, now in enumerate((1.0, 3.0, 10.0)):
        clock["process_time"] = now
        context.snapshot(step, policy)
    assert context.snapshot_seconds == {1: 2.0, 2: 9.0}
    context.checkpoint(2, lambda: {"weight": torch.zeros(1)})
    clock["process_time"] = 100.0
    again = make_context(folder=tmp_path, snapshot_steps=steps)
    assert again.resume() is not None
    clock["process_time"] = 103.0
    again.snapshot(3, policy)
    assert again.snapshot_seconds == {1: 2.0, 2: 9.0, 3: 12.0}


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_snapshot_that_is_not_the_one_that_was_written_is_refused(
    damage: str, tmp_path: Path
) -> None:
    run_tiny(tmp_path, snapshot_steps=(10,))
    path = tmp_path / SNAPSHOTS / "00000010.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"?") if damage == "changed" else path.unlink()
    with pytest.raises(DamagedFile, match=rf"snapshot {path} is missing or damaged; delete"):
        make_context(folder=tmp_path).resume()


def test_a_clock_that_goes_backwards_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Intervals are measured with clocks that nobody can set."""

    def refused() -> float:
        raise AssertionError("the time of day was asked for")

    monkeypatch.setattr("bench.methods.context.time.time", refused)
    context = run_tiny(tmp_path, snapshot_steps=(10,))
    assert context.spent()[0] >= 0
    assert (tmp_path / CHECKPOINT).exists()


def test_without_a_folder_there_is_no_checkpoint() -> None:
    context = make_context(save_every=0.0)
    context.checkpoint(6, lambda: {"weight": torch.arange(3.0)})
    context.discard_stale()
    assert context.resume() is None


def test_another_checkpoint_waits_for_the_interval_since_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = make_context(folder=tmp_path, save_every=60.0)
    now = [began := time.monotonic()]
    monkeypatch.setattr("bench.methods.context.time.monotonic", lambda: now[0])
    saved = []
    for step, passed in ((1, 59.0), (2, 61.0), (3, 120.0), (4, 121.0)):
        now[0] = began + passed
        context.checkpoint(step, lambda: {"weight": torch.zeros(1)})
        resumed = make_context(folder=tmp_path).resume()
        saved.append(resumed and resumed[0])
    assert saved == [None, 2, 2, 4]
