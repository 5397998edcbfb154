"""The table of scores on disk: written with a digest, and checked when it is read."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from pyarrow import ArrowException, Table
from pyarrow.parquet import read_table, write_table

from bench.core.files import DamagedFile, replacing
from bench.tasks.registry import family_of_environment

DIGEST = b"digest"


class Incomparable(ValueError):
    """Records that must not stand in one table. The message gives the records and the reason."""


def check_comparable(frame: pd.DataFrame) -> None:
    """Refuse scores that must not be compared.

    Rows are checked against the other rows of the same kind: for the simulator those of the same family of
    tasks, for the protocol those of the same environment. A config may set another number of evaluation
    episodes for each environment.

    Raises:
        Incomparable: such rows come from different simulator versions or protocols.
    """
    if frame.empty:
        return
    with_family = frame.assign(
        family=frame["environment"].map(lambda name: family_of_environment(name).name)
    )
    for column, place in (("simulator", "family"), ("protocol", "environment")):
        for _, rows in with_family.groupby(["kind", place]):
            different = sorted(rows[column].unique())
            if len(different) > 1:
                raise Incomparable(
                    f"records of different {column}s cannot stand in one table: "
                    f"{'; '.join(different)}. Evaluate the older runs again "
                    "(snakemake --forcerun evaluate sweep diagnose)"
                )


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write scores as Parquet, with a digest of their content; the write is atomic."""
    table = Table.from_pandas(frame, preserve_index=False)
    about = dict(table.schema.metadata or {}) | {DIGEST: _digest(frame)}
    with replacing(path) as temporary:
        write_table(table.replace_schema_metadata(about), temporary)


def read(path: Path) -> pd.DataFrame:
    """Read scores that `write` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: the file is not Parquet, or its content was changed after it was written.
    """
    try:
        table = read_table(path)
        frame: pd.DataFrame = table.to_pandas()
        intact = (table.schema.metadata or {}).get(DIGEST) == _digest(frame)
    except FileNotFoundError:
        raise FileNotFoundError(
            f"there are no scores at {path}; `bench scores`, or Snakemake, collects them from records"
        ) from None
    except (ArrowException, OSError, ValueError, TypeError, KeyError) as error:
        raise DamagedFile(
            f"scores {path} are damaged ({error}); delete the file and run again"
        ) from error
    if not intact:
        raise DamagedFile(
            f"scores {path} are damaged (digest differs); delete the file and run again"
        )
    return frame


def _digest(frame: pd.DataFrame) -> bytes:
    return hashlib.sha256(frame.to_csv(index=False).encode()).hexdigest().encode()


def final(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that are scores: last checkpoint, declared target return."""
    return frame[frame["final"]]


CELL = ("task", "reward", "data_percent", "method")


def seed_count(*frames: pd.DataFrame) -> str:
    """Return how many seeds a method has in a cell, as text: `3 seeds`, or `3 to 6 seeds` if they differ.

    Args:
        frames: rows of runs, of each suite on its own.
    """
    counts = [
        int(count)
        for frame in frames
        for count in frame.groupby([name for name in CELL if name in frame])["seed"].nunique()
    ]
    fewest, most = min(counts, default=0), max(counts, default=0)
    if fewest < most:
        return f"{fewest} to {most} seeds"
    return f"{most} seed{'s' * (most != 1)}"


def distinct_runs(groups: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return the run scores of data sets with each run once, so that the mean over the groups is the same.

    An untrained policy, such as uniform actions, plays the same episodes on every data set of an environment. Equal
    groups are then the same runs. They become one group, whose scores have the weight of all of them.
    """
    return distinct_together(groups)[0]


def distinct_together(*samples: Sequence[Sequence[float]]) -> tuple[list[list[float]], ...]:
    """Return several samples of run scores of the same data sets as `distinct_runs` does. Data sets become one group if
    they have equal runs in every sample.
    """
    keys = [tuple(map(tuple, groups)) for groups in zip(*samples, strict=True)]
    counts = Counter(keys)
    weight = len(counts) / len(keys)
    return tuple(
        [[count * weight * score for score in key[sample]] for key, count in counts.items()]
        for sample in range(len(samples))
    )
