"""Link the current code to older code if every method and kind of data was reproduced byte for byte."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bench.runs import links
from bench.runs.code import Fingerprint
from bench.runs.coverage import Key, key_of, needed
from bench.runs.plan import Plan
from bench.runs.reproduce import NotReproduced, Record, Reproduction


def link(
    reproduced: Iterable[tuple[Record, Reproduction]], plan: Plan, path: Path | None = None
) -> int:
    """Link the current code to the code that made these records.

    Args:
        reproduced: records, and what came of running their runs again.
        plan: whose methods and kinds of data must all be among them.
        path: the list of links; None: that of the repository.

    Returns:
        How many links are new.

    Raises:
        NotReproduced: a record was not reproduced byte for byte, or one is missing.
        ValueError: the records were made by more than one version of the code. Where the current code made
            some of them, for instance because they were missing, the older code was not compared.
    """
    done: set[Key] = set()
    pairs: list[tuple[Fingerprint, Fingerprint]] = []
    for record, reproduction in reproduced:
        if reproduction.outcome != "equal" or reproduction.again is None:
            raise NotReproduced(
                f"nothing is linked: {record.name} was not reproduced byte for byte: {reproduction.text}"
            )
        done.add(key_of(record.identity, record.file))
        then, now = record.content["hashes"], reproduction.again["hashes"]
        pairs += [(then[key], now[key]) for key in ("code", "evaluation_code")]
    missing = [str(path) for key, path in needed(plan).items() if key not in done]
    if missing:
        raise NotReproduced(
            f"nothing is linked: {len(missing)} records that stand for a method and kind of data were not "
            f"reproduced; the first is {missing[0]}; `make link` reproduces all of them"
        )
    return links.add(pairs, path)
