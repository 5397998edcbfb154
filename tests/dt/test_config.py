"""dt/config.py: defaults, and options that are refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from bench.methods.contract import BadMethod
from bench.methods.loader import load_method
from dt.method import Config

BAD_OPTIONS: list[tuple[dict[str, Any], str]] = [
    ({"context_length": 0}, "context_length must be at least 1, not 0"),
    ({"layers": 0}, "layers must be at least 1, not 0"),
    ({"heads": 0}, "heads must be at least 1, not 0"),
    ({"width": -1}, "width must be at least 1, not -1"),
    ({"batch_size": 0}, "batch_size must be at least 1, not 0"),
    ({"width": 10, "heads": 3}, "width 10 is not divisible by heads 3"),
    ({"dropout": 1.0}, "dropout must be at least 0 and below 1, not 1.0"),
    ({"dropout": -0.1}, "dropout must be at least 0 and below 1, not -0.1"),
    ({"precision": "float16"}, "option precision is 'float16', expected Literal"),
    ({"layers": 2.5}, "option layers is 2.5, expected int"),
    ({"layers": True}, "option layers is True, expected int"),
    ({"context": 20}, "method dt has no option 'context'; known: context_length, layers"),
]


@pytest.mark.parametrize(
    ("options", "message"),
    BAD_OPTIONS,
    ids=[" ".join(f"{k}={v}" for k, v in options.items()) for options, _ in BAD_OPTIONS],
)
def test_bad_options_are_refused_by_name(options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadMethod) as caught:
        load_method("dt").configure(options)
    assert message in str(caught.value)
    assert str(caught.value).startswith("method dt")


def test_defaults_are_those_of_table_9() -> None:
    config = Config()
    assert (config.context_length, config.layers, config.heads, config.width) == (20, 3, 1, 128)
    assert (config.batch_size, config.dropout, config.gradient_clip) == (64, 0.1, 0.25)
    assert (config.learning_rate, config.weight_decay) == (1e-4, 1e-4)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("return_scale", 0.0),
        ("return_scale", -1.0),
        ("gradient_clip", 0.0),
        ("learning_rate", -1e-4),
        ("warmup_steps", -1),
        ("weight_decay", -0.1),
    ],
)
def test_numbers_that_make_no_sense_are_refused(option: str, value: float) -> None:
    with pytest.raises(BadMethod, match=option):
        load_method("dt").configure({option: value})
