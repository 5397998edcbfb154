"""dt/atari/config.py: defaults, and options that are refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from bench.methods.contract import BadMethod
from bench.methods.loader import load_method
from dt.atari import method as atari
from dt.atari.config import Config


def test_table_8_is_the_default() -> None:
    config = Config()
    assert (config.layers, config.heads, config.width, config.context_length) == (6, 8, 128, 30)
    assert (config.batch_size, config.learning_rate, config.weight_decay) == (128, 6e-4, 0.1)
    assert (config.gradient_clip, config.dropout, config.warmup_tokens) == (1.0, 0.1, 512 * 20)
    assert (config.temperature, config.clip_decrement, config.window_time) == (1, False, "current")
    assert atari.BETAS == (0.9, 0.95)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("context_length", 0, "context_length must be at least 1, not 0"),
        ("cosine_length", 0.0, r"cosine_length must be above 0, not 0\.0"),
        ("return_scale", -1.0, r"return_scale must be above 0, not -1\.0"),
        ("warmup_tokens", -1, "warmup_tokens must not be negative, not -1"),
        ("heads", 3, "width 128 is not divisible by heads 3"),
        ("dropout", 1.0, "dropout must be at least 0 and below 1"),
        ("top_percent", 0.0, "top_percent must be above 0 and at most 100"),
        ("window_time", "last", "option window_time is 'last'"),
    ],
)
def test_bad_options_are_refused(option: str, value: Any, message: str) -> None:
    with pytest.raises(BadMethod, match=f"method dt_atari: {message}"):
        load_method("dt_atari").configure({option: value})


def test_auto_precision_is_decided() -> None:
    assert Config(precision="auto").on("cpu").precision in ("float32", "bfloat16")
    assert Config().on("cpu") == Config()
