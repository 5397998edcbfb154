"""The options of a method, read from the source of its `Config` and without importing it.

A plan checks the names of options with them: an import of every method would take longer than the plan.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from bench.core.code import method_file


def unknown_option(entry: dict[str, Any], root: Path) -> str | None:
    """Return the message about the first option in an entry of `methods` that its module does not have.

    The values of options are checked by the method itself, when it starts.

    Args:
        entry: with the keys module, options and domains.
        root: of the repository.
    """
    known = option_names(entry["module"], root)
    if known is None:
        return None
    places = {"options": entry.get("options")}
    places |= {f"domains.{domain}": own for domain, own in (entry.get("domains") or {}).items()}
    for place, options in places.items():
        for key in options or {}:
            if key not in known:
                listed = ", ".join(known) or "none"
                return f"{place}: module {entry['module']} has no option {key!r}; known: {listed}"
    return None


def option_names(module: str, root: Path) -> tuple[str, ...] | None:
    """Return the names of the fields of a method's Config, those of its base classes first.

    Args:
        module: `dt`, `dt_atari`, `dt_graph`, or a file in baselines/.
        root: of the repository.

    Returns:
        None if the source does not tell: the file does not parse, or a base class is of another library.
    """
    return _fields(root, method_file(module), "Config")


def _fields(root: Path, path: Path, name: str) -> tuple[str, ...] | None:
    """Return the annotated names of a class, which may be imported from another file of the repository."""
    try:
        tree = ast.parse((root / path).read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return None
    imported: dict[str, tuple[str, str]] = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imported |= {a.asname or a.name: (node.module, a.name) for a in node.names}
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            found: list[str] = []
            for base in node.bases:
                inherited = _fields_of_base(root, path, base, imported)
                if inherited is None:
                    return None
                found += inherited
            own = (line.target for line in node.body if isinstance(line, ast.AnnAssign))
            return tuple(
                dict.fromkeys([*found, *(field.id for field in own if isinstance(field, ast.Name))])
            )
    if name not in imported:
        return None
    return _fields(root, _file(imported[name][0]), imported[name][1])


def _fields_of_base(
    root: Path, path: Path, base: ast.expr, imported: dict[str, tuple[str, str]]
) -> tuple[str, ...] | None:
    if isinstance(base, ast.Name) and base.id != "Config":
        return _fields(root, path, base.id)
    if isinstance(base, ast.Attribute) and isinstance(base.value, ast.Name):
        package, name = imported.get(base.value.id, ("", ""))
        return _fields(root, _file(f"{package}.{name}"), base.attr) if package else None
    return None


def _file(module: str) -> Path:
    return Path(*module.split(".")).with_suffix(".py")
