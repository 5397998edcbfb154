"""Python modules that define a user's own environments.

Gymnasium imports MODULE when it makes the environment `MODULE:ID`, and the module's code runs. Such an id can come out
of a data file that somebody else wrote. So a module is imported only if the user named it: on the command line
(`bench data import --environment MODULE:ID`, `bench --import MODULE COMMAND`) or in the config
(`environment_modules`).
"""

from __future__ import annotations

import os
import re
import sys
from importlib import import_module
from pathlib import Path

VARIABLE = (
    "BENCH_ENVIRONMENT_MODULES"  # the allowed modules, with commas; child processes inherit it
)
DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


class UntrustedModule(ValueError):
    """An environment needs a module that the user did not name. The message says how to name it."""


def allow(module: str) -> None:
    """Let this process and its children import a module for its environments.

    Raises:
        ValueError: this is not the name of a module.
    """
    if not DOTTED.fullmatch(module):
        raise ValueError(f"{module!r} is not the name of a Python module, such as my_environments")
    os.environ[VARIABLE] = ",".join(dict.fromkeys([*allowed(), module]))


def allow_module_of(environment: str) -> None:
    """Let this process import the module of `MODULE:ID`; do nothing for an id without a module."""
    if module := module_of(environment):
        allow(module)


def allowed() -> list[str]:
    """Return the modules that the user named."""
    return [name for name in os.environ.get(VARIABLE, "").split(",") if name]


def module_of(environment: str) -> str:
    """Return the module of `MODULE:ID`; empty for an id without one."""
    name, colon, _ = environment.partition(" ")[0].rpartition(":")
    return name if colon else ""


def import_modules_for(environment: str) -> None:
    """Import the modules that the user named, among them that of `MODULE:ID`. Modules in the working directory are
    found as well.

    Raises:
        UntrustedModule: the id names a module that the user did not name.
        ModuleNotFoundError: there is no such module.
    """
    own = module_of(environment)
    if own and own not in allowed():
        raise UntrustedModule(
            f"environment {environment!r} needs the Python module {own!r}. An id in a file imports no code. If you "
            f"trust the module, name it: `bench --import {own} COMMAND`, or `environment_modules: [{own}]` in a config"
        )
    if allowed() and (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)  # last, so that no file there replaces an installed package
    for module in allowed():
        try:
            import_module(module)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module}.".startswith(f"{error.name}."):
                raise  # a module that the user's module needs
            raise ModuleNotFoundError(
                f"there is no Python module {module!r}, neither installed nor in {Path.cwd()}"
            ) from error
