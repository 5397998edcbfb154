"""What two texts that compute the same numbers have in common, and what changes the form of a text."""

from __future__ import annotations

import ast

import pytest

from bench.core.syntax import normal_form

PLAIN = '''"""Says what it is."""

import numpy as np


class Box:
    """Holds a number."""

    size = 3

    def twice(self, extra=1):
        """Return twice the number."""
        return 2 * self.size + extra


async def wait():
    """Wait."""
    return "done"


def check(step, known):
    if step < 0:
        raise ValueError(f"{step} is negative; known: " + ", ".join(known))
    assert step < 9, "too large"
    print(f"at {step}", flush=True)
    print(next(known))
    derive("evaluation", step)
'''


def form_of(text: str) -> str:
    return normal_form(ast.parse(text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("size = 3", "size = 3  # the number"),
        ("import numpy", "# a comment\nimport numpy"),
        ('"""Says what it is."""', '"""Says it in other words.\n\nAnd more.\n"""'),
        ('"""Holds a number."""', '"""Keeps a number."""'),
        ('"""Return twice the number."""', "'other quotes'"),
        ('"""Wait."""', '"""Wait for it."""'),
        ("2 * self.size + extra", "(2 * self.size\n            + extra)"),
        ('"done"', "'done'"),
        ('    """Holds a number."""\n\n', ""),
        ('{step} is negative; known: "', '{step} is below zero. There are: "'),
        (' + ", ".join(known)', ""),
        ('"too large"', 'f"{step} is too large"'),
        (', "too large"', ""),
        ('f"at {step}"', '"here"'),
        ('    print(f"at {step}", flush=True)\n', ""),
    ],
    ids=[
        "comment",
        "line",
        "module",
        "class",
        "function",
        "async",
        "layout",
        "quotes",
        "no-docstring",
        "exception",
        "joined",
        "assertion",
        "no-message",
        "print",
        "no-print",
    ],
)
def test_words_and_layout_do_not_count(old: str, new: str) -> None:
    assert PLAIN.count(old) == 1
    edited = PLAIN.replace(old, new)
    assert form_of(PLAIN) == form_of(edited)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("size = 3", "size = 4"),
        ("size = 3", "size = 3.0"),
        ("extra=1", "extra=2"),
        ("2 * self.size", "2 + self.size"),
        ('"done"', '"Done"'),
        ("import numpy as np", "import numpy"),
        ("async def", "def"),
        ("    size = 3", '    size = 3\n    "not a docstring"'),
        ("raise ValueError", "raise TypeError"),
        ("if step < 0:", "if step <= 0:"),
        ("assert step < 9", "assert step < 8"),
        ("    print(next(known))\n", ""),
        ('"evaluation"', '"training"'),
    ],
    ids=[
        "number",
        "type",
        "default",
        "operator",
        "string",
        "import",
        "async",
        "expression",
        "exception",
        "condition",
        "assertion",
        "printed-call",
        "seed",
    ],
)
def test_code_counts(old: str, new: str) -> None:
    assert PLAIN.count(old) == 1
    edited = PLAIN.replace(old, new)
    assert form_of(PLAIN) != form_of(edited)


@pytest.mark.parametrize(
    "call",
    ["logger.info(f'at {step}')", "warnings.warn('slow')", "print(len(known), round(step, 2))"],
)
def test_a_statement_that_only_logs_does_not_count(call: str) -> None:
    body = "def f(step, known):\n    {}return step\n"
    assert form_of(body.format(f"{call}\n    ")) == form_of(body.format(""))


@pytest.mark.parametrize(
    "call",
    ["logger.setLevel(3)", "recorder.info(step)", "print(step := 4)", "print((yield step))"],
)
def test_a_call_that_may_change_something_counts(call: str) -> None:
    body = "def f(step):\n    {}return step\n"
    assert form_of(body.format(f"{call}\n    ")) != form_of(body.format(""))


def test_the_form_by_hand() -> None:
    text = '"""Text."""\nx = 1  # one\nif x: raise KeyError(f"{x}", x)\n'
    assert form_of(text) == (
        "Module(body=[Assign(targets=[Name(id='x')], value=Constant(1)), "
        "If(test=Name(id='x'), body=[Raise(exc=Call(func=Name(id='KeyError'), "
        "args=text, Name(id='x')))])])"
    )


def test_an_exceptions_number_counts_and_its_text_does_not() -> None:
    assert form_of("raise Exit('gone', code=1)") == form_of("raise Exit(f'{a} gone', code=1)")
    assert form_of("raise Exit('gone', code=1)") != form_of("raise Exit('gone', code=2)")
    assert form_of("raise Exit(text='gone')") == form_of("raise Exit(text='away' if a else 'left')")
    assert form_of("raise") != form_of("raise error")
