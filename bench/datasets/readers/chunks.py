"""Look at how large the compressed chunks of an HDF5 array become, before the HDF5 library inflates them.

The shape of an array and of its chunks says how many bytes a chunk must have. The library does not compare: it
inflates all that a chunk holds, and takes memory for it. So each chunk is inflated here first, piece by piece, and
only up to the size that it must have.
"""

from __future__ import annotations

import math
import zlib
from pathlib import Path
from typing import Any

from bench.datasets.readers.checks import WrongData

DEFLATE, SHUFFLE, FLETCHER32, LZF = 1, 2, 3, 32000  # HDF5's numbers of filters
COMPRESSION = (DEFLATE, LZF)
CHECKSUM = 4  # bytes that FLETCHER32 adds to a chunk
LARGER = 1 << 24  # bytes of a chunk that may be larger than its array
PIECE = 1 << 16  # bytes that are inflated, or come out, together


def refuse_bombs(path: Path, key: str, item: Any) -> None:
    """Refuse an array whose chunks are larger than their shape says, before one is inflated in memory.

    Args:
        path: the file.
        key: the name of the array.
        item: the array, as h5py opens it.

    Raises:
        WrongData: a chunk holds more than its shape says, the chunks are far larger than the array, or the array is
            compressed with another filter than gzip or lzf.
    """
    if item.chunks is None or not item.size:
        return
    size = _chunk_size(item)
    if size > max(item.size * item.id.get_type().get_size(), LARGER):
        raise WrongData(
            f"{path}: {key} has shape {item.shape} in chunks of shape {item.chunks}, which are larger than the array; "
            "write it again with smaller chunks"
        )
    filters = _filters(path, key, item)
    chunks: list[Any] = []
    if filters:
        item.id.chunk_iter(chunks.append)
    for chunk in chunks:
        used = [each for place, each in enumerate(filters) if not chunk.filter_mask >> place & 1]
        compression = next((each for each in used if each in COMPRESSION), None)
        most = size + CHECKSUM * (FLETCHER32 in used)
        if compression is None:
            wrong = chunk.size != most
        else:
            # a chunk that compression cannot make smaller grows by less than 1 / 16
            wrong = chunk.size > most + most // 16 + 64
            if not wrong:
                content = item.id.read_direct_chunk(chunk.chunk_offset)[1]
                content = content[: len(content) - CHECKSUM * (FLETCHER32 in used)]
                wrong = _holds_more(content, size, compression)
        if wrong:
            raise WrongData(
                f"{path}: {key} has a chunk that is larger than its shape {item.chunks} {item.dtype} says; write the "
                "array again"
            )


def _chunk_size(item: Any) -> int:
    return int(math.prod(item.chunks) * item.id.get_type().get_size())


def _filters(path: Path, key: str, item: Any) -> list[int]:
    """Return the filters of an array, in the order in which they were applied.

    Raises:
        WrongData: there are others than shuffle, gzip or lzf, and a checksum, in this order.
    """
    settings = item.id.get_create_plist()
    found = [settings.get_filter(place) for place in range(settings.get_nfilters())]
    numbers = [each[0] for each in found]
    order = [SHUFFLE, DEFLATE, LZF, FLETCHER32]
    known = all(each in order for each in numbers)
    if (
        not known
        or numbers != sorted(set(numbers), key=order.index)
        or set(COMPRESSION) <= set(numbers)
    ):
        names = ", ".join(each[3].decode("ascii", "replace") or str(each[0]) for each in found)
        raise WrongData(
            f"{path}: {key} has the filters {names}, which are not read; write it with compression='gzip', or without"
        )
    # the third setting of lzf is the memory that its filter takes
    if any(each[0] == LZF and max(each[2][2:3], default=0) > _chunk_size(item) for each in found):
        raise WrongData(
            f"{path}: {key} claims chunks that are larger than their shape {item.chunks}; write the array again"
        )
    return numbers


def _holds_more(content: bytes, size: int, compression: int) -> bool:
    """Return whether compressed bytes inflate to more than `size` bytes."""
    if compression == LZF:
        return _lzf_size(content) > size
    inflating, total = zlib.decompressobj(), 0
    for start in range(0, len(content), PIECE):
        rest = content[start : start + PIECE]
        while rest and not inflating.eof:
            total += len(inflating.decompress(rest, PIECE))
            rest = inflating.unconsumed_tail
            if total > size:
                return True
    return False


def _lzf_size(content: bytes) -> int:
    """Return the size of lzf's bytes when they are inflated. A damaged end does not count."""
    place, total = 0, 0
    while place < len(content):
        control = content[place]
        if control < 32:  # as many bytes as they are, and one more
            total += control + 1
            place += control + 2
            continue
        length = control >> 5  # a copy of earlier bytes
        if length == 7 and place + 1 < len(content):
            length += content[place + 1]
            place += 1
        total += length + 2
        place += 2
    return total
