"""The log of a training: what a training that goes on again keeps of it, and the curve it gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.behaviours.log import LOG, forget_after, learning_curve

ROWS = [
    '{"step": 100, "training_return": null}\n',
    '{"step": 200, "training_return": 12.5}\n',
    '{"step": 300, "training_return": 40.0}\n',
]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A training that kept a policy at steps 100, 200 and 300."""
    (tmp_path / LOG).write_text("".join(ROWS))
    (tmp_path / "actors").mkdir()
    for step in (100, 200, 300):
        (tmp_path / f"actors/{step:07d}.safetensors").write_bytes(b"weights")
    return tmp_path


def kept(out: Path) -> list[int]:
    return sorted(int(path.stem) for path in (out / "actors").glob("*.safetensors"))


@pytest.mark.parametrize(
    ("step", "steps"),
    [(0, []), (199, [100]), (200, [100, 200]), (1000, [100, 200, 300])],
)
def test_rows_and_policies_after_the_step_go_and_earlier_ones_stay(
    out: Path, step: int, steps: list[int]
) -> None:
    forget_after(step, out)
    assert (out / LOG).read_text() == "".join(ROWS[: len(steps)])
    assert kept(out) == steps


def test_a_last_row_that_was_cut_goes_whatever_its_step(out: Path) -> None:
    (out / LOG).write_text("".join(ROWS) + '{"step": 1')
    forget_after(300, out)
    assert (out / LOG).read_text() == "".join(ROWS)


def test_a_whole_row_without_its_line_end_counts_as_cut(out: Path) -> None:
    (out / LOG).write_text("".join(ROWS).rstrip("\n"))
    forget_after(300, out)
    assert (out / LOG).read_text() == "".join(ROWS[:2])


def test_a_training_that_logged_nothing_gets_no_log(tmp_path: Path) -> None:
    forget_after(100, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert learning_curve(tmp_path) == []


def test_the_learning_curve_has_a_row_for_each_kept_policy(out: Path) -> None:
    assert learning_curve(out) == [[100, None], [200, 12.5], [300, 40.0]]
