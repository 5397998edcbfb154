"""Write docs/tutorial.ipynb: the page docs/tutorial.md as a notebook, without outputs.

python tools/notebook.py
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE, NOTEBOOK = ROOT / "docs/tutorial.md", ROOT / "docs/tutorial.ipynb"
CODE = re.compile(r"^```python\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"^\[[^\]]*\]\(\S+\.ipynb\)\n\n", re.MULTILINE)  # from the page to its notebook


def notebook(page: str) -> dict[str, Any]:
    """Return a page of Markdown as a notebook: a cell of code for each block of Python, and text between them."""
    cells = []
    for index, part in enumerate(CODE.split(LINK.sub("", page))):
        text = part.strip("\n")
        if not text:
            continue
        code = index % 2 == 1
        cell: dict[str, Any] = {
            "cell_type": "code" if code else "markdown",
            "id": f"cell-{index}",
            "metadata": {},
            "source": text.splitlines(keepends=True),
        }
        cells.append(cell | ({"execution_count": None, "outputs": []} if code else {}))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    about = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}


def text(page: str) -> str:
    """Return the content of the notebook's file."""
    return json.dumps(notebook(page), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    NOTEBOOK.write_text(text(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
