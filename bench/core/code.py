"""Which source files a result depends on, and their hashes.

Snakemake does not see what a command imports. So every rule carries the hashes of the files its
command reaches through imports: editing a baseline re-plans its own runs, editing a figure re-plans
the figure.
"""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("bench", "dt", "baselines")
# modules that are not files of baselines/
OWN = {"dt": "dt/method.py", "dt_atari": "dt/atari/method.py", "dt_graph": "dt/graph.py"}


def method_file(module: str) -> Path:
    """Return the source file of a method module, relative to the repository."""
    return Path(OWN.get(module, f"baselines/{module}.py"))


def fingerprint(*files: Path, root: Path = ROOT) -> dict[str, str]:
    """Return path -> short hash for these files and everything of this repository that they import,
    directly or not.

    The hash is over the syntax tree without docstrings, so a comment does not retrain anything. A
    file that does not parse, or does not
    exist, counts too: its run will say what is wrong.
    """
    return {str(path): _hash(root / path) for path in sorted(_closure(files, root))}


def _closure(files: tuple[Path, ...], root: Path) -> set[Path]:
    found: set[Path] = set()
    waiting = list(files)
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        waiting += [other for other in _imports(root / path, root) if other not in found]
    return found


@cache
def _tree(path: Path, modified: int) -> ast.Module | None:
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError, FileNotFoundError):
        return None


def _modified(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


def _imports(path: Path, root: Path) -> tuple[Path, ...]:
    return _imports_at(path, root, _modified(path))


@cache  # a plan asks for the same few files hundreds of times
def _imports_at(path: Path, root: Path, modified: int) -> tuple[Path, ...]:
    tree = _tree(path, modified)
    names: set[str] = set()
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(root).parts[: -node.level] if node.level else ()
            module = ".".join([*package, *(node.module or "").split(".")]).strip(".")
            names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    paths = [Path(*name.split(".")) for name in names if name.split(".")[0] in PACKAGES]
    packages = {parent for path in paths for parent in (path, *path.parents[:-1])}
    candidates = {path.with_suffix(".py") for path in paths} | {p / "__init__.py" for p in packages}
    return tuple(candidate for candidate in candidates if (root / candidate).is_file())


def _hash(path: Path) -> str:
    return _hash_at(path, _modified(path))


@cache
def _hash_at(path: Path, modified: int) -> str:
    tree = _tree(path, modified)
    if tree is not None:
        return hashlib.sha256(_without_docstrings(tree).encode()).hexdigest()[:12]
    content = path.read_bytes() if path.exists() else b""
    return hashlib.sha256(content).hexdigest()[:12]


def _without_docstrings(tree: ast.Module) -> str:
    text = []
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            and body
        ):
            first = body[0]
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                text.append(first.value)
    for docstring in text:
        docstring.value = ""
    return ast.dump(tree)
