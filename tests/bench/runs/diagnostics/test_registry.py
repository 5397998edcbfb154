"""Which diagnostics there are, and blocks of the list that cannot be used."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from bench.core.code import ROOT
from bench.runs.diagnostics.registry import (
    DIAGNOSTICS,
    BadDiagnostic,
    Diagnostic,
    read_diagnostics,
)

GOOD = '[surprise]\nneeds = "predict"\nmeasures = "how surprised it is"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the module of one diagnostic."""
    (tmp_path / "surprise.py").touch()
    return tmp_path


def read(folder: Path, text: str) -> dict[str, Diagnostic]:
    (folder / "list.toml").write_text(text)
    return read_diagnostics(folder / "list.toml")


def test_a_block_and_a_module_are_a_diagnostic(folder: Path) -> None:
    [(name, found)] = read(folder, GOOD).items()
    assert name == "surprise"
    assert found == Diagnostic("surprise", "predict", "how surprised it is")
    assert found.record == "surprise.json"
    assert found.module == "bench.runs.diagnostics.surprise"
    assert found.file == Path("bench/runs/diagnostics/surprise.py")


def test_diagnostics_keep_the_order_of_their_blocks(folder: Path) -> None:
    (folder / "alarm.py").touch()
    assert list(read(folder, GOOD + GOOD.replace("surprise]", "alarm]"))) == ["surprise", "alarm"]
    assert read(folder, "") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            GOOD.replace("needs", "need"),
            "surprise must have the .* no others; it has need, measures$",
        ),
        (GOOD + "mesures = 'typo'\n", "surprise must have .* it has needs, measures, mesures$"),
        ("[surprise]\nneeds = 'predict'\n", "surprise must have .* it has needs$"),
        ("[surprise]\n", "surprise must have the entries `needs` and `measures`, .* it has none$"),
        (GOOD.replace('"predict"', "3"), "surprise.needs is 3, expected a text$"),
        (
            GOOD.replace("surprise]", "alarm]"),
            r"alarm has no module; add alarm\.py to the same folder$",
        ),
        (
            GOOD.replace("surprise]", "result]"),
            r"result\.json is another file of a run; give the diagnostic another name$",
        ),
        ("surprise = 3\n", r"surprise is 3; a diagnostic is a block \[surprise\]$"),
        (GOOD + GOOD, "not a TOML file: "),
        ("[surprise", "not a TOML file: "),
    ],
    ids=[
        "typo",
        "unknown",
        "missing",
        "empty",
        "type",
        "no-module",
        "name",
        "no-block",
        "twice",
        "syntax",
    ],
)
def test_a_bad_block_is_refused_by_name(folder: Path, text: str, message: str) -> None:
    with pytest.raises(BadDiagnostic, match=rf"^{folder / 'list.toml'}: {message}"):
        read(folder, text)


def test_a_bad_block_after_a_good_one_is_found(folder: Path) -> None:
    with pytest.raises(BadDiagnostic, match="alarm must have the entries"):
        read(folder, GOOD + "[alarm]\nneeds = 'predict'\n")


def test_bytes_that_are_no_text_are_refused(folder: Path) -> None:
    (folder / "list.toml").write_bytes(b"\xff")
    with pytest.raises(BadDiagnostic, match=r"list\.toml: not a TOML file: "):
        read_diagnostics(folder / "list.toml")


def test_every_diagnostic_here_has_a_measure() -> None:
    assert list(DIAGNOSTICS) == ["critic", "paths", "held_out"]
    for diagnostic in DIAGNOSTICS.values():
        assert (ROOT / diagnostic.file).is_file()
        assert callable(import_module(diagnostic.module).measure)
