"""The contract of a method, and the loader that finds methods by name.

A method is a module: `dt/method.py`, or any file in `baselines/`. It has four parts:

- `class Config`: a frozen dataclass with every hyperparameter, each with a type and a default. It may have a
  method `on(device)` that returns the Config for this device. Runs use and record that Config.
- `def train(data, config, context) -> Policy`: learns from whole episodes, without an environment.
- `def load(path, device) -> Policy`: reads the file that `Policy.save` wrote.
- `class Policy`: acts; see `bench.methods.contract.Policy`.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import types
import typing
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any, NoReturn

from bench.core.code import method_file
from bench.core.files import DamagedFile
from bench.core.machine import importing
from bench.core.stopping import OverTime
from bench.datasets.trajectories import Trajectories
from bench.methods.context import Context
from bench.methods.contract import BadMethod, Diverged, Policy
from bench.methods.places import EnvironmentFailed, explained, of_environment, place, spelled


@dataclasses.dataclass(frozen=True)
class Method:
    """A loaded method.

    Attributes:
        name: the name of the method.
        config: its class Config.
        train: its function `train`.
        load: its function `load`.
    """

    name: str
    config: type[Any]
    train: Callable[[Trajectories, Any, Context], Policy]
    load: Callable[[Path, str], Policy]

    def configure(self, options: dict[str, Any]) -> Any:
        """Return the Config of the method with these options.

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
        if missing := [name for name in _without_default(self.config) if name not in options]:
            raise BadMethod(
                f"method {self.name}: option {missing[0]} has no default, and the config does not set it: give it a "
                f"default in the module's Config, or set it in the `options` of the method"
            )
        try:
            config = self.config(**typed)
        except (ValueError, TypeError) as error:
            raise BadMethod(f"method {self.name}: {error}") from error
        _check_recordable(self.name, config)
        return config


def _without_default(config: type[Any]) -> list[str]:
    """Return the names of the options that must be set."""
    missing = dataclasses.MISSING
    return [
        each.name
        for each in dataclasses.fields(config)
        if each.init and each.default is missing and each.default_factory is missing
    ]


def _check_recordable(name: str, config: Any) -> None:
    """Refuse an option whose value JSON cannot hold, before anything is trained.

    Raises:
        BadMethod: the value is an infinity, a path, an array or the like.
    """
    for option, value in dataclasses.asdict(config).items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise BadMethod(
                f"method {name}: option {option} is {value!r:.80} ({type(value).__name__}), which the record of a run "
                "cannot hold: use numbers that are finite, texts, true, false, null, or lists of them"
            ) from error


def load_method(name: str) -> Method:
    """Import a method by the name of its module: `dt`, `dt_atari`, `dt_graph`, or a file in `baselines/`.

    Raises:
        BadMethod: there is no such module, its import fails, or it breaks the contract.
    """
    where = str(method_file(name))
    module_name = where.removesuffix(".py").replace("/", ".")
    try:
        with importing():
            module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name == module_name:
            raise BadMethod(
                f"unknown method {name!r}: there is no {where}; known: dt, dt_atari, dt_graph, dt_blank, dt_discounts, "
                "dt_reward_critic, dt_online and what is in baselines/"
            ) from error
        raise BadMethod(f"method {name}: {where} cannot be imported: {error}") from error
    except (Exception, SystemExit) as error:
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


class _Exited(Exception):
    """The code of a method called os._exit."""


@contextmanager
def blaming(method: str) -> Iterator[None]:
    """Turn an error in the code of a method into a BadMethod that names the method and the line. An attempt to end the
    process, and the end of the time limit, are such errors too. The working directory is as before afterwards.

    An error of an environment, on whose way the method has no line, is not the method's.

    Raises:
        BadMethod: instead of any error except BadMethod, DamagedFile, Diverged and OSError, which pass unchanged.
        EnvironmentFailed: instead of an error of an environment. An error that `bench.environments` explains itself
            passes unchanged.
    """
    own, leave = os.getpid(), os._exit

    def refuse(status: int) -> NoReturn:
        if os.getpid() != own:
            leave(status)  # a process that the method started ends as it likes
        raise _Exited(f"it called os._exit({status}), which ends the run without a result")

    os._exit = refuse
    try:
        with chdir(Path.cwd()):
            yield
    except (BadMethod, DamagedFile, Diverged, OSError):
        raise
    except OverTime as error:
        if of_environment(error):
            raise EnvironmentFailed(
                f"the environment: {place(error, skipped=1)}: {error}"
            ) from error
        raise BadMethod(f"method {method}: {place(error, skipped=1)}: {error}") from error
    except SystemExit as error:
        raise BadMethod(
            f"method {method}: {place(error)}: it called sys.exit({error.code!r}), which ends the run without a result"
        ) from error
    except _Exited as error:
        raise BadMethod(f"method {method}: {place(error, skipped=1)}: {error}") from error
    except Exception as error:
        if explained(error):
            raise
        if of_environment(error):
            raise EnvironmentFailed(
                f"the environment: {place(error)}: {type(error).__name__}: {error}"
            ) from error
        raise BadMethod(
            f"method {method}: {place(error)}: {type(error).__name__}: {error}"
        ) from error
    finally:
        os._exit = leave


def check_policy(policy: Any, made_by: Any, method: str) -> None:
    """Refuse what is not a policy.

    Args:
        policy: the result of `made_by`.
        made_by: the `train` or `load` of a method.
        method: the name of the method.

    Raises:
        BadMethod: it has no `reset`, `act` or `save`.
    """
    needed = ("reset", "act", "save")
    missing = [name for name in needed if not callable(getattr(policy, name, None))]
    if missing:
        raise BadMethod(
            f"method {method}: {line_of(made_by)}: it returned {type(policy).__name__}, which has no "
            f"{' and no '.join(missing)}; it must return a policy"
        )


def line_of(function: Any) -> str:
    """Return the file and the line at which a function is defined."""
    code = getattr(function, "__code__", None)
    return "unknown" if code is None else spelled(code.co_filename, code.co_firstlineno)


def _alternatives(hint: Any) -> tuple[Any, ...]:
    origin = typing.get_origin(hint)
    return typing.get_args(hint) if origin in (types.UnionType, typing.Union) else (hint,)


def _fits(value: Any, hint: Any) -> bool:
    """Return whether a value from YAML or JSON fits a field of this type."""
    for kind in _alternatives(hint):
        origin = typing.get_origin(kind)
        if origin in (tuple, list) and isinstance(value, (list, tuple)):
            if _items_fit(value, typing.get_args(kind)):
                return True
        elif origin is dict and isinstance(value, dict):
            keys, values = typing.get_args(kind)
            if all(_fits(key, keys) and _fits(each, values) for key, each in value.items()):
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


def _items_fit(values: Any, hints: tuple[Any, ...]) -> bool:
    """Return whether the items fit `tuple[int, ...]`, `tuple[int, str]` or `list[int]`."""
    if len(hints) == 1 or hints[1] is Ellipsis:
        return all(_fits(item, hints[0]) for item in values)
    return len(values) == len(hints) and all(map(_fits, values, hints))


def _convert(value: Any, hint: Any) -> Any:
    if isinstance(value, list):
        lists = any(typing.get_origin(kind) is list for kind in _alternatives(hint))
        return list(value) if lists else tuple(value)
    if type(value) is int and float in _alternatives(hint) and int not in _alternatives(hint):
        return float(value)
    return value


def _spell(hint: Any) -> str:
    return (
        getattr(hint, "__name__", str(hint))
        if typing.get_origin(hint) is None
        else str(hint).replace("typing.", "")
    )
