"""The normal form of a source text: what two texts that compute the same numbers have in common.

Left out are comments, layout, docstrings, the texts of exceptions that are raised, the messages of
assertions, and statements that only print or log. Everything else counts: every other string is a key,
an option, a path or a part of a seed. A statement that prints what it calls for counts in full, because
the call may do something. The form is the same under every version of Python that parses the
text alike, which `ast.dump` is not.
"""

from __future__ import annotations

import ast

TEXT = "text"
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
IGNORED = ("ctx", "kind", "type_comment", "type_ignores")
LOGGERS = ("logging", "logger", "log", "warnings")
LEVELS = ("debug", "info", "warning", "warn", "error", "critical", "exception")
HARMLESS = ("len", "str", "repr", "round", "int", "float")  # calls that change nothing


def normal_form(tree: ast.Module) -> str:
    """Return the normal form of a module."""
    return _form(tree)


def _form(node: object) -> str:
    if isinstance(node, ast.Constant):
        return f"Constant({node.value!r})"
    if isinstance(node, ast.Raise):
        return _fields(node, exc=_exception(node.exc))
    if isinstance(node, ast.Assert):
        return _fields(node, msg="")
    if isinstance(node, ast.AST):
        return _fields(node)
    if isinstance(node, list):
        return "[" + ", ".join(_form(item) for item in node) + "]"
    return repr(node)


def _fields(node: ast.AST, **replaced: str) -> str:
    parts = []
    for name in node._fields:
        value = getattr(node, name, None)
        if name in replaced:
            text = replaced[name]
        elif value is None or value == [] or name in IGNORED:
            continue
        elif name == "body" and isinstance(value, list):
            text = _form(_statements(node, value))
        elif name in ("orelse", "finalbody") and isinstance(value, list):
            text = _form([each for each in value if not _silent(each)])
        else:
            text = _form(value)
        parts.append(f"{name}={text}")
    return f"{type(node).__name__}({', '.join(parts)})"


def _statements(node: ast.AST, body: list[ast.stmt]) -> list[ast.stmt]:
    """Return a body without its docstring and without statements that only print."""
    first = body[0].value if isinstance(body[0], ast.Expr) else None
    if (
        isinstance(node, DOCUMENTED)
        and isinstance(first, ast.Constant)
        and isinstance(first.value, str)
    ):
        body = body[1:]
    return [each for each in body if not _silent(each)]


def _prints(call: ast.expr) -> bool:
    """Return whether this expression prints, warns or logs."""
    if not isinstance(call, ast.Call):
        return False
    function = call.func
    if isinstance(function, ast.Name):
        return function.id == "print"
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id in LOGGERS
        and function.attr in LEVELS
    )


def _silent(statement: ast.stmt) -> bool:
    """Return whether a statement only prints or logs: nothing in it can change a number."""
    if not (isinstance(statement, ast.Expr) and _prints(statement.value)):
        return False
    return not any(
        isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr))
        or (
            isinstance(node, ast.Call)
            and node is not statement.value
            and not (isinstance(node.func, ast.Name) and node.func.id in HARMLESS)
        )
        for node in ast.walk(statement)
    )


def _exception(raised: ast.expr | None) -> str:
    """Return the form of what is raised: its type, and its arguments but for texts."""
    if not isinstance(raised, ast.Call):
        return _form(raised) if raised else ""
    given = [TEXT if _is_text(argument) else _form(argument) for argument in raised.args]
    named = [
        f"{each.arg}={TEXT if _is_text(each.value) else _form(each.value)}"
        for each in raised.keywords
    ]
    return f"Call(func={_form(raised.func)}, args={', '.join([*given, *named])})"


def _is_text(node: ast.expr) -> bool:
    """Return whether an expression is put together as a text for a reader."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.BinOp):
        return _is_text(node.left) or _is_text(node.right)
    if isinstance(node, ast.IfExp):
        return _is_text(node.body) and _is_text(node.orelse)
    if isinstance(node, ast.Call):  # ", ".join(names)
        return isinstance(node.func, ast.Attribute) and _is_text(node.func.value)
    return isinstance(node, ast.JoinedStr)
