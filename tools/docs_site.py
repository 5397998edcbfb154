"""Build the documentation as a site: `make docs`, or `python tools/docs_site.py`.

The pages are the Markdown files of the repository, in the folders where they lie, so that their links
hold on the site too. Pages of the reference are made here: the help of every command, and the
docstrings of the public modules. What a page links to is copied. mkdocs then checks every link and
anchor, and fails on a warning.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
STAGED = ROOT / "build" / "docs"
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "docs/*.md", "config/*.md")
REPORTS = Path("reports", "reference")
MODULES = {
    "For notebooks and scripts": "bench.api",
    "Contract of a method": "bench.methods.contract",
    "Trajectories": "bench.datasets.trajectories",
    "Context of a training": "bench.methods.context",
    "Decision Transformer": "dt.model",
    "Its hyperparameters": "dt.config",
    "Records": "bench.runs.archive",
    "Intervals": "bench.stats.intervals",
    "Verdicts": "bench.stats.verdicts",
}
LINK = re.compile(r"(\]\()([^)#\s]+)((?:#[^)\s]*)?\))")


def main() -> None:
    """Collect the pages and build the site."""
    stage(STAGED)
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build"]
    done = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    print(f"documentation: {(ROOT / 'build/site/index.html').relative_to(ROOT)}")


def stage(folder: Path) -> None:
    """Write all pages, and the files that they link to, below a folder.

    Raises:
        ValueError: a page links to a file that does not exist.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for pattern in PAGES:
        for page in sorted(ROOT.glob(pattern)):
            _copy(page, folder)
    kept = sorted({path.parents[-len(REPORTS.parts) - 2] for path in _kept()})
    for scale in kept:
        _write(folder / scale / "README.md", "\n".join(_index(ROOT / scale)))
    links = (f"- [{scale.name}]({scale.name}/README.md)" for scale in kept)
    _write(folder / REPORTS / "README.md", "\n".join(["# Tables and figures\n", *links]))
    for path in _kept():
        _copy(ROOT / path, folder)
    _write(folder / "reference" / "commands.md", "\n".join(_commands()))
    _write(folder / "reference" / "python.md", "\n".join(_python()))


def _kept() -> list[Path]:
    """Return the paths of the kept tables and figures."""
    paths = sorted((ROOT / REPORTS).rglob("*.*"))
    return [path.relative_to(ROOT) for path in paths if path.suffix in (".md", ".png", ".gif")]


def _copy(source: Path, folder: Path) -> None:
    """Copy a file, and if it is a page, what it links to."""
    target = folder / source.relative_to(ROOT)
    if target.exists():
        return
    if source.suffix != ".md":
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        return
    text = source.read_text(encoding="utf-8")
    _write(target, LINK.sub(lambda link: _linked(link, source), text))
    for link in LINK.finditer(text):
        path = (source.parent / link[2]).resolve()
        if "://" not in link[2] and path.is_file():
            _copy(path, folder)


def _linked(link: re.Match[str], source: Path) -> str:
    """Return a link; one to a folder leads to the folder's page.

    Raises:
        ValueError: there is no such file.
    """
    if "://" in link[2] or link[2].startswith("mailto:"):
        return link[0]
    path = (source.parent / link[2]).resolve()
    if not path.exists():
        raise ValueError(f"{source.relative_to(ROOT)} links to {link[2]}, which does not exist")
    return f"{link[1]}{link[2].rstrip('/')}/README.md{link[3]}" if path.is_dir() else link[0]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.rstrip("\n") + "\n", encoding="utf-8")


def _index(folder: Path) -> Iterator[str]:
    """Yield the page of a folder of tables: a list of links."""
    yield f"# Tables and figures: {folder.name}\n"
    for page in sorted(folder.rglob("*.md")):
        path = page.relative_to(folder)
        title = re.sub(r"[*#`]", "", page.read_text(encoding="utf-8").split("\n", 1)[0]).strip()
        yield f"- [{path.with_suffix('').as_posix()}]({path.as_posix()}): {title}"


def _commands() -> Iterator[str]:
    """Yield the page of the command line: the help of `bench` and of each of its commands."""
    from click import Context, Group

    from bench.cli.main import commands

    yield "# All commands\n"
    yield "`bench COMMAND --help` prints the same.\n"

    def pages(context: Context) -> Iterator[str]:
        yield f"## {context.command_path}\n\n```text\n{context.command.get_help(context)}\n```\n"
        if isinstance(context.command, Group):
            for name in context.command.list_commands(context):
                found = context.command.get_command(context, name)
                assert found is not None
                yield from pages(Context(found, info_name=name, parent=context))

    yield from pages(Context(commands(), info_name="bench"))


def _python() -> Iterator[str]:
    """Yield the page of the Python modules."""
    yield "# Python\n"
    for title, module in MODULES.items():
        yield f"## {title}\n\n::: {module}\n    options:\n      heading_level: 3\n"


if __name__ == "__main__":
    main()
