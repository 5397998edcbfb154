"""tools/notebook.py: a page as a notebook. That the tutorial's own notebook runs: tests/docs/test_tutorial.py."""

from __future__ import annotations

import json

import nbformat

from tools.notebook import NOTEBOOK, PAGE, notebook, text

SMALL = """# Title

[This page as a notebook](page.ipynb)

Words.

```python
x = 1

print(x)
```

```sh
not --python
```

```python
y = 2
```
"""


def test_a_small_page_by_hand() -> None:
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in notebook(SMALL)["cells"]]
    assert cells == [
        ("markdown", "# Title\n\nWords."),
        ("code", "x = 1\n\nprint(x)"),
        ("markdown", "```sh\nnot --python\n```"),
        ("code", "y = 2"),
    ]


def test_it_is_a_valid_notebook_without_outputs() -> None:
    made = nbformat.from_dict(json.loads(text(SMALL)))
    nbformat.validate(made)
    code = [cell for cell in made.cells if cell.cell_type == "code"]
    assert [(cell.outputs, cell.execution_count) for cell in code] == [([], None)] * 2


def test_the_notebook_is_the_page() -> None:
    """If this fails: python tools/notebook.py"""
    assert NOTEBOOK.read_text(encoding="utf-8") == text(PAGE.read_text(encoding="utf-8"))
