"""Which diagnostics there are. Each is a module of this package and a block of `diagnostics.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


class BadDiagnostic(ValueError):
    """The block of a diagnostic cannot be used. The message names the file, the block and what to do."""


@dataclass(frozen=True)
class Diagnostic:
    """What is measured of a trained policy besides its return.

    Attributes:
        name: of its module, and of its record.
        needs: the method that a policy must have.
        measures: what it measures.
    """

    name: str
    needs: str
    measures: str

    @property
    def record(self) -> str:
        """Return the file name of its record."""
        return f"{self.name}.json"

    @property
    def module(self) -> str:
        """Return its module."""
        return f"bench.runs.diagnostics.{self.name}"

    @property
    def file(self) -> Path:
        """Return the file of its module, relative to the repository."""
        return Path("bench", "runs", "diagnostics", f"{self.name}.py")


def read_diagnostics(path: Path = HERE / "diagnostics.toml") -> dict[str, Diagnostic]:
    """Return name -> diagnostic.

    Raises:
        BadDiagnostic: a block has other entries than these, or has no module.
    """
    found = {}
    for name, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
        if set(entry) != {"needs", "measures"}:
            raise BadDiagnostic(
                f"{path}: {name} has the entries {', '.join(entry)}; it needs `needs` and `measures`"
            )
        if not (path.parent / f"{name}.py").is_file():
            raise BadDiagnostic(f"{path}: {name} has no module {name}.py beside it")
        found[name] = Diagnostic(name, **entry)
    return found


DIAGNOSTICS = read_diagnostics()
