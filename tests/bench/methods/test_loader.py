from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import field, make_dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

import baselines
from bench.methods.contract import BadMethod
from bench.methods.loader import Method, load_method

Config = make_dataclass(
    "Config",
    [
        ("width", int, 8),
        ("rate", float, 0.5),
        ("scale", float | None, None),
        ("clip", bool, False),
        ("name", str, "plain"),
        ("sizes", tuple[int, ...], (1, 2)),
        ("precision", Literal["float32", "bfloat16"], "float32"),
        ("level", int | Literal["auto"], "auto"),
    ],
    frozen=True,
)
METHOD = Method("mine", Config, train=lambda *_: None, load=lambda *_: None)


def test_no_options_are_the_defaults() -> None:
    assert METHOD.configure({}) == Config()


@pytest.mark.parametrize(
    ("option", "value", "becomes"),
    [
        ("width", 16, 16),
        ("rate", 0.25, 0.25),
        ("rate", 1, 1.0),
        ("scale", 3, 3.0),
        ("scale", None, None),
        ("clip", True, True),
        ("name", "other", "other"),
        ("sizes", [3, 4, 5], (3, 4, 5)),
        ("sizes", [], ()),
        ("precision", "bfloat16", "bfloat16"),
        ("level", 3, 3),
        ("level", "auto", "auto"),
    ],
    ids=[
        "int",
        "float",
        "int-for-float",
        "int-for-optional-float",
        "none",
        "bool",
        "str",
        "list-for-tuple",
        "empty-list",
        "literal",
        "union-int",
        "union-literal",
    ],
)
def test_options_that_fit(option: str, value: Any, becomes: Any) -> None:
    got = getattr(METHOD.configure({option: value}), option)
    assert got == becomes
    assert type(got) is type(becomes)


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("width", True, "int"),
        ("width", 8.0, "int"),
        ("width", "8", "int"),
        ("width", None, "int"),
        ("rate", "0.5", "float"),
        ("rate", True, "float"),
        ("scale", "1", r"float \| None"),
        ("clip", 1, "bool"),
        ("clip", "yes", "bool"),
        ("name", 3, "str"),
        ("sizes", 3, r"tuple\[int, \.\.\.\]"),
        ("sizes", [1, 2.5], r"tuple\[int, \.\.\.\]"),
        ("sizes", [1, True], r"tuple\[int, \.\.\.\]"),
        ("precision", "float16", r"Literal\['float32', 'bfloat16'\]"),
        ("level", "none", r"Literal\['auto'\]"),
    ],
)
def test_options_of_the_wrong_type_are_refused(option: str, value: Any, expected: str) -> None:
    with pytest.raises(
        BadMethod, match=rf"method mine: option {option} is .*expected .*{expected}"
    ):
        METHOD.configure({option: value})


def test_an_unknown_option_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadMethod, match="method mine has no option 'widht'; known: width, rate"):
        METHOD.configure({"widht": 16})


def test_a_method_without_options_says_so() -> None:
    bare = Method("bare", make_dataclass("Config", []), METHOD.train, METHOD.load)
    with pytest.raises(BadMethod, match="has no option 'width'; known: none"):
        bare.configure({"width": 1})


def test_a_value_that_the_config_refuses_is_the_methods_error() -> None:
    with pytest.raises(BadMethod, match="method dt: width 30 is not divisible by heads 4"):
        load_method("dt").configure({"width": 30, "heads": 4})


def test_an_option_without_a_default_must_be_set() -> None:
    hole = make_dataclass("Config", [("width", int), ("depth", int, field(default=2))])
    method = Method("hole", hole, METHOD.train, METHOD.load)
    with pytest.raises(BadMethod, match=r"option width has no default.*Config, or set it in the"):
        method.configure({})
    assert method.configure({"width": 3}).width == 3


@pytest.mark.parametrize(
    ("hint", "value", "becomes"),
    [
        (list[int], [1, 2], [1, 2]),
        (list[int] | None, [1], [1]),
        (list[float], [1, 0.5], [1, 0.5]),
        (tuple[int, str], [1, "a"], (1, "a")),
        (tuple[int, ...], [1, 2, 3], (1, 2, 3)),
        (dict[str, int], {"a": 1}, {"a": 1}),
    ],
    ids=str,
)
def test_options_that_are_lists(hint: Any, value: Any, becomes: Any) -> None:
    config = make_dataclass("Config", [("sizes", hint, field(default=None))])
    got = Method("mine", config, METHOD.train, METHOD.load).configure({"sizes": value}).sizes
    assert (got, type(got)) == (becomes, type(becomes))


@pytest.mark.parametrize(
    ("hint", "value"),
    [
        (list[int], [1, "a"]),
        (list[int], 3),
        (tuple[int, str], [1]),
        (tuple[int, str], ["a", 1]),
        (dict[str, int], {"a": "b"}),
    ],
    ids=str,
)
def test_lists_of_the_wrong_type_are_refused(hint: Any, value: Any) -> None:
    config = make_dataclass("Config", [("sizes", hint, field(default=None))])
    with pytest.raises(BadMethod, match=r"option sizes is .*, expected"):
        Method("mine", config, METHOD.train, METHOD.load).configure({"sizes": value})


@pytest.mark.parametrize(
    "default",
    [float("inf"), float("nan"), Path("x"), np.float32(1), np.zeros(2), {1, 2}, (1, Path("x"))],
    ids=str,
)
def test_a_default_that_no_record_can_hold_is_refused_before_training(default: Any) -> None:
    options = [("width", int, 8), ("bound", Any, field(default_factory=lambda: default))]
    config = make_dataclass("Config", options)
    with pytest.raises(
        BadMethod, match=r"method mine: option bound is .*record of a run cannot hold"
    ):
        Method("mine", config, METHOD.train, METHOD.load).configure({"width": 3})


@pytest.fixture
def drop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Drop a module `dropped` into baselines/."""

    def write(text: str) -> None:
        (tmp_path / "dropped.py").write_text(text)
        importlib.invalidate_caches()

    monkeypatch.setattr(baselines, "__path__", [*baselines.__path__, str(tmp_path)])
    yield write
    sys.modules.pop("baselines.dropped", None)
    vars(baselines).pop("dropped", None)


WHOLE = """
from dataclasses import dataclass

@dataclass(frozen=True)
class Config:
    width: int = 3

def train(data, config, context): ...

def load(path, device): ...
"""


def test_a_dropped_module_is_a_method(drop: Callable[[str], None]) -> None:
    drop(WHOLE)
    method = load_method("dropped")
    assert method.name == "dropped"
    assert method.configure({"width": 5}).width == 5
    assert (method.train.__name__, method.load.__name__) == ("train", "load")


def test_an_unknown_method_is_refused_by_name() -> None:
    with pytest.raises(BadMethod, match=r"unknown method 'td3': there is no baselines/td3\.py"):
        load_method("td3")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import no_such_library", "cannot be imported: No module named 'no_such_library'"),
        ("from bench.core.files import nothing_there", "cannot be imported: ImportError"),
        ("def f(:", "cannot be imported: SyntaxError"),
        ("1 / 0", "cannot be imported: ZeroDivisionError: division by zero"),
    ],
    ids=["library", "name", "syntax", "crash"],
)
def test_an_import_that_fails_names_file_and_cause(
    drop: Callable[[str], None], text: str, message: str
) -> None:
    drop(text)
    with pytest.raises(BadMethod, match=rf"method dropped: baselines/dropped\.py {message}"):
        load_method("dropped")


@pytest.mark.parametrize("attribute", ["Config", "train", "load"])
def test_a_missing_part_is_named(drop: Callable[[str], None], attribute: str) -> None:
    drop(WHOLE.replace(f"def {attribute}", "def other").replace(f"class {attribute}", "class X"))
    with pytest.raises(BadMethod, match=rf"baselines/dropped\.py has no {attribute}; .*_template"):
        load_method("dropped")


def test_a_config_that_is_no_dataclass_is_refused(drop: Callable[[str], None]) -> None:
    drop(WHOLE.replace("@dataclass(frozen=True)", ""))
    with pytest.raises(BadMethod, match=r"Config in baselines/dropped\.py is not a dataclass"):
        load_method("dropped")
