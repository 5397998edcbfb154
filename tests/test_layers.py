"""The packages of the code: who may import whom. Imports inside functions and for types count too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("bench", "dt", "baselines")

# A package imports from packages of lower rank only. `bench` names dt and baselines, and never imports them.
RANKS = {
    "bench/core": 0,
    "bench/paper": 1,
    "bench/stats": 1,
    "bench/tasks": 2,
    "bench/environments": 3,
    "bench/datasets": 4,
    "bench/datasets/readers": 5,
    "bench/methods": 6,
    "bench/behaviours": 7,
    "dt": 7,
    "baselines": 7,
    "bench/runs": 8,
    "bench/runs/diagnostics": 8,
    "bench/report": 9,
    "bench/report/artifacts": 9,
    "bench/report/claims": 9,
    "bench/report/exports": 9,
    "bench/report/site": 9,
    "bench/cli": 10,
    "bench": 11,
}
APART = [("dt", "baselines"), ("dt", "behaviours"), ("baselines", "behaviours")]


@cache
def modules() -> dict[str, Path]:
    """Return dotted name -> file, relative to the repository."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(path: Path) -> Iterator[str]:
    """Yield the modules of this repository that a file imports, wherever the import stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            members = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in modules() else str(node.module) for name in members]
        else:
            continue
        yield from (name for name in names if name in modules())


@cache
def edges() -> frozenset[tuple[str, str]]:
    return frozenset(
        (name, other)
        for name, path in modules().items()
        for other in imported(path)
        if other != name
    )


def package(module: str) -> str:
    """Return the folder of a module; dt with its folders is one package."""
    folder = modules()[module].relative_to(ROOT).parent.as_posix()
    return "dt" if folder.startswith("dt/") else folder


def circle(arrows: set[tuple[str, str]]) -> list[str]:
    """Return the members of circles among these arrows, and what lies between them; none: empty."""
    while True:
        starts, ends = {start for start, _ in arrows}, {end for _, end in arrows}
        kept = {(start, end) for start, end in arrows if start in ends and end in starts}
        if kept == arrows:
            return sorted(starts)
        arrows = kept


def test_every_package_has_a_rank() -> None:
    assert {package(module) for module in modules()} <= set(RANKS)


def test_packages_import_downwards_only() -> None:
    wrong = [
        f"{start} -> {end}"
        for start, end in sorted(edges())
        if package(start) != package(end) and RANKS[package(start)] < RANKS[package(end)]
    ]
    assert not wrong


def test_no_circle_of_files() -> None:
    assert circle(set(edges())) == []


def test_no_circle_of_packages() -> None:
    arrows = {
        (package(start), package(end)) for start, end in edges() if package(start) != package(end)
    }
    assert circle(arrows) == []


@pytest.mark.parametrize("pair", APART)
def test_what_never_imports_each_other(pair: tuple[str, str]) -> None:
    for start, end in edges():
        assert not all(
            any(part == name for part in where.split(".")[:2])
            for name, where in zip(pair, (start, end), strict=True)
        )
        assert not all(
            any(part == name for part in where.split(".")[:2])
            for name, where in zip(pair, (end, start), strict=True)
        )


def test_bench_knows_methods_by_name_only() -> None:
    assert not [
        edge for edge in edges() if edge[0].startswith("bench") and not edge[1].startswith("bench")
    ]


def test_no_file_imports_the_public_interface() -> None:
    """So a change of bench/api.py is in no fingerprint and plans no run again."""
    assert "bench.api" in modules()
    assert not [start for start, end in edges() if end == "bench.api"]


def test_the_circle_finder_finds_a_circle() -> None:
    assert circle({("a", "b"), ("b", "c"), ("c", "b"), ("d", "a")}) == ["b", "c"]
    assert circle({("a", "b"), ("b", "c"), ("a", "c")}) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_is_unpickled(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg in ("allow_pickle", "weights_only"):
                wanted = node.arg == "weights_only"
                assert isinstance(node.value, ast.Constant), path
                assert node.value.value is wanted, path
            if isinstance(node, ast.Import):
                assert "pickle" not in {alias.name for alias in node.names}, path
            if isinstance(node, ast.ImportFrom):
                assert node.module != "pickle", path
