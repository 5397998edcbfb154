"""Records for other tools: the Parquet file, its card, and the arrays that rliable asks for."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyarrow.parquet import read_schema

from bench.report.episodes import COLUMNS
from bench.report.exports.records import export
from bench.runs.identity import Identity
from tests.conftest import RECORD
from tests.helpers.records import Write
from tests.test_docs import ROOT, code_blocks

PAGE = ROOT / "docs/records.md"
RELIABLE = [  # method, task, seed -> mean return
    (method, task, seed)
    for method in ("dt", "bc", "iql")
    for task in ("hopper-medium", "walker2d-medium")
    for seed in (0, 1, 2)
]


def write_all(write_record: Write) -> Path:
    """Write a run for each, whose mean return says which one it is; return the folder of the scale."""
    for number, (method, task, seed) in enumerate(RELIABLE):
        name = "Hopper-v4" if task == "hopper-medium" else "Walker2d-v4"
        evaluation = RECORD["evaluations"][0] | {
            "returns": [number - 1.0, number + 1.0],
            "lengths": [1, 2],
        }
        path = write_record(
            Identity("quick", task, "dense", 100.0, method, seed),
            evaluations=[
                evaluation,
                evaluation | {"step": 5, "final": False, "returns": [9e9, 9e9]},
            ],
            protocol=RECORD["protocol"] | {"environment": name},
        )
    write_record(Identity("quick", "hopper-medium", "sparse", 100.0, "dt", 0))
    write_record(Identity("quick", "hopper-medium", "dense", 10.0, "dt", 0))
    return path.parents[5]


def test_the_file_and_its_card(write_record: Write, tmp_path: Path) -> None:
    line = export(write_all(write_record), tmp_path / "out")
    frame = pd.read_parquet(tmp_path / "out/records.parquet")
    assert len(frame) == 4 * len(RELIABLE) + 2 * 3
    assert line.endswith("78 episodes of 1 policies")
    schema = read_schema(tmp_path / "out/records.parquet")
    described = {field.name: field.metadata[b"description"].decode() for field in schema}
    assert described == COLUMNS
    card = (tmp_path / "out/README.md").read_text()
    assert "# Records of scale quick" in card
    assert "of 20 runs: 78 rows. The methods are bc, dt, iql; " in card
    assert all(f"| `{name}` |" in card for name in COLUMNS)


def test_markup_in_the_name_of_a_method_is_text(write_record: Write, tmp_path: Path) -> None:
    path = write_record(Identity("quick", "hopper-medium", "dense", 100.0, "<b>mine", 0))
    export(path, tmp_path / "out")
    assert "The methods are &lt;b>mine; " in (tmp_path / "out/README.md").read_text()


def test_the_page_has_the_columns_and_their_texts() -> None:
    page = PAGE.read_text()
    for name, text in COLUMNS.items():
        assert f"| `{name}` | {text} |\n" in page


def test_the_lines_of_the_page_give_rliable_what_it_asks_for(
    write_record: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its documentation: a dictionary, name of the algorithm -> array (runs, tasks), a function from such an array to
    an array of estimates. rliable itself does not import beside this pandas.
    """
    export(write_all(write_record), tmp_path / "records/quick")
    given: list[Any] = []
    library, metrics = ModuleType("rliable.library"), ModuleType("rliable.metrics")
    library.get_interval_estimates = lambda *arguments: (given.extend(arguments), ({}, {}))[1]  # type: ignore[attr-defined]
    metrics.aggregate_iqm = lambda scores: float(np.median(scores))  # type: ignore[attr-defined]
    package = ModuleType("rliable")
    package.library, package.metrics = library, metrics  # type: ignore[attr-defined]
    for module in (package, library, metrics):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.chdir(tmp_path)
    [block] = [code for code in code_blocks(PAGE, "python") if "rliable" in code]
    exec(block, {})
    scores, estimate = given
    assert set(scores) == {"bc", "dt"}  # iql is not among the methods of the page
    for method, array in scores.items():
        numbers = [i for i, run in enumerate(RELIABLE) if run[0] == method]
        returns = np.array(numbers, dtype=float).reshape(2, 3).T  # (runs, tasks)
        low, span = np.array([-20.272305, 1.629008]), np.array([3254.572305, 4590.674970])
        np.testing.assert_allclose(array, 100 * (returns - low) / span, rtol=1e-6)
        assert np.asarray(estimate(array)).shape == (1,)
