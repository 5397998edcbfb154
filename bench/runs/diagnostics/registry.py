"""The list of diagnostics. Each is a module of this package and a block of `diagnostics.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
TAKEN = ("result", "sweep", "run", "training")  # the other JSON files of a run


class BadDiagnostic(ValueError):
    """A block of `diagnostics.toml` cannot be used. The message names the file, the block and the fix."""


@dataclass(frozen=True)
class Diagnostic:
    """A measurement of a trained policy other than its return.

    Attributes:
        name: of its module and of its record.
        needs: the Python method that a policy must have.
        measures: what is measured, in words.
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
        """Return the name of its module."""
        return f"bench.runs.diagnostics.{self.name}"

    @property
    def file(self) -> Path:
        """Return the path of its module, relative to the repository."""
        return Path("bench", "runs", "diagnostics", f"{self.name}.py")


def read_diagnostics(path: Path = HERE / "diagnostics.toml") -> dict[str, Diagnostic]:
    """Return name -> diagnostic.

    Raises:
        BadDiagnostic: the file is not TOML, or a block has missing, unknown or wrong entries, no
            module, or the name of another file of a run.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadDiagnostic(f"{path}: not a TOML file: {error}") from error
    found = {}
    for name, entry in content.items():
        if not isinstance(entry, dict):
            raise BadDiagnostic(f"{path}: {name} is {entry!r}; a diagnostic is a block [{name}]")
        if set(entry) != {"needs", "measures"}:
            raise BadDiagnostic(
                f"{path}: {name} must have the entries `needs` and `measures`, and no others; it has "
                f"{', '.join(entry) or 'none'}"
            )
        for key, value in entry.items():
            if not isinstance(value, str):
                raise BadDiagnostic(f"{path}: {name}.{key} is {value!r}, expected a text")
        if name in TAKEN:
            raise BadDiagnostic(
                f"{path}: {name}.json is another file of a run; give the diagnostic another name"
            )
        if not (path.parent / f"{name}.py").is_file():
            raise BadDiagnostic(f"{path}: {name} has no module; add {name}.py to the same folder")
        found[name] = Diagnostic(name, **entry)
    return found


DIAGNOSTICS = read_diagnostics()
