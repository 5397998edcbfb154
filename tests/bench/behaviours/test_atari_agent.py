"""Players that read the console's memory: what they see, how they draw, their files."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bench.behaviours.atari_agent import CLIP, AtariAgent, RamEncoder, draw
from bench.core.files import DamagedFile


def memory_of(*rows: dict[int, int]) -> Any:
    memory = np.zeros((len(rows), 128), dtype=np.uint8)
    for row, values in zip(memory, rows, strict=True):
        for index, value in values.items():
            row[index] = value
    return memory


def player_of(widths: tuple[int, ...] = (6, 16, 16, 4), seed: int = 0) -> AtariAgent:
    random = np.random.default_rng(seed)
    encoder = RamEncoder(np.array([3, 70, 101]), np.full(3, 9, "f4"), np.full(6, 0.1, "f4"))
    layers = [
        (random.normal(size=(a, b)).astype("f4"), random.normal(size=b).astype("f4"))
        for a, b in pairwise(widths)
    ]
    return AtariAgent(encoder, tuple(layers))


# --- what the network sees ----------------------------------------------------------------------


def test_bytes_and_their_change_by_hand() -> None:
    encoder = RamEncoder(
        bytes=np.array([5, 90]),
        mean=np.array([100, 3], "f4"),
        scale=np.array([0.5, 1, 0.25, 1], "f4"),
    )
    now = memory_of({5: 104, 90: 2, 7: 255}, {5: 0, 90: 3})
    before = memory_of({5: 96, 90: 1}, {5: 255, 90: 3})
    seen = encoder(now, before)
    assert seen.dtype == np.float32
    # 0 - 100 is 50 deviations down, and cut; 255 to 0 is one up: the byte wrapped
    np.testing.assert_array_equal(seen, [[2, -1, 2, 1], [-CLIP, 0, 0.25, 0]])


def test_scales_come_from_the_bytes_that_vary() -> None:
    now = memory_of({5: 10, 6: 1}, {5: 14, 6: 1}, {5: 18, 6: 1}, {5: 14, 6: 1})
    before = memory_of({5: 10}, {5: 10}, {5: 14}, {5: 18})
    encoder = RamEncoder.fit(now, before)
    assert encoder.bytes.tolist() == [5]
    np.testing.assert_array_equal(encoder.mean, [14])
    np.testing.assert_allclose(encoder.scale, [1 / 8**0.5, 1 / 11**0.5], rtol=1e-6)
    np.testing.assert_allclose(encoder(now, before).mean(axis=0)[0], 0, atol=1e-6)


def test_a_byte_that_seldom_varies_is_not_blown_up() -> None:
    now = memory_of(*[{5: 0}] * 999, {5: 1})
    assert RamEncoder.fit(now, now).scale.tolist() == [2, 2]


# --- drawing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chance", "action"), [(0.0, 0), (0.249, 0), (0.251, 1), (0.749, 1), (0.751, 2), (0.9999, 2)]
)
def test_quantiles_of_a_softmax_by_hand(chance: float, action: int) -> None:
    """Odds of 1 to 2 to 1."""
    logits = np.log(np.array([[1, 2, 1]], dtype=np.float32)) + 700
    assert draw(logits, np.array([chance])).tolist() == [action]


@given(
    logits=arrays(np.float32, (3, 5), elements=st.floats(-1e4, 1e4, width=32)),
    chance=arrays(np.float64, 3, elements=st.floats(0, 1, exclude_max=True)),
)
def test_a_draw_is_the_quantile_of_the_cumulative_odds(logits: Any, chance: Any) -> None:
    actions = draw(logits, chance)
    odds = np.exp(np.float64(logits) - np.float64(logits).max(axis=1, keepdims=True))
    below = [(odds[i, :a].sum(), odds[i, : a + 1].sum()) for i, a in enumerate(actions)]
    for (low, high), total, u in zip(below, odds.sum(axis=1), chance, strict=True):
        assert low <= u * total * (1 + 1e-9)
        assert u * total <= high * (1 + 1e-9) or high == pytest.approx(total)


def test_a_player_acts_as_its_layers_say() -> None:
    """In float64, a row at a time."""
    agent = player_of()
    random = np.random.default_rng(1)
    now, before = random.integers(0, 256, size=(2, 40, 128), dtype=np.uint8)
    chance = random.random(40)
    expected = []
    for row in range(40):
        inputs = agent.encoder(now[row : row + 1], before[row : row + 1])[0].astype(np.float64)
        (w0, b0), (w1, b1), (w2, b2) = agent.layers
        hidden = np.maximum(np.maximum(inputs @ w0 + b0, 0) @ w1 + b1, 0)
        odds = np.exp(hidden @ w2 + b2)
        expected.append(int(np.searchsorted(np.cumsum(odds) / odds.sum(), chance[row], "right")))
    assert agent.act(now, before, chance).tolist() == expected
    assert len(set(expected)) == 4


# --- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "error"), [(np.float32, 0), (np.float16, 5e-4)])
def test_a_player_comes_back_from_its_file(tmp_path: Path, dtype: Any, error: float) -> None:
    agent = player_of()
    agent.save(tmp_path / "p.safetensors", dtype)
    again = AtariAgent.load(tmp_path / "p.safetensors")
    assert again.encoder.bytes.tolist() == agent.encoder.bytes.tolist()
    np.testing.assert_array_equal(again.encoder.mean, agent.encoder.mean)
    np.testing.assert_array_equal(again.encoder.scale, agent.encoder.scale)
    for mine, other in zip(again.layers, agent.layers, strict=True):
        for a, b in zip(mine, other, strict=True):
            assert a.dtype == np.float32
            np.testing.assert_allclose(a, b, rtol=error)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "p.safetensors"
    player_of().save(path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DamagedFile, match=r"p\.safetensors is not a behaviour policy .*restore it"):
        AtariAgent.load(path)
