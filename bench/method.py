"""The contract of a method, and the loader that finds methods by name.

A method is a module: `dt/method.py`, or any file in `baselines/`. It has four things:

- `class Config`: a frozen dataclass; every hyperparameter, typed, with a default. It may have a
  method `on(device)` that returns the Config as it is to be used and recorded there.
- `def train(data, config, context) -> Policy`: learns from whole episodes; sees no environment.
- `def load(path, device) -> Policy`: reads what `Policy.save` wrote.
- `class Policy`: acts; see `Policy` below.
"""

from __future__ import annotations

import dataclasses
import importlib
import traceback
import types
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bench.code import method_file
from bench.context import Context, Diverged
from bench.datasets.trajectories import F32, I64, Array, Trajectories
from bench.files import DamagedFile
from bench.machine import importing


class BadMethod(Exception):
    """A method cannot be used. The message names it, says why, and what to do."""


class Policy(Protocol):
    """Acts in many episodes at once. Return-to-go bookkeeping and the context window live in
    here.

    A policy whose decisions are costly may have a method `finish(envs: I64) -> None` as well: the
    episodes of these lanes are over, their actions are not used any more and may be anything finite.
    """

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start len(seeds) episodes at the same time, and forget earlier ones.

        Args:
            seeds: (L,), one a lane; a policy that draws at random draws from these, so that what
                happens in an episode does not depend on its neighbours.
            targets: (L,), the raw return asked for; a method that is not conditioned on returns
                ignores it.
        """

    def act(self, observations: Array, rewards: F32) -> Array:
        """Return actions (L, act) for observations (L, *obs), or whole numbers (L,) where actions
        are discrete.

        Args:
            observations: what the environments show now; uint8 where the data's are.
            rewards: (L,), the reward of each lane's previous action, raw; 0 at the first step. In
                the sparse variant 0 throughout.
        """

    def save(self, path: Path) -> None:
        """Write the policy to one file, without pickle."""


@dataclasses.dataclass(frozen=True)
class Method:
    """A loaded method module."""

    name: str
    config: type[Any]
    train: Callable[[Trajectories, Any, Context], Policy]
    load: Callable[[Path, str], Policy]

    def configure(self, options: dict[str, Any]) -> Any:
        """Return the method's Config with these options set.

        Raises:
            BadMethod: an option is unknown or has the wrong type.
        """
        hints = typing.get_type_hints(self.config)
        for key, value in options.items():
            if key not in hints:
                raise BadMethod(
                    f"method {self.name} has no option {key!r}; known: {', '.join(hints) or 'none'}"
                )
            if not _fits(value, hints[key]):
                raise BadMethod(
                    f"method {self.name}: option {key} is {value!r}, expected {_spell(hints[key])}"
                )
        typed = {key: _convert(value, hints[key]) for key, value in options.items()}
        try:
            return self.config(**typed)
        except (ValueError, TypeError) as error:
            raise BadMethod(f"method {self.name}: {error}") from error


def load_method(name: str) -> Method:
    """Import a method by the name of its module: `dt`, `dt_atari`, `dt_graph`, or a file in `baselines/`.

    Raises:
        BadMethod: there is no such module, its import fails, or it does not keep the contract.
    """
    where = str(method_file(name))
    module_name = where.removesuffix(".py").replace("/", ".")
    try:
        with importing():
            module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name == module_name:
            raise BadMethod(f"unknown method {name!r}: there is no {where}") from error
        raise BadMethod(f"method {name}: {where} cannot be imported: {error}") from error
    except Exception as error:
        raise BadMethod(
            f"method {name}: {where} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    for attribute in ("Config", "train", "load"):
        if not hasattr(module, attribute):
            raise BadMethod(
                f"method {name}: {where} has no {attribute}; baselines/_template.py shows what a method needs"
            )
    config: Any = module.Config
    if not (isinstance(config, type) and dataclasses.is_dataclass(config)):
        raise BadMethod(f"method {name}: Config in {where} is not a dataclass")
    return Method(name=name, config=config, train=module.train, load=module.load)


@contextmanager
def blaming(method: str) -> Iterator[None]:
    """Say of an error in a method's own code which method it was, and where.

    Raises:
        BadMethod: in place of any error that is not one of this suite's own outcomes.
    """
    try:
        yield
    except (BadMethod, DamagedFile, Diverged, OSError):
        raise
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [
            f for f in frames if {"baselines", "dt"} & {*Path(f.filename).parts[-3:-1]}
        ] or frames
        folders = Path(own[-1].filename).parts[-3:-1]  # dt has rooms
        place = "/".join(folders if folders[:1] == ("dt",) else folders[-1:])
        place = f"{place}/{Path(own[-1].filename).name}:{own[-1].lineno}"
        raise BadMethod(f"method {method}: {place}: {type(error).__name__}: {error}") from error


def check_actions(
    actions: Any, expected: tuple[int, ...], method: str, choices: int | None = None
) -> Array:
    """Return what a policy's `act` gave, if an environment can take it: as float32, or as int64
    where actions are discrete.

    Args:
        actions: what it gave.
        expected: the shape it must have.
        method: for the message.
        choices: how many discrete actions there are; None: they are vectors.

    Raises:
        BadMethod: it has the wrong shape, holds a value that is not finite, or is none of the
            choices.
    """
    array = np.asarray(actions)
    if array.shape != expected:
        raise BadMethod(
            f"method {method}: act returned shape {array.shape}, expected {expected} (lanes, action size)"
        )
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise BadMethod(f"method {method}: act returned a value that is not a finite number")
    if choices is None:
        return array.astype(np.float32)
    if array.dtype.kind == "f" or array.min() < 0 or array.max() >= choices:
        raise BadMethod(
            f"method {method}: act returned {array.dtype} {array.min():g} to {array.max():g}, "
            f"expected whole numbers 0 to {choices - 1}"
        )
    return array.astype(np.int64)


def _alternatives(hint: Any) -> tuple[Any, ...]:
    origin = typing.get_origin(hint)
    return typing.get_args(hint) if origin in (types.UnionType, typing.Union) else (hint,)


def _fits(value: Any, hint: Any) -> bool:
    """Return whether a value from YAML or JSON may be given to a field of this type."""
    for kind in _alternatives(hint):
        origin = typing.get_origin(kind)
        if origin is tuple and isinstance(value, (list, tuple)):
            if all(_fits(item, typing.get_args(kind)[0]) for item in value):
                return True
        elif origin is typing.Literal:
            if value in typing.get_args(kind):
                return True
        elif (
            (kind is float and isinstance(value, (int, float)) and not isinstance(value, bool))
            or (kind in (int, bool, str) and type(value) is kind)
            or (kind is type(None) and value is None)
        ):
            return True
    return False


def _convert(value: Any, hint: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if type(value) is int and float in _alternatives(hint) and int not in _alternatives(hint):
        return float(value)
    return value


def _spell(hint: Any) -> str:
    return (
        getattr(hint, "__name__", str(hint))
        if typing.get_origin(hint) is None
        else str(hint).replace("typing.", "")
    )
