"""The hyperparameters of a method's module: names, defaults and comments, read from the source of its `Config`.

Nothing is imported: a page must not run the code of a method.
"""

from __future__ import annotations

import ast
import io
import tokenize
from dataclasses import dataclass
from pathlib import Path

from bench.core.code import ROOT, method_file


@dataclass(frozen=True)
class Field:
    """A hyperparameter.

    Attributes:
        name: as in configs and records.
        default: as the source spells it; empty if it has none.
        comment: the comment beside or above it, which gives meaning and source; empty without one.
    """

    name: str
    default: str
    comment: str


def fields(module: str, root: Path = ROOT) -> dict[str, Field]:
    """Return name -> hyperparameter of a method, those of base classes first.

    Args:
        module: `dt`, `dt_atari`, `dt_graph`, or a file in baselines/.
        root: of the repository.

    Returns:
        An empty dictionary if the source does not tell.
    """
    return _of_class(root, method_file(module), "Config", ())


def _of_class(
    root: Path, path: Path, name: str, seen: tuple[tuple[Path, str], ...]
) -> dict[str, Field]:
    """Return the fields of a class, which may be imported from another file of the repository."""
    if (path, name) in seen:
        return {}
    seen = (*seen, (path, name))
    try:
        source = (root / path).read_text(encoding="utf-8")
        tree, comments = ast.parse(source), _comments(source)
    except (OSError, SyntaxError, ValueError, tokenize.TokenError):
        return {}
    imported: dict[str, tuple[str, str]] = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imported |= {a.asname or a.name: (node.module, a.name) for a in node.names}
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            found: dict[str, Field] = {}
            for base in node.bases:
                found |= _of_base(root, path, base, imported, seen)
            return found | _own(node, comments)
    if name in imported:
        module, original = imported[name]
        return _of_class(root, _file(module), original, seen)
    return {}


def _of_base(
    root: Path,
    path: Path,
    base: ast.expr,
    imported: dict[str, tuple[str, str]],
    seen: tuple[tuple[Path, str], ...],
) -> dict[str, Field]:
    if isinstance(base, ast.Name):
        return _of_class(root, path, base.id, seen)
    if isinstance(base, ast.Attribute) and isinstance(base.value, ast.Name):
        package, name = imported.get(base.value.id, ("", ""))
        if package:
            return _of_class(root, _file(f"{package}.{name}"), base.attr, seen)
    return {}


def _own(node: ast.ClassDef, comments: dict[int, tuple[str, bool]]) -> dict[str, Field]:
    """Return the fields that a class declares itself."""
    found = {}
    for line in node.body:
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
            default = "" if line.value is None else ast.unparse(line.value)
            comment = _comment_of(line, comments)
            found[line.target.id] = Field(line.target.id, default, comment)
    return found


def _comment_of(line: ast.AnnAssign, comments: dict[int, tuple[str, bool]]) -> str:
    """Return the comments on the lines of a field; without any, those on the lines above it."""
    last = line.end_lineno or line.lineno
    own = [comments[number][0] for number in range(line.lineno, last + 1) if number in comments]
    if own:
        return " ".join(own)
    above: list[str] = []
    number = line.lineno - 1
    while number in comments and comments[number][1]:
        above.insert(0, comments[number][0])
        number -= 1
    return " ".join(above)


def _comments(source: str) -> dict[int, tuple[str, bool]]:
    """Return line -> comment, and whether the line holds nothing else."""
    lines = source.splitlines()
    return {
        token.start[0]: (
            token.string.lstrip("# ").rstrip(),
            not lines[token.start[0] - 1][: token.start[1]].strip(),
        )
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }


def _file(module: str) -> Path:
    return Path(*module.split(".")).with_suffix(".py")
