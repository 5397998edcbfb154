"""The hyperparameters that the paper prints, by method module and family of tasks."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache

from bench.paper.rows import HERE

SOURCE = "source"


@dataclass(frozen=True)
class Printed:
    """The hyperparameters of a method on a family of tasks, as the paper prints them.

    Attributes:
        source: the table or the page.
        values: option of the method's module -> text; `steps` is the number of updates.
    """

    source: str
    values: dict[str, str]


@cache
def hyperparameters() -> dict[tuple[str, str], Printed]:
    """Return (module, family) -> what the paper prints. Where it states nothing, there is no entry."""
    content = tomllib.loads((HERE / "hyperparameters.toml").read_text(encoding="utf-8"))
    return {
        (module, family): Printed(
            block[SOURCE], {name: text for name, text in block.items() if name != SOURCE}
        )
        for module, families in content.items()
        for family, block in families.items()
    }
