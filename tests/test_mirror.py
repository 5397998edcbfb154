"""`tests/` mirrors the tree: the tests of `bench/runs/plan.py` are `tests/bench/runs/test_plan.py`, and where they
are many also `tests/bench/runs/test_plan_*.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CODE = ("bench", "dt", "baselines")
# what stands beside the packages: its tests are named after the topic
ELSEWHERE = ("workflow", "tools", "benchmarks", "docs")


def modules() -> list[Path]:
    """Return the modules that need tests, relative to the repository."""
    found = [path.relative_to(ROOT) for code in CODE for path in (ROOT / code).rglob("*.py")]
    return sorted(path for path in found if path.name not in ("__init__.py", "__main__.py"))


def files_of(module: Path) -> list[Path]:
    """Return the test files of a module."""
    folder = ROOT / "tests" / module.parent
    name = module.stem.removeprefix("_")
    return sorted([*folder.glob(f"test_{name}.py"), *folder.glob(f"test_{name}_*.py")])


@pytest.mark.parametrize("module", modules(), ids=str)
def test_a_module_has_tests_of_its_name(module: Path) -> None:
    name = f"test_{module.stem.removeprefix('_')}.py"
    assert (ROOT / "tests" / module.parent / name).is_file()


def test_a_test_file_is_of_a_module() -> None:
    known = {path for module in modules() for path in files_of(module)}
    known |= {ROOT / "tests/dt/test_init.py", ROOT / "tests/bench/test_main.py"}
    strangers = [
        path.relative_to(ROOT).as_posix()
        for code in CODE
        for path in (ROOT / "tests" / code).rglob("test_*.py")
        if path not in known
    ]
    assert not strangers


def test_other_tests_stand_beside_the_folders_or_in_one_of_them() -> None:
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} <= {*CODE, *ELSEWHERE, "helpers"}
