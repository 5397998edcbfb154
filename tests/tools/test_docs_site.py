"""The documentation as a site."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools import docs_site

ROOT = Path(__file__).resolve().parents[2]


def test_pages_lie_where_their_links_lead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, folder = tmp_path / "repository", tmp_path / "pages"
    for name, text in {
        "README.md": "[a](docs/a.md#part) [tables](reports/reference/quick) ![f](docs/f.png)",
        "docs/a.md": "[code](../dt/model.py) [out](https://example.org/x) [here](#part)",
        "docs/f.png": "figure",
        "dt/model.py": "code",
        "dt/other.py": "nobody links to it",
        "reports/reference/quick/mujoco/table2.md": "Table 2: **scores**\n\n| a |",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.setattr(docs_site, "ROOT", root)
    monkeypatch.setattr(docs_site, "_commands", lambda: ["# Commands"])
    docs_site.stage(folder)
    assert "(reports/reference/quick/README.md)" in (folder / "README.md").read_text()
    assert (folder / "docs/a.md").read_text().startswith((root / "docs/a.md").read_text())
    assert (folder / "docs/f.png").read_text() == "figure"
    assert (folder / "dt/model.py").is_file()
    assert not (folder / "dt/other.py").exists()
    listed = (folder / "reports/reference/quick/README.md").read_text()
    assert "- [mujoco/table2](mujoco/table2.md): Table 2: scores" in listed
    assert "(quick/README.md)" in (folder / "reports/reference/README.md").read_text()


def test_a_link_to_nothing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "README.md").write_text("[a](docs/lost.md)")
    monkeypatch.setattr(docs_site, "ROOT", tmp_path)
    with pytest.raises(ValueError, match=r"README.md links to docs/lost.md, which does not exist"):
        docs_site.stage(tmp_path / "pages")


@pytest.mark.long
def test_the_site_is_built_without_a_warning() -> None:
    done = subprocess.run(
        [sys.executable, "tools/docs_site.py"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "documentation: build/site/index.html\n"
    assert "Contract of a method" in (ROOT / "build/site/reference/python/index.html").read_text()
