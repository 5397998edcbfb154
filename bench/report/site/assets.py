"""The files that all pages of a site share: style sheet, script, and Vega's scripts, which need no network."""

from __future__ import annotations

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
    write_text(site / FOLDER / VEGA, vega())


def vega() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script, which sets `window.vegaEmbed`."""
    import vl_convert

    # the bundle has names of one letter at its top level; the function keeps them to itself
    return f"(function () {{\n{vl_convert.javascript_bundle(SNIPPET)}\n}})();\n"
