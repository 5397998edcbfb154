"""docs/tutorial.md does what it says: its code runs as it stands, and its notebook too."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_docs import ROOT, code_blocks

PAGE = ROOT / "docs/tutorial.md"
# what the page says of the numbers, after its own code
CHECKS = """
assert len(arrays["rewards"]) == dataset.episodes.steps
assert str(run) == "results/own/runs/cartpole-mine/dense/100/dt/0"
assert achieved[30] < achieved[200], achieved
assert len(scores) == 20 and scores["target"].eq(dataset.episodes.returns.max()).all()
assert records.groupby("method").size().to_dict() == {"bc": 20, "dt": 20}
assert scores["score"].mean() > 20, "DT has learned nothing"
"""


def test_the_part_that_trains_acts_and_scores_is_short() -> None:
    blocks = code_blocks(PAGE, "python")
    assert len(blocks) == 3
    statements = [node for node in ast.walk(ast.parse(blocks[1])) if isinstance(node, ast.stmt)]
    assert len(statements) <= 24


@pytest.mark.slow
def test_the_code_of_the_page_runs(tmp_path: Path) -> None:
    code = "\n".join(code_blocks(PAGE, "python")) + CHECKS
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "data/imported/cartpole-mine/task.json").is_file()


@pytest.mark.long
def test_the_notebook_runs(tmp_path: Path) -> None:
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(ROOT / "docs/tutorial.ipynb", as_version=4)
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error"]
    assert "score" in "".join(output.get("text", "") for output in outputs)
