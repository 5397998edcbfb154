"""Download a file of known size and hash. A download resumes where it stopped. The file gets its name only when it
is complete and checked.
"""

from __future__ import annotations

import binascii
import contextlib
import fcntl
import hashlib
import itertools
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.core.files import DamagedFile, DiskFull, DownloadFailed, full_disk, is_web_page

CHUNK = 1 << 14  # bytes; a broken connection loses at most one chunk
TIMEOUT = 30.0  # seconds without a byte
ATTEMPTS = 5  # number of attempts in a row that bring no new byte
MD5 = 32  # hexadecimal digits of an MD5
PAUSE = (
    0.5  # seconds before the next request, times the number of attempts in a row without a new byte
)


class _Refused(Exception):
    """This address does not serve the file. Another address may."""


class _Cut(Exception):
    """The connection ended early. The received bytes are kept."""


@dataclass(frozen=True)
class Announced:
    """What a server announces about a file.

    Attributes:
        size: in bytes.
        md5: the MD5, hexadecimal; None if the server does not announce it.
    """

    size: int
    md5: str | None


def announced(url: str) -> Announced | None:
    """Ask a server for the size and the MD5 of a file. Return None if the server does not have the file.

    Google's storage announces the MD5 in the header `x-goog-hash`.

    Raises:
        DownloadFailed: the server refuses, cannot be reached, or does not announce the size.
    """
    import requests

    try:
        answer = requests.head(
            url, headers={"Accept-Encoding": "identity"}, timeout=TIMEOUT, allow_redirects=True
        )
    except requests.RequestException as error:
        raise DownloadFailed(f"{url}: {_plain(error)}") from error
    if answer.status_code == 404:
        return None
    length = answer.headers.get("Content-Length", "")
    if answer.status_code != 200:
        raise DownloadFailed(f"{url}: the server answered {answer.status_code} {answer.reason}")
    if not (length.isascii() and length.isdigit()):
        raise DownloadFailed(f"{url}: the server does not announce the size of the file")
    hashes = dict(
        part.strip().split("=", 1)
        for part in answer.headers.get("x-goog-hash", "").split(",")
        if "=" in part
    )
    return Announced(int(length), _hexadecimal(hashes.get("md5")))


def fetch(
    urls: Sequence[str],
    path: Path,
    *,
    size: int,
    digest: str | None,
    option: str = "--file",
) -> None:
    """Download a file to `path`, from the first address that serves it.

    Received bytes are kept in `path` + `.part`. After a broken connection, Ctrl-C or a full disk, a range request
    continues from there. `path` appears only when the size and the hash are right. If several processes need the
    file, one downloads it and the others wait.

    Args:
        urls: addresses of the same file, in order of preference.
        path: the destination. A file that another process put there in the meantime is not changed.
        size: in bytes.
        digest: SHA-256 or MD5, hexadecimal; None if it is unknown.
        option: the command-line option for a local copy of the file, for messages.

    Raises:
        DownloadFailed: every address refused (404, a web page, another size), or its connection broke too often.
        DamagedFile: the same, but at least one address served a file of the right size with another hash.
        DiskFull: the file system has no space left. The part is kept.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path.with_name(f"{path.name}.part")) as part:
        if path.exists():
            return
        if part.stat().st_size >= size and _hash(part, digest) != digest:
            os.truncate(part, 0)  # it belongs to another version of the file
        reasons = []
        failure: type[DownloadFailed | DamagedFile] = DownloadFailed
        for url in urls:
            try:
                _from(url, part, size)
            except (_Refused, _Cut) as reason:
                reasons.append(f"{url}: {reason}")
                continue
            if (found := _hash(part, digest)) == digest:
                part.replace(path)
                return
            os.truncate(part, 0)
            failure = DamagedFile
            kind = "MD5" if digest and len(digest) == MD5 else "SHA-256"
            reasons.append(f"{url}: its {size:,} bytes have {kind} {found}, not {digest}")
        there = part.stat().st_size
        kept = f"; {there:,} of {size:,} bytes are kept in {part}" if there else ""
        raise failure(
            f"could not fetch {path.name}{kept}. {'. '.join(reasons)}. Run the same command again to continue; or get "
            f"the file in another way and give it with {option}"
        )


@contextlib.contextmanager
def _alone(part: Path) -> Iterator[Path]:
    """Create `part` if it is missing, and lock it against other processes."""
    while True:
        with part.open("ab") as file:
            _lock(file, part)
            # the previous owner of the lock may have renamed or deleted the file: then lock the new one
            if not part.exists() or not os.path.samestat(os.fstat(file.fileno()), part.stat()):
                continue
            try:
                yield part
            finally:
                if part.exists() and part.stat().st_size == 0:
                    part.unlink()
            return


def _lock(file: Any, part: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"waiting for another process that downloads {part.stem}", file=sys.stderr)
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError:  # on a file system without locks, two processes may disturb each other
        return


def _from(url: str, part: Path, size: int) -> None:
    """Complete `part` from one address. Try again after a broken connection, until ATTEMPTS attempts in a row
    bring no new byte.
    """
    best, vain = part.stat().st_size, 0
    while part.stat().st_size < size:
        cut = _Cut("the answer ended early")
        try:
            _request(url, part, part.stat().st_size, size)
        except _Cut as error:
            cut = error
        there = part.stat().st_size
        if there > size:
            os.truncate(part, 0)
            raise _Refused(f"it sent more than {size:,} bytes")
        best, vain = max(best, there), 0 if there > best else vain + 1
        if vain >= ATTEMPTS:
            raise cut
        if there < size:
            time.sleep(PAUSE * max(vain, 1))


def _request(url: str, part: Path, there: int, size: int) -> None:
    import requests

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
                    f"no space left for {part}: {size - there:,} bytes are missing, but {free:,} are free; "
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
    """Return the position in the file of the first byte of the response, or refuse the response."""
    status, kind = response.status_code, response.headers.get("Content-Type", "")
    if status not in (200, 206):
        raise _Refused(f"the server answered {status} {response.reason}")
    if kind.startswith("text/"):
        raise _Refused(f"the server sent a page ({kind}), not the file")
    start = there if status == 206 else 0
    if status == 206 and not response.headers.get("Content-Range", "").startswith(
        f"bytes {there}-"
    ):
        raise _Refused("the server did not send the requested range")
    length = response.headers.get("Content-Length", str(size - start))
    if not (length.isascii() and length.isdigit()):
        raise _Refused(f"the server announced {length!r} bytes")
    if start + int(length) != size:
        raise _Refused(f"the file there has {start + int(length):,} bytes, not {size:,}")
    return start


def _receive(response: Any, part: Path, start: int, size: int) -> None:
    from tqdm import tqdm

    chunks = response.iter_content(CHUNK)
    if not (first := next(chunks, b"")):
        return  # an empty response must not empty the part
    if start == 0 and is_web_page(first):
        raise _Refused("the server sent a web page, not the file")
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
        for chunk in itertools.chain([first], chunks):
            file.write(chunk)
            bar.update(len(chunk))
            if file.tell() > size:
                break


def _hash(path: Path, like: str | None) -> str | None:
    """Return the digest of a file, by the same algorithm as `like`; None if `like` is None."""
    if like is None:
        return None
    with path.open("rb") as file:
        kind = "md5" if len(like) == MD5 else "sha256"
        return hashlib.file_digest(file, kind).hexdigest()


def _hexadecimal(base64: str | None) -> str | None:
    """Return a base64 MD5 in hexadecimal; None if it is not an MD5."""
    try:
        md5 = binascii.a2b_base64(base64 or "", strict_mode=True).hex()
    except binascii.Error:
        return None
    return md5 if len(md5) == MD5 else None


def _plain(error: Exception) -> str:
    cause = getattr(error.args[0] if error.args else None, "reason", None)  # urllib3's error
    reason = str(error) if cause is None else str(cause).split(": ", 1)[-1]
    return reason if len(reason) <= 200 else f"{reason[:200]}..."
