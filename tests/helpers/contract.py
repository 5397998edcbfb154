"""What tests/test_contract.py does with every method: it offers it each kind of data and watches it."""

from __future__ import annotations

import functools
import random
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch

from bench.core.code import OWN
from bench.datasets.trajectories import F32, Array, Trajectories
from bench.environments.graph import Walks
from bench.environments.key_to_door import KeyToDoorVector
from bench.environments.key_to_door_rooms import Rooms
from bench.environments.vector import VectorEnv
from bench.methods.context import Context
from bench.methods.loader import Method, load_method
from bench.runs.plan import found_modules
from tests.helpers.dt import make_context
from tests.helpers.kinds import KINDS, Kind, Steps

ENVS, ACTS, FEW = 3, 6, 3  # episodes side by side, their steps, and updates of a training
SEEDS = (5, 6, 7)

RANDOM_RULE = (
    "draw in train from context.generator(...) and inside `with context.torch_random():`, draw in act "
    "from generators of the seeds that reset was given, and build networks in load inside "
    "`with torch.random.fork_rng(devices=[]):` (CONTRIBUTING.md, Randomness)"
)
REFUSAL_RULE = (
    "where a method cannot learn from data of some kind, its train raises a ValueError of one line, before "
    "the first update, that says what it learns from (CONTRIBUTING.md, A method)"
)

SIZES = {"context_length": 4, "layers": 2, "heads": 2, "width": 16, "batch_size": 4}
# methods are tested with their defaults, apart from these; words after a name make one more case of it
OPTIONS: dict[str, dict[str, Any]] = {
    "dt": {"batch_size": 16},
    "cql": {"batch_size": 32},
    "iql": {"batch_size": 32},
    "td3_bc": {"batch_size": 32},
    "rvs": {"width": 64, "batch_size": 32},
    "dt_atari": SIZES,
    "dt_atari without returns": SIZES | {"returns": False, "top_percent": 60},
    "cql_atari": {"batch_size": 4, "features": 16, "quantiles": 3, "epsilon": 0.3},
    "dt_graph drawing": {"temperature": 2.0},
}

METHODS = list(dict.fromkeys([*OWN, *found_modules(), "_template", *OPTIONS]))
ACCEPTED: dict[str, list[Case]] = {}
UNCLEAR: dict[str, list[str]] = {}  # what is neither a training nor a refusal

every_method = pytest.mark.parametrize("name", METHODS)


@dataclass
class Case:
    """A method on a kind of data that it learns from, and the policy that its tests share."""

    name: str
    kind: Kind
    policy: Any = None

    @property
    def method(self) -> Method:
        """The loaded module."""
        return load_method(self.name.split()[0])

    def context(self, **fields: Any) -> Context:
        return make_context(**({"steps": FEW} | self.kind.context | fields))

    def train(self, data: Trajectories | None = None, context: Context | None = None) -> Any:
        """Return the policy of a training; of the kind's own data unless others are given."""
        config = self.method.configure(OPTIONS.get(self.name, {}))
        data = self.kind.data if data is None else data
        return self.method.train(data, config, context or self.context())

    def shown(self, seed: int = 0, count: int = ENVS, scale: float | None = None) -> Steps:
        return self.kind.shown(ACTS, count, seed, scale or self.kind.scales[0])

    def start(self, policy: Any, seeds: tuple[int, ...] = SEEDS) -> None:
        policy.reset(np.array(seeds, dtype=np.int64), self.targets(len(seeds)))

    def targets(self, count: int) -> F32:
        return np.linspace(0, self.kind.highest, count, dtype=np.float32)

    def play(self, policy: Any, steps: Steps, seeds: tuple[int, ...] = SEEDS) -> Array:
        """Return the actions (steps, L, *action) of episodes that begin here."""
        self.start(policy, seeds)
        return np.stack([policy.act(observations, rewards) for observations, rewards in steps])


def spy_on(context: Context) -> list[str]:
    """Return a list that fills with the sources of randomness that a training asks a context for."""
    asked: list[str] = []

    def spy(service: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any) -> Any:
            asked.append(service)
            return original(*arguments)

        return called

    for service in ("generator", "torch_random"):
        setattr(context, service, spy(service, getattr(context, service)))
    return asked


def flaw(error: Exception, context: Context, asked: list[str]) -> str:
    """Return why an error is no refusal of data; an empty text if it is one."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    if not isinstance(error, ValueError) or not (frame.line or "").startswith("raise"):
        return f"{type(error).__name__} in {frame.filename}:{frame.lineno} is no refusal: {error}"
    if not str(error) or "\n" in str(error):
        return f"the message is not one line: {error}"
    if context.losses or "generator" in asked:
        return f"it came after the first batch was drawn: {error}"
    return ""


def accepted(name: str) -> list[Case]:
    """Return a method's cases: the kinds of data it learns from, each with a trained policy."""
    if name not in ACCEPTED:
        ACCEPTED[name], UNCLEAR[name] = [], []
        for kind in KINDS:
            case = Case(name, kind)
            context = case.context()
            asked = spy_on(context)
            try:
                case.policy = case.train(context=context)
                ACCEPTED[name].append(case)
            except Exception as error:
                if wrong := flaw(error, context, asked):
                    UNCLEAR[name].append(f"{kind.name} data: {wrong}")
    return ACCEPTED[name]


def every_case(test: Callable[[Case, Path], None]) -> Callable[..., None]:
    """Run a test for every method, on each kind of data that it learns from."""

    @every_method
    @functools.wraps(test)
    def on_each_kind(name: str, tmp_path: Path) -> None:
        assert accepted(name), f"{name} learns from no kind of data"
        for case in accepted(name):
            try:
                test(case, tmp_path / case.kind.name)
            except BaseException as error:
                error.add_note(f"method {name} on {case.kind.name} data; {REFUSAL_RULE}")
                raise

    del on_each_kind.__wrapped__  # type: ignore[attr-defined]
    return on_each_kind


# --- watches --------------------------------------------------------------------------------------


@contextmanager
def global_random_state_untouched() -> Iterator[None]:
    python, torchs = random.getstate(), torch.get_rng_state()
    numpys = np.random.get_state()  # noqa: NPY002
    yield
    assert random.getstate() == python, f"Python's global generator was used: {RANDOM_RULE}"
    same = torch.equal(torch.get_rng_state(), torchs)
    assert same, f"torch's global generator was used: {RANDOM_RULE}"
    for now, before in zip(np.random.get_state(), numpys, strict=True):  # noqa: NPY002
        assert np.array_equal(now, before), f"NumPy's global generator was used: {RANDOM_RULE}"


def subclasses(cls: type) -> Iterator[type]:
    for sub in cls.__subclasses__():
        yield sub
        yield from subclasses(sub)


@contextmanager
def no_environment() -> Iterator[None]:
    """Let everything fail that makes, resets or steps an environment, of Gymnasium or of this suite."""
    used: list[str] = []

    def refuse(what: str) -> Callable[..., Any]:
        def refused(*arguments: Any, **options: Any) -> Any:
            used.append(what)
            raise AssertionError(f"train used an environment: {what}")

        return refused

    with pytest.MonkeyPatch.context() as patch:
        for name in ("make", "make_vec"):
            patch.setattr(gymnasium, name, refuse(f"gymnasium.{name}"))
        for base in (gymnasium.Env, gymnasium.vector.VectorEnv):
            for cls in (base, *subclasses(base)):
                for name in ("__init__", "reset", "step"):
                    if name in vars(cls) or cls is base:
                        patch.setattr(cls, name, refuse(f"{cls.__name__}.{name}"), raising=False)
        for own in (VectorEnv, KeyToDoorVector, Rooms, Walks):
            for name in ("__init__", "reset", "step", "step_one"):
                if name in vars(own):
                    patch.setattr(own, name, refuse(f"{own.__name__}.{name}"))
        yield
    assert not used, f"train used an environment: {', '.join(used)}"
