"""Which source files a result depends on, and their hashes.

Snakemake does not see what a command imports. So every rule carries the hashes of the files its
command reaches through imports: editing a baseline plans its own runs again, editing a figure plans
the figure again.

The fingerprint of a run covers what decides its numbers. It leaves out the plumbing (`PLUMBING`): that
a change there alters no number is shown by reproduction (`bench reproduce`), not by training
everything again. Imports are not followed into plumbing. So plumbing must not be the only way to a file
that decides numbers; tests/bench/runs/test_code.py checks that for every method and kind of data. A file that is
named, not reached, always counts.
"""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

from bench.core.syntax import normal_form

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("bench", "dt", "baselines")
# files and folders that decide no number of a run, and what lies in such a folder and does
PLUMBING = (
    "bench/__main__.py",
    "bench/cli/",
    "bench/core/",
    "bench/paper/",
    "bench/report/",
    "bench/runs/adoption.py",
    "bench/runs/archive.py",
    "bench/runs/check.py",
    "bench/runs/clock.py",
    "bench/runs/code.py",
    "bench/runs/compare.py",
    "bench/runs/coverage.py",
    "bench/runs/diagnostics/registry.py",
    "bench/runs/identity.py",
    "bench/runs/linking.py",
    "bench/runs/links.py",
    "bench/runs/options.py",
    "bench/runs/plan.py",
    "bench/runs/planned.py",
    "bench/runs/record.py",
    "bench/runs/reproduce.py",
    "bench/runs/schema.py",
    "bench/runs/validity.py",
    "bench/tasks/",
)
DECISIVE = ("bench/core/seeds.py",)
DATA = (".csv", ".json", ".npz", ".toml", ".xml", ".yaml")
# modules that are not files of baselines/
OWN = {
    "dt": "dt/method.py",
    "dt_atari": "dt/atari/method.py",
    "dt_graph": "dt/graph.py",
    "dt_blank": "dt/blank.py",
    "dt_discounts": "dt/discounts.py",
    "dt_reward_critic": "dt/reward_critic.py",
    "dt_online": "dt/online.py",
}


def method_file(module: str) -> Path:
    """Return the source file of a method module, relative to the repository."""
    return Path(OWN.get(module, f"baselines/{module}.py"))


def fingerprint(*files: Path, plumbing: bool = False, root: Path = ROOT) -> dict[str, str]:
    """Return path -> short hash for these files and what they import of this repository, directly or
    not.

    The hash of a module is over its normal form (`bench.core.syntax`), so a comment, a docstring or a
    message plans nothing again. A file that does not parse, or does not exist, counts too: its run will
    say what is wrong. A data file with the name of a module (`reacher2d.xml`) counts with the module.

    Args:
        files: where to begin, relative to the root; they count wherever they lie.
        plumbing: whether plumbing counts too, as for tables and figures.
        root: of the repository.
    """
    return {str(path): _hash(root / path) for path in sorted(_closure(files, plumbing, root))}


def is_plumbing(path: Path) -> bool:
    """Return whether a file, relative to the repository, decides no number of a run."""
    name = path.as_posix()
    return name.startswith(PLUMBING) and name not in DECISIVE


def _closure(files: tuple[Path, ...], plumbing: bool, root: Path) -> set[Path]:
    found: set[Path] = set()
    waiting = list(files)
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        waiting += [
            other
            for other in (*_imports(root / path, root), *_companions(root / path, root))
            if other not in found and (plumbing or not is_plumbing(other))
        ]
    return found


def _companions(path: Path, root: Path) -> tuple[Path, ...]:
    return _companions_at(path, root, _modified(path.parent))


@cache
def _companions_at(path: Path, root: Path, modified: int) -> tuple[Path, ...]:
    """Return the data files beside a module that have its name."""
    if path.suffix != ".py":
        return ()
    beside = (path.with_suffix(suffix) for suffix in DATA)
    return tuple(other.relative_to(root) for other in beside if other.is_file())


@cache
def _tree(path: Path, modified: int) -> ast.Module | None:
    if path.suffix != ".py":
        return None
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError, FileNotFoundError):
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
        return hashlib.sha256(normal_form(tree).encode()).hexdigest()[:12]
    content = path.read_bytes() if path.exists() else b""
    return hashlib.sha256(content).hexdigest()[:12]
