"""`bench new-baseline` and `bench completion`."""

from __future__ import annotations

import keyword
import sys
from pathlib import Path

import click

from bench.cli.parser import COMPLETION, Arguments, Verb
from bench.cli.values import OneOf
from bench.core.files import write_text

SECTION = "Set up"
TEMPLATE = Path("baselines", "_template.py")
SHELLS = {
    "bash": 'eval "$(bench completion bash)"  # in ~/.bashrc',
    "zsh": 'eval "$(bench completion zsh)"  # in ~/.zshrc, after compinit',
    "fish": "bench completion fish | source  # in ~/.config/fish/config.fish",
}


@click.command(
    "new-baseline",
    cls=Verb,
    section=SECTION,
    does="begin a method of your own: copy the template to baselines/NAME.py",
    examples=("bench new-baseline mine",),
)
@click.argument("name", metavar="NAME")
def _new_baseline(arguments: Arguments) -> None:
    from bench.core.code import OWN

    name: str = arguments.name
    if not TEMPLATE.is_file():
        raise FileNotFoundError(
            f"there is no {TEMPLATE} here; run this command in the folder of a checkout of this repository"
        )
    if not (name.isidentifier() and name.isascii()) or keyword.iskeyword(name) or name[0] == "_":
        raise ValueError(
            f"{name!r} cannot be the name of a method: it is the name of a Python module, so it has letters, digits "
            "and _, and begins with a letter"
        )
    path = TEMPLATE.with_name(f"{name}.py")
    known = {one.stem.lower() for one in TEMPLATE.parent.glob("*.py")} | {*OWN}
    if name.lower() in known or path.exists():
        raise ValueError(f"{name} exists already; choose another name")
    text = TEMPLATE.read_text(encoding="utf-8")
    text = text.replace("`baselines/mine.py`", f"`{path}`").replace(
        "method `mine`", f"method `{name}`"
    )
    write_text(path, text)
    print(path)
    print("It is a copy of the template: change Config, train and Policy. Then:", file=sys.stderr)
    for line in (
        f"python -m pytest tests/test_contract.py -k {name}",
        "bench run all_mujoco --cores 2 --configfile config/smoke.yaml",
        "bench run all_mujoco --cores 2",
    ):
        print(f"  {line}", file=sys.stderr)


@click.command(
    "completion",
    cls=Verb,
    section=SECTION,
    does="print the script that lets a shell complete commands, options and files",
    examples=tuple(SHELLS.values()),
)
@click.argument("shell", type=OneOf(list(SHELLS)))
def _completion(arguments: Arguments) -> None:
    from click.shell_completion import get_completion_class

    kind = get_completion_class(arguments.shell)
    assert kind is not None  # click has one for each of these shells
    program = click.get_current_context().find_root().command
    print(kind(program, {}, "bench", COMPLETION).source())


COMMANDS = (_new_baseline, _completion)
