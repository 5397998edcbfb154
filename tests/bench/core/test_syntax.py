"""The normal form of a source: what counts of it, the same under every version of Python."""

from __future__ import annotations

import ast

import pytest

from bench.core.syntax import normal_form


def form(source: str) -> str:
    return normal_form(ast.parse(source))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "x: int = -1.5",
            "Module(body=[AnnAssign(target=Name(id='x'), annotation=Name(id='int'), "
            "value=UnaryOp(op=USub(), operand=Constant(1.5)), simple=1)])",
        ),
        (
            "def f():\n    'text'\n    return None",
            "Module(body=[FunctionDef(name='f', args=arguments(), "
            "body=[Return(value=Constant(None))])])",
        ),
        (
            "f(f'{x!r:>{n}} a' 'b')",
            "Module(body=[Expr(value=Call(func=Name(id='f'), args=[JoinedStr("
            "values=[FormattedValue(value=Name(id='x'), conversion=114, format_spec=JoinedStr(values=["
            "Constant('>'), FormattedValue(value=Name(id='n'), conversion=-1)])), Constant(' ab')])]))])",
        ),
    ],
    ids=["numbers", "function", "format"],
)
def test_the_form_itself(source: str, expected: str) -> None:
    assert form(source) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("raise E('a')", "raise E('b')"),
        ("raise E(f'a {x}')", "raise E('b')"),
        ("raise E('a' + str(x))", "raise E('b')"),
        ("raise E('a' if x else 'b')", "raise E('c')"),
        ("raise E(', '.join(x))", "raise E('c')"),
        ("raise E('%s' % x)", "raise E('c')"),
        ("raise E(3, text='a')", "raise E(3, text=f'b')"),
        ("raise E('a') from e", "raise E('b') from e"),
        ("f()\nprint('a')", "f()"),
        ("f()\nprint(f'{len(x)} {y}', flush=True)", "f()"),
        ("f()\nlogger.info('a %s', x)", "f()"),
        ("f()\nwarnings.warn('a', stacklevel=2)", "f()"),
        ("if x:\n    f()\nelse:\n    print('a')\n    g()", "if x:\n    f()\nelse:\n    g()"),
        ("assert x, 'a'", "assert x"),
    ],
)
def test_texts_for_readers_do_not_count(one: str, other: str) -> None:
    assert form(one) == form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("raise E(3)", "raise E(4)"),
        ("raise E", "raise F"),
        ("raise E('a') from e", "raise E('a')"),
        ("raise", "raise E"),
        ("raise E(code='a', step=1)", "raise E(code='a', step=2)"),
        ("raise E(table['a'])", "raise E(table['b'])"),
        ("f()\nprint(next(x))", "f()"),
        ("f()\nprint(f'{draw()}')", "f()"),
        ("f()\nprint(y := 3)", "f()"),
        ("x = print('a')", "x = print('b')"),
        ("f()\ncontext.log(3, loss=x)", "f()"),
        ("f()\nlog.write('a')", "f()"),
        ("f('a')", "f('b')"),
        ("x['a']", "x['b']"),
        ("1", "1.0"),
        ("1", "True"),
        ("'1'", "b'1'"),
        ("x = None", "x = 0"),
        ("return_ = [None]", "return_ = []"),
        ("def f(x=None): pass", "def f(x): pass"),
        ("f(**x)", "f(*x)"),
    ],
)
def test_all_else_counts(one: str, other: str) -> None:
    assert form(one) != form(other)
