from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.core.code import DECISIVE, PLUMBING, ROOT, fingerprint

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


def lay(root: Path, files: dict[str, str]) -> Path:
    """Write files below a folder of their own, so that no two trees share a path."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def hash_of(tmp_path: Path, name: str, text: str) -> str:
    root = lay(tmp_path / name, {"dt/method.py": text})
    return fingerprint(Path("dt/method.py"), root=root)["dt/method.py"]


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
def test_words_and_layout_do_not_count(tmp_path: Path, old: str, new: str) -> None:
    assert PLAIN.count(old) == 1
    edited = PLAIN.replace(old, new)
    assert hash_of(tmp_path, "a", PLAIN) == hash_of(tmp_path, "b", edited)


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
def test_code_counts(tmp_path: Path, old: str, new: str) -> None:
    assert PLAIN.count(old) == 1
    edited = PLAIN.replace(old, new)
    assert hash_of(tmp_path, "a", PLAIN) != hash_of(tmp_path, "b", edited)


def test_an_edit_in_place_is_seen(tmp_path: Path) -> None:
    path = lay(tmp_path, {"dt/method.py": "x = 1"}) / "dt/method.py"
    before = fingerprint(Path("dt/method.py"), root=tmp_path)
    path.write_text("x = 2")
    os.utime(path, ns=(1, 1))
    assert fingerprint(Path("dt/method.py"), root=tmp_path) != before


@pytest.mark.parametrize(
    "text",
    [
        "import bench.b",
        "import bench.b as other, json",
        "from bench import b",
        "from bench.b import thing",
        "def f():\n    from bench.b import thing",
        "def f():\n    import bench.b",
        "if TYPE_CHECKING:\n    from bench.b import thing",
        "try:\n    import bench.b\nexcept ImportError:\n    pass",
        "from . import b",
        "from .b import thing",
    ],
    ids=[
        "import",
        "as",
        "from-package",
        "from-module",
        "in-function-from",
        "in-function",
        "typing",
        "try",
        "relative",
        "relative-module",
    ],
)
def test_the_closure_follows_imports(tmp_path: Path, text: str) -> None:
    lay(tmp_path, {"bench/a.py": text, "bench/b.py": "x = 1", "bench/c.py": "x = 1"})
    assert set(fingerprint(Path("bench/a.py"), root=tmp_path)) == {"bench/a.py", "bench/b.py"}


def test_the_closure_goes_on_from_file_to_file_and_round_in_circles(tmp_path: Path) -> None:
    files = {
        "baselines/mine.py": "import numpy\nfrom bench.a import x",
        "bench/a.py": "from bench.deep.b import x",
        "bench/deep/b.py": "import bench.a\nimport dt.model",
        "dt/model.py": "",
        "dt/method.py": "",
    }
    lay(tmp_path, files)
    found = fingerprint(Path("baselines/mine.py"), root=tmp_path)
    assert list(found) == ["baselines/mine.py", "bench/a.py", "bench/deep/b.py", "dt/model.py"]


def test_the_file_of_a_package_counts(tmp_path: Path) -> None:
    files = {
        "bench/a.py": "from bench.deep import cells",
        "bench/deep/__init__.py": "from bench.b import x",
        "bench/b.py": "",
    }
    found = fingerprint(Path("bench/a.py"), root=lay(tmp_path, files))
    assert {"bench/deep/__init__.py", "bench/b.py"} <= set(found)


def test_a_data_file_with_the_name_of_a_module_counts(tmp_path: Path) -> None:
    files = {
        "bench/a.py": "import bench.robot",
        "bench/robot.py": "",
        "bench/robot.xml": "<body/>",
        "bench/other.xml": "<body/>",
    }
    found = fingerprint(Path("bench/a.py"), root=lay(tmp_path, files))
    assert set(found) == {"bench/a.py", "bench/robot.py", "bench/robot.xml"}
    (tmp_path / "bench/robot.xml").write_text("<body mass='2'/>")
    os.utime(tmp_path / "bench/robot.xml", ns=(1, 1))
    assert fingerprint(Path("bench/a.py"), root=tmp_path) != found


def test_plumbing_does_not_count_unless_it_is_named_or_asked_for(tmp_path: Path) -> None:
    files = {
        "bench/runs/train.py": "import bench.core.files, bench.core.seeds\nimport bench.b",
        "bench/core/files.py": "import bench.c",
        "bench/core/seeds.py": "",
        "bench/b.py": "",
        "bench/c.py": "",
    }
    lay(tmp_path, files)
    start = Path("bench/runs/train.py")
    counted = {"bench/runs/train.py", "bench/core/seeds.py", "bench/b.py"}
    assert set(fingerprint(start, root=tmp_path)) == counted
    assert set(fingerprint(start, plumbing=True, root=tmp_path)) == set(files)
    named = fingerprint(start, Path("bench/core/files.py"), root=tmp_path)
    assert set(named) == set(files)


def test_every_entry_of_the_plumbing_is_there() -> None:
    for name in (*PLUMBING, *DECISIVE):
        assert (ROOT / name).is_dir() if name.endswith("/") else (ROOT / name).is_file(), name


def test_the_files_of_all_packages_on_the_way_count(tmp_path: Path) -> None:
    files = {
        "baselines/mine.py": "from bench.deep.b import x",
        "bench/__init__.py": "",
        "bench/deep/__init__.py": "",
        "bench/deep/b.py": "",
    }
    found = fingerprint(Path("baselines/mine.py"), root=lay(tmp_path, files))
    assert set(found) == set(files)


def test_a_far_edit_changes_the_near_fingerprint_only_where_it_is_imported(tmp_path: Path) -> None:
    def tree(name: str, value: int) -> Path:
        files = {
            "bench/a.py": "import bench.b",
            "bench/b.py": f"x = {value}",
            "bench/other.py": "",
        }
        return lay(tmp_path / name, files)

    one, two = tree("one", 1), tree("two", 2)
    of_a = [fingerprint(Path("bench/a.py"), root=root) for root in (one, two)]
    of_other = [fingerprint(Path("bench/other.py"), root=root) for root in (one, two)]
    assert of_a[0] != of_a[1]
    assert of_a[0]["bench/a.py"] == of_a[1]["bench/a.py"]
    assert of_other[0] == of_other[1]


def test_a_missing_file_has_a_fingerprint_that_changes_when_it_comes(tmp_path: Path) -> None:
    missing = fingerprint(Path("baselines/mine.py"), root=tmp_path)
    assert list(missing) == ["baselines/mine.py"]
    lay(tmp_path, {"baselines/mine.py": "x = 1"})
    assert fingerprint(Path("baselines/mine.py"), root=tmp_path) != missing


@pytest.mark.parametrize("content", [b"def f(:", b"x = '\xff'"], ids=["syntax", "encoding"])
def test_a_file_that_does_not_parse_counts_by_its_bytes(tmp_path: Path, content: bytes) -> None:
    prints = []
    for name, extra in (("a", b""), ("b", b""), ("c", b" ")):
        path = tmp_path / name / "dt" / "method.py"
        path.parent.mkdir(parents=True)
        path.write_bytes(content + extra)
        prints.append(fingerprint(Path("dt/method.py"), root=tmp_path / name))
    assert prints[0] == prints[1] != prints[2]


def test_the_report_depends_on_the_reader_of_the_papers_numbers() -> None:
    found = fingerprint(Path("bench/report/artifacts/partial.py"), plumbing=True)
    assert "bench/paper/__init__.py" in found
