"""Fetch a file of known size and SHA-256: resumed by range, checked, and renamed only when whole."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.files import DamagedFile, DiskFull, DownloadFailed, full_disk, sha256

CHUNK = 1 << 20
TIMEOUT = 30.0  # seconds without a byte
ATTEMPTS = 5  # in a row, without a byte more


class _Refused(Exception):
    """This address does not serve the file; another one may."""


class _Cut(Exception):
    """The connection ended early; what came is kept."""


def fetch(urls: Sequence[str], path: Path, *, size: int, digest: str) -> None:
    """Download a file to `path`, from the first address that serves it.

    What has arrived lies in `path` + `.part` and is gone on with, by a range request, after a cut
    connection, Ctrl-C or a full disk. `path` appears only when size and SHA-256 are right.

    Args:
        urls: addresses of the same bytes, in order of preference.
        path: where to.
        size: bytes.
        digest: SHA-256, hexadecimal.

    Raises:
        DownloadFailed: every address refused (404, a web page, another size) or was cut.
        DamagedFile: the bytes are not those of the digest.
        DiskFull: no space; the part is kept.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    reasons = []
    for url in urls:
        try:
            _from(url, part, size)
            break
        except (_Refused, _Cut) as reason:
            reasons.append(f"{url}: {reason}")
    else:
        there = part.stat().st_size if part.exists() else 0
        kept = f"; {there:,} of {size:,} bytes are kept in {part}" if there else ""
        raise DownloadFailed(
            f"could not fetch {path.name}{kept}. {'. '.join(reasons)}. The same command goes on from here; or get the "
            "file some other way and give it with --file"
        )
    if sha256(part) != digest:
        part.unlink()
        raise DamagedFile(
            f"{path.name}: the {size:,} bytes downloaded do not have SHA-256 {digest}; they were deleted. The file "
            "was replaced at its source, or damaged on the way: fetch it again, or give a copy with --file"
        )
    part.replace(path)


def _from(url: str, part: Path, size: int) -> None:
    """Complete `part` from one address, trying again after each cut that still brought something."""
    attempts = 0
    while (there := part.stat().st_size if part.exists() else 0) < size:
        try:
            _request(url, part, there, size)
        except _Cut:
            attempts = attempts + 1 if part.stat().st_size == there else 0
            if attempts >= ATTEMPTS:
                raise
    if part.stat().st_size > size:
        part.unlink()
        raise _Refused(f"it sent more than {size:,} bytes")


def _request(url: str, part: Path, there: int, size: int) -> None:
    import requests

    part.touch()
    try:
        with requests.get(
            url,
            headers={"Range": f"bytes={there}-", "Accept-Encoding": "identity"},
            stream=True,
            timeout=TIMEOUT,
        ) as response:
            there = _accept(response, there, size)
            if (free := shutil.disk_usage(part.parent).free) < size - there:
                raise DiskFull(
                    28,
                    f"no space left for {part}: {size - there:,} bytes are to come, {free:,} are free; "
                    "free some space and start again",
                )
            _receive(response, part, there, size)
    except requests.RequestException as error:
        raise _Cut(_plain(error)) from error
    except OSError as error:
        if not full_disk(error) or isinstance(error, DiskFull):
            raise
        raise DiskFull(
            28, f"no space left while downloading {part}; free some space and start again"
        ) from error


def _accept(response: Any, there: int, size: int) -> int:
    """Return from which byte on the response counts, or refuse it."""
    status, kind = response.status_code, response.headers.get("Content-Type", "")
    if status not in (200, 206):
        raise _Refused(f"the server answered {status} {response.reason}")
    if kind.startswith("text/"):
        raise _Refused(f"the server sent a page ({kind}), not the file")
    start = there if status == 206 else 0
    if status == 206 and not response.headers.get("Content-Range", "").startswith(
        f"bytes {there}-"
    ):
        raise _Refused("the server sent another range than the one asked for")
    length = response.headers.get("Content-Length")
    if length is not None and start + int(length) != size:
        raise _Refused(f"the file there has {start + int(length):,} bytes, not {size:,}")
    return start


def _receive(response: Any, part: Path, start: int, size: int) -> None:
    from tqdm import tqdm

    with (
        part.open("r+b") as file,
        tqdm(
            total=size,
            initial=start,
            unit="B",
            unit_scale=True,
            desc=part.stem,
            disable=not sys.stderr.isatty(),
        ) as bar,
    ):
        file.seek(start)
        file.truncate()
        for chunk in response.iter_content(CHUNK):
            file.write(chunk)
            bar.update(len(chunk))
            if file.tell() > size:
                break


def _plain(error: Exception) -> str:
    cause = getattr(error.args[0] if error.args else None, "reason", None)  # urllib3's, inside
    reason = str(error) if cause is None else str(cause).split(": ", 1)[-1]
    return reason if len(reason) <= 200 else f"{reason[:200]}..."
