"""What a Minari data set says about its environment. Nothing that it names is imported."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

from bench.datasets.readers.checks import WrongData
from bench.environments.vector import UnknownEnvironment, make
from bench.tasks.environment_id import SHOWN, BadSettings, Settings, gymnasium_id, spell

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")  # of a package
# wrappers that change neither what a policy sees nor what it earns
HARMLESS = ("OrderEnforcing", "PassiveEnvChecker", "RecordEpisodeStatistics")
WAY_OUT = (
    "Name the environment in which policies shall be evaluated: --environment ID, or --environment MODULE:ID for one "
    "of your own"
)


@dataclass(frozen=True)
class Facts:
    """What a data set says of itself.

    Attributes:
        environment: the id of the environment for evaluation, with its settings; None: not named.
        collected: the time limit of the environment in which the data were collected; None: unknown.
        reference: the returns with the scores 0 and 100; None: not named.
        requirements: packages that the environment needs, in pip's form.
        remarks: what of this is not used, and why.
        own: the entry of this suite, which an export wrote; empty: there is none.
    """

    environment: str | None = None
    collected: int | None = None
    reference: tuple[float, float] | None = None
    requirements: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    own: dict[str, Any] = field(default_factory=dict)


def facts(name: str, about: dict[str, Any], given: str | None = None) -> Facts:
    """Return what the metadata of a data set say. The environment of evaluation counts, if the set has one.

    Args:
        name: the data, at the start of a message.
        about: the content of `metadata.json`.
        given: the environment that the user named. If it is that of the data, the settings of the data stay; if it is
            another one, it replaces that of the data.

    Raises:
        WrongData: an entry has another form, or the environment has settings that cannot be used.
    """
    low, high = about.get("ref_min_score"), about.get("ref_max_score")
    reference = None
    if isinstance(low, int | float) and isinstance(high, int | float):
        reference = (float(low), float(high))
    required = about.get("requirements") or []
    if not isinstance(required, list) or not all(isinstance(each, str) for each in required):
        raise WrongData(
            f"{name}: its requirements are {str(required)[:80]!r}, expected a list of texts"
        )
    collection = _spec(name, about, "env_spec")
    evaluation = _spec(name, about, "eval_env_spec") or collection
    steps = (collection or {}).get("max_episode_steps")
    own = about.get("bench")
    remarks: list[str] = []
    environment = given
    if evaluation is not None:
        environment = _environment(name, evaluation, given, required, remarks)
    return Facts(
        environment=environment,
        collected=steps if type(steps) is int and steps > 0 else None,
        reference=reference,
        requirements=tuple(required),
        remarks=tuple(remarks),
        own=own if isinstance(own, dict) else {},
    )


def _spec(name: str, about: dict[str, Any], key: str) -> dict[str, Any] | None:
    """Return the specification of an environment, as Gymnasium writes it."""
    if (text := about.get(key)) is None:
        return None
    try:
        spec = json.loads(text)
        if not isinstance(spec["id"], str) or not isinstance(spec.get("kwargs") or {}, dict):
            raise TypeError("id or kwargs")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise WrongData(
            f"{name}: its {key} is not a specification of a Gymnasium environment"
        ) from error
    return dict(spec)


def _environment(
    name: str,
    spec: dict[str, Any],
    given: str | None,
    required: list[str],
    remarks: list[str],
) -> str:
    named = gymnasium_id(given or spec["id"])
    if given is not None and (named != given or named.rpartition(":")[2] != spec["id"]):
        remarks.append(
            f"the data name the environment {spec['id']}; you gave {given}, which is used for evaluation"
        )
        return given
    registered = _registered(name, named, required)
    for wrapper in spec.get("additional_wrappers") or []:
        kind = wrapper.get("name") if isinstance(wrapper, dict) else wrapper
        if kind not in HARMLESS:
            raise WrongData(
                f"{name}: its environment {spec['id']} is wrapped in {str(kind)[:80]!r}, which can change what a "
                f"policy sees or earns. {WAY_OUT}"
            )
    _same_class(name, spec, registered)
    kwargs = {
        key: value
        for key, value in (spec.get("kwargs") or {}).items()
        if key not in SHOWN
        and (key not in registered.kwargs or _text(registered.kwargs[key]) != _text(value))
    }
    steps = spec.get("max_episode_steps", registered.max_episode_steps)
    if steps is None and registered.max_episode_steps is not None:
        remarks.append(
            f"the data name no time limit for {spec['id']}; that of {registered.max_episode_steps:,} steps is used"
        )
    try:
        settings = Settings(kwargs, None if steps == registered.max_episode_steps else steps)
    except BadSettings as error:
        raise WrongData(f"{name}: its environment {spec['id']}: {error}") from error
    if settings.entries:
        told = json.dumps(settings.entries, sort_keys=True)
        remarks.append(f"the data set's own settings of {spec['id']} are used: {told}")
    return spell(named, settings)


def _registered(name: str, named: str, required: list[str]) -> Any:
    """Return Gymnasium's registered specification of an environment.

    Raises:
        UnknownEnvironment: there is none; the message names packages that the data set needs.
    """
    try:
        made = make(named)
    except UnknownEnvironment as error:
        missing = [each for each in required if not _installed(each)]
        if not missing:
            raise
        packages = " ".join(f"'{each}'" for each in missing)
        module = NAME.match(missing[0])
        raise UnknownEnvironment(
            f"{name}: {error}. The data set needs packages that are not installed: pip install {packages}. If an "
            f"installed package does not register its environments by itself, name its module: --environment "
            f"{module[0].replace('-', '_') if module else 'MODULE'}:{named}"
        ) from error
    made.close()
    import gymnasium

    return gymnasium.spec(named.rpartition(":")[2])


def _installed(requirement: str) -> bool:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        metadata.version(Requirement(requirement).name)
    except (InvalidRequirement, metadata.PackageNotFoundError):
        return False
    return True


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _same_class(name: str, spec: dict[str, Any], registered: Any) -> None:
    """Refuse an environment whose class is not that of the registered environment of this id."""
    theirs, ours = spec.get("entry_point"), registered.entry_point
    if not isinstance(theirs, str) or not isinstance(ours, str):
        return
    if theirs.rpartition(":")[2] != ours.rpartition(":")[2]:
        raise WrongData(
            f"{name}: its {spec['id']} is made by {theirs[:100]}, but the registered one by {ours}: they are different "
            f"environments. {WAY_OUT}"
        )
