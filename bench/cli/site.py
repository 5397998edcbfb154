"""`bench report`: the report of a scale as a site of static pages."""

from __future__ import annotations

from pathlib import Path

import click

from bench.cli.parser import Arguments, Verb, many
from bench.cli.values import PATH
from bench.core.printable import printable


@click.command(
    "report",
    cls=Verb,
    section="Tables and figures",
    does="make the report of a scale: pages for a browser, which need no network",
    examples=(
        "bench report",
        "bench report --config config/desk.yaml",
        "bench report --packed quick --out site",
    ),
)
@many(
    "--config",
    help="files such as config/desk.yaml, each laid over the one before, or the merged config as JSON; default: "
    "config/config.yaml",
)
@click.option(
    "--packed",
    metavar="SCALE",
    help="show the packed records of this scale and its kept tables, reports/reference/SCALE; --out is then needed",
)
@click.option("--results", type=PATH, default=Path("results"), help="default: results")
@click.option("--reports", type=PATH, default=Path("reports"), help="default: reports")
@click.option("--data", type=PATH, default=Path("data"), help="default: data")
@click.option("--out", type=PATH, help="folder for index.html; default: reports/SCALE of --reports")
def _report(arguments: Arguments) -> None:
    from bench.cli.configs import DEFAULT, read_config
    from bench.core.code import ROOT
    from bench.report.site import build, inputs
    from bench.runs import archive

    if arguments.packed is None:
        config = read_config(arguments.config or [DEFAULT])
        found = inputs.of_working_folder(
            config, arguments.results, arguments.reports, arguments.data
        )
        built = build.build(found, arguments.out or found.reports)
    else:
        if arguments.packed not in archive.scales():
            raise FileNotFoundError(
                f"--packed {arguments.packed}: no packed records of this scale; there are: "
                f"{', '.join(archive.scales()) or 'none'}"
            )
        config = read_config(arguments.config or _config_of(arguments.packed, ROOT / DEFAULT))
        if config["name"] != arguments.packed:
            raise ValueError(
                f"--packed {arguments.packed}: the config has the name {config['name']!r}; give --config the files "
                "of the scale, or leave it out"
            )
        if arguments.out is None:
            raise ValueError(
                "--packed needs --out, the folder of the pages, such as --out /tmp/site"
            )
        with inputs.of_packed_records(config) as packed:
            built = build.build(packed, arguments.out)
    for note in built.notes:
        print(printable(f"note: {note}"))
    print(f"report: {built.index} ({built.pages} pages)")


def _config_of(scale: str, default: Path) -> list[Path]:
    """Return the file of a scale's config. That of the default scale has another name."""
    own = default.with_name(f"{scale}.yaml")
    return [own] if own.is_file() else [default]


COMMANDS = (_report,)
