"""A method that is another method on changed data: its training and the file of its policy.

The inner method trains and saves as it does by itself. The outer one sees each policy first, so that
snapshots and the last policy are those of the outer method.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from bench.core.files import DamagedFile
from bench.methods.context import Context
from bench.methods.contract import Policy
from bench.methods.policy_file import read_tensors, write_tensors


class _Wrapping:
    """A context whose snapshots are of the outer method's policies; otherwise it is the given context."""

    def __init__(self, context: Context, wrap: Callable[[Any], Policy]) -> None:
        self._context, self._wrap = context, wrap

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def snapshot(self, step: int, policy: Policy) -> None:
        self._context.snapshot(step, self._wrap(policy))


def wrapping(context: Context, wrap: Callable[[Any], Policy]) -> Context:
    """Return a context for the inner method.

    Args:
        context: of the run.
        wrap: returns the outer method's policy of an inner one.
    """
    return cast(Context, _Wrapping(context, wrap))


def save_wrapped(policy: Policy, path: Path, *, inner: str, method: str, **about: Any) -> None:
    """Write the policy of an inner method as a policy of the outer one.

    Args:
        policy: the inner method's.
        path: the file.
        inner: the method that the inner policy's own file names.
        method: the outer method.
        about: more values of JSON types.
    """
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "inner.safetensors"
        policy.save(own)
        tensors, known = read_tensors(own, method=inner)
    kept = {key: value for key, value in known.items() if key != "method"}
    write_tensors(path, tensors, method=method, inner=kept, **about)


def load_wrapped(
    path: Path, device: str, *, inner: str, method: str, load: Callable[[Path, str], Any]
) -> tuple[Any, dict[str, Any]]:
    """Return the inner policy of a file that `save_wrapped` wrote, and the values about the outer one.

    Args:
        path: the file.
        device: a torch device.
        inner: the inner method.
        method: the outer method.
        load: of the inner method.

    Raises:
        DamagedFile: the file is damaged or another method's.
    """
    tensors, about = read_tensors(path, method=method)
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "inner.safetensors"
        write_tensors(own, tensors, method=inner, **about.get("inner", {}))
        try:
            return load(own, device), about
        except DamagedFile as error:
            raise DamagedFile(str(error).replace(str(own), str(path))) from error
