"""The table of scores on disk: written with a digest, read back intact, and checked to be comparable."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
from pyarrow import ArrowException, Table
from pyarrow.parquet import read_table, write_table

from bench.core.files import DamagedFile, replacing
from bench.tasks.registry import family_of_environment

DIGEST = b"digest"


class Incomparable(ValueError):
    """Records that must not stand in one table. The message says which and why."""


def check_comparable(frame: pd.DataFrame) -> None:
    """Refuse scores that must not be compared.

    Compared are rows of one kind and of one family of tasks. A config may evaluate each family with a
    number of episodes of its own.

    Raises:
        Incomparable: they come from different simulator versions or protocols.
    """
    if frame.empty:
        return
    alike = frame.assign(
        family=frame["environment"].map(lambda name: family_of_environment(name).name)
    ).groupby(["kind", "family"])
    for column in ("simulator", "protocol"):
        for _, rows in alike:
            different = sorted(rows[column].unique())
            if len(different) > 1:
                raise Incomparable(
                    f"records of different {column}s cannot stand in one table: "
                    f"{'; '.join(different)}. Run the older ones again "
                    "(snakemake --forcerun evaluate sweep diagnose)"
                )


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write scores as parquet with a digest of their content, atomically."""
    table = Table.from_pandas(frame, preserve_index=False)
    about = dict(table.schema.metadata or {}) | {DIGEST: _digest(frame)}
    with replacing(path) as temporary:
        write_table(table.replace_schema_metadata(about), temporary)


def read(path: Path) -> pd.DataFrame:
    """Read scores that `write` wrote.

    Raises:
        DamagedFile: the file is not parquet, or its content is not what was written.
    """
    try:
        table = read_table(path)
        frame: pd.DataFrame = table.to_pandas()
        intact = (table.schema.metadata or {}).get(DIGEST) == _digest(frame)
    except (ArrowException, OSError, ValueError, TypeError, KeyError) as error:
        raise DamagedFile(f"scores {path} are damaged ({error}); delete and run again") from error
    if not intact:
        raise DamagedFile(f"scores {path} are damaged (digest differs); delete and run again")
    return frame


def _digest(frame: pd.DataFrame) -> bytes:
    return hashlib.sha256(frame.to_csv(index=False).encode()).hexdigest().encode()


def final(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that count as scores: last checkpoint, declared target."""
    return frame[frame["final"]]
