"""The files that all pages of a site share: style sheet, script, and Vega's scripts, which need no network."""

from __future__ import annotations

from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from bench.core.files import write_text

FOLDER = "assets"
OWN = ("site.css", "site.js")
VEGA = "vega.js"
SNIPPET = "window.vegaEmbed = vegaEmbed;"


def write(site: Path) -> None:
    """Write the shared files of a site.

    Args:
        site: the folder of the pages.
    """
    static = files("bench.report.site") / "static"
    for name in OWN:
        write_text(site / FOLDER / name, (static / name).read_text(encoding="utf-8"))
    path = site / FOLDER / VEGA
    if not (path.is_file() and path.read_text(encoding="utf-8").startswith(heading())):
        write_text(path, vega())


def heading() -> str:
    """Return the first line of the script, which names its version."""
    return f"// Vega, Vega-Lite and Vega-Embed, from vl-convert {version('vl-convert-python')}\n"


def vega() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script, which sets `window.vegaEmbed`."""
    import vl_convert

    # the bundle has names of one letter at its top level; the function keeps them to itself
    return f"{heading()}(function () {{\n{vl_convert.javascript_bundle(SNIPPET)}\n}})();\n"
