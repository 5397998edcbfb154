"""Who may import whom: bench <- {dt, baselines} <- workflow."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FORBIDDEN = {"bench": {"dt", "baselines"}, "dt": {"baselines"}, "baselines": {"dt"}}


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield (node.module or "").split(".")[0]


@pytest.mark.parametrize("package", FORBIDDEN)
def test_layers(package):
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    wrong = [
        (path.name, name) for path in files for name in imported(path) if name in FORBIDDEN[package]
    ]
    assert not wrong


@pytest.mark.parametrize("package", FORBIDDEN)
def test_nothing_is_unpickled(package):
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg in ("allow_pickle", "weights_only"):
                wanted = node.arg == "weights_only"
                assert isinstance(node.value, ast.Constant), path
                assert node.value.value is wanted, path
        assert "pickle" not in set(imported(path)), path
