"""Families of tasks. A family is a file `NAME.toml` in this folder, and the modules that the file names.

The file lists the environments and the kinds of data, defines the score, and names the modules that make the
environments and the data. No other part of the suite names a family, so a new family needs only its own files.
The modules are named but not imported here: a run imports only those of its own family.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from bench.tasks.entries import BadFamily, build, check_keys

# a task is DOMAIN-KIND, so that what stands before the first hyphen is the domain
NAME = r"[a-z][a-z0-9_]*"
KIND = r"[a-z0-9][a-z0-9_-]*"
HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@dataclass(frozen=True)
class Unit:
    """The unit of the numbers in a table.

    Attributes:
        name: the unit, in the words of a note below the table.
        data: the paper's data, in the words of such a note.
        source: the data source that the record of a run on the same data names.
        raw: whether scores are raw returns of the environment, not normalised ones.
        bounded: whether scores are between 0 and 100.
        rate: whether the score is a success rate in per cent: an episode scores 0 or 100.
    """

    name: str
    data: str
    source: str
    raw: bool = False
    bounded: bool = False
    rate: bool = False


@dataclass(frozen=True)
class Kind:
    """A kind of data.

    Attributes:
        label: the name in tables.
        meaning: the description in the manifest of a generated data set.
        steps: number of transitions; None if the config sets it.
        parts: number of parts of a data set, each with the config's `steps`.
    """

    label: str
    meaning: str
    steps: int | None = None
    parts: int = 1


@dataclass(frozen=True)
class Domain:
    """An environment and its constants.

    Attributes:
        name: the name in configs, paths and records.
        label: the name in tables and figures.
        environment: Gymnasium id.
        horizon: time limit of an episode, steps.
        target_return: the target return of DT for its score, raw.
        return_scale: the divisor of returns-to-go before they enter a network.
        reference_min: the return with score 0.
        reference_max: the return with score 100.
    """

    name: str
    label: str
    environment: str
    horizon: int
    target_return: float
    return_scale: float
    reference_min: float
    reference_max: float

    def normalised(self, episode_return: float) -> float:
        """Return the normalised score of an episode return: 0 is the random policy, 100 the expert.

        The formula is that of Fu et al. 2020, section 6, times 100. For a spread, use
        `normalised_spread`.
        """
        return (
            100 * (episode_return - self.reference_min) / (self.reference_max - self.reference_min)
        )

    def normalised_spread(self, spread: float) -> float:
        """Return a standard deviation or a width of returns in normalised points. It is only scaled, not
        shifted.
        """
        return 100 * spread / (self.reference_max - self.reference_min)


@dataclass(frozen=True)
class Family:
    """A family of tasks.

    Attributes:
        name: the name in configs and in the targets `paper_NAME` and `claims_NAME`.
        label: the name in tables and figures.
        category: the section of the report with its tables and figures.
        environment: a module with `register() -> None`. It may also have `check(environment) -> None`,
            which refuses a simulator that gives other numbers, and
            `make_vector(environment, count) -> VectorEnv`.
        generator: a module with `generate(task, steps, seed, folder, progress, zoo)`.
        simulators: packages whose versions determine the behaviour of an environment. The last one is the
            simulator that a table names.
        unit: the unit of normalised scores.
        kinds: name -> kind of data, in the order of tables.
        domains: name -> environment, in the order of tables.
        position: the place of the family in lists of families.
        trainer: the module that trains the behaviour policies; empty if the generator needs none.
        source: published data that can replace the generated data; empty if there are none.
        unpublished: domains for which `source` has no data.
        clipped_rewards: whether rewards in the data are clipped. The score of an episode then differs from
            its return.
        average_without: a domain that a second average leaves out, as in the paper's table.
        default: whether environments that no family names belong to this family, such as a user's own.
        overview: the artifact that shows the final scores of a suite.
        video: options of `bench video`.
    """

    name: str
    label: str
    category: str
    environment: str
    generator: str
    simulators: tuple[str, ...]
    unit: Unit
    kinds: dict[str, Kind]
    domains: dict[str, Domain]
    position: int = 100
    trainer: str = ""
    source: str = ""
    unpublished: tuple[str, ...] = ()
    clipped_rewards: bool = False
    average_without: str = ""
    default: bool = False
    overview: str = "table2"
    video: str = ""

    @property
    def published(self) -> tuple[str, ...]:
        """Return the domains for which `source` has data."""
        return tuple(name for name in self.domains if self.source and name not in self.unpublished)

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the file of the environment's module, relative to the repository. An evaluation depends
        on it.
        """
        return (module_file(self.environment),)


def module_file(module: str) -> Path:
    """Return the source file of a module, relative to the repository."""
    return Path(*module.split(".")).with_suffix(".py")


def read_families(folder: Path = HERE, root: Path = ROOT) -> dict[str, Family]:
    """Return name -> family for every `*.toml` file of a folder, in the order of their positions.

    Args:
        folder: the folder of the files.
        root: the folder of the repository. The modules that the files name must exist in it.

    Raises:
        BadFamily: a file has an unknown, missing or wrong entry, or names a module that does not exist;
            or two files define the same family, domain or environment.
    """
    files = {path: _read(path, root) for path in sorted(folder.glob("*.toml"))}
    found = list(files.values())
    _once("name", [(path, family.name) for path, family in files.items()])
    _once("domain", [(path, name) for path, family in files.items() for name in family.domains])
    _once(
        "environment",
        [(path, d.environment) for path, family in files.items() for d in family.domains.values()],
    )
    defaults = [family.name for family in found if family.default]
    if len(defaults) != 1:
        raise BadFamily(
            f"{folder}: exactly one family must be the default, by the entry family.default = true, "
            f"not {' and '.join(defaults) or 'none'}"
        )
    ordered = sorted(found, key=lambda family: (family.position, family.name))
    return {family.name: family for family in ordered}


def _once(what: str, named: Iterable[tuple[Path, str]]) -> None:
    """Refuse a name that a file defines after another one did, or for the second time."""
    first: dict[str, Path] = {}
    for path, name in named:
        if name in first:
            other = first[name].name
            where = "twice in this file" if first[name] == path else f"in {other} as well"
            raise BadFamily(f"{path}: the {what} {name!r} is defined {where}; rename one of them")
        first[name] = path


def _read(path: Path, root: Path) -> Family:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadFamily(f"{path}: not a TOML file: {error}") from error
    check_keys(path, "", content, {"family", "kinds", "domains"}, {"family", "kinds", "domains"})
    for name in ("family", "kinds", "domains"):
        if not isinstance(content[name], dict) or not content[name]:
            raise BadFamily(f"{path}: {name} must be a table with entries, not {content[name]!r}")
    about = dict(content["family"])
    check_keys(
        path, "family", about, {each.name for each in fields(Family)} - {"kinds", "domains"}, set()
    )
    unit = build(path, "family.unit", Unit, about.pop("unit", None))
    kinds = {
        name: build(path, f"kinds.{name}", Kind, entry) for name, entry in content["kinds"].items()
    }
    domains = {name: _domain(path, name, entry) for name, entry in content["domains"].items()}
    about |= {"unit": unit, "kinds": kinds, "domains": domains}
    family: Family = build(path, "family", Family, about)
    _check_values(path, family)
    for key in ("environment", "generator", "trainer"):
        module = getattr(family, key)
        if module and not (root / module_file(module)).is_file():
            raise BadFamily(
                f"{path}: family.{key} names the module {module}, but there is no {module_file(module)}"
            )
    for key, names in (
        ("unpublished", family.unpublished),
        ("average_without", filter(None, [family.average_without])),
    ):
        for name in names:
            if name not in domains:
                raise BadFamily(
                    f"{path}: family.{key} names {name!r}, which is not one of its domains: {', '.join(domains)}"
                )
    return family


def _check_values(path: Path, family: Family) -> None:
    """Refuse names that cannot stand in a path, and numbers that cannot be those of an environment."""
    for place, name, pattern in (
        ("family.name", family.name, NAME),
        *((f"domains.{name}", name, NAME) for name in family.domains),
        *((f"kinds.{name}", name, KIND) for name in family.kinds),
    ):
        if not re.fullmatch(pattern, name):
            allowed = f"letters a to z, digits{', - ' if pattern == KIND else ' '}and _"
            raise BadFamily(f"{path}: {place}: the name {name!r} may only hold {allowed}")
    if not family.simulators:
        raise BadFamily(f"{path}: family.simulators is empty; name at least one package")
    for name, kind in family.kinds.items():
        for key, number in (("steps", kind.steps), ("parts", kind.parts)):
            if number is not None and number < 1:
                raise BadFamily(f"{path}: kinds.{name}.{key} is {number}, expected at least 1")
    for name, domain in family.domains.items():
        _check_numbers(path, f"domains.{name}", domain)


def _check_numbers(path: Path, place: str, domain: Domain) -> None:
    for key in ("target_return", "return_scale", "reference_min", "reference_max"):
        if not math.isfinite(value := getattr(domain, key)):
            raise BadFamily(f"{path}: {place}.{key} is {value}, expected a finite number")
    if domain.horizon < 1 or domain.return_scale <= 0:
        raise BadFamily(f"{path}: {place}: horizon and return_scale must be above 0")
    if domain.reference_min == domain.reference_max:
        raise BadFamily(
            f"{path}: {place}: reference_min and reference_max are both "
            f"{domain.reference_min}; a score needs two different ones"
        )


def domain_of(path: Path, entry: Any) -> Domain:
    """Return the domain in the description of an imported task.

    Raises:
        BadFamily: an entry is unknown, missing or wrong.
    """
    known = {each.name for each in fields(Domain)}
    check_keys(path, "domain", entry, known, known)
    domain: Domain = build(path, "domain", Domain, entry)
    _check_numbers(path, "domain", domain)
    return domain


def _domain(path: Path, name: str, entry: Any) -> Domain:
    """Return a domain, whose name is that of its table."""
    place = f"domains.{name}"
    known = {each.name for each in fields(Domain)} - {"name"}
    check_keys(path, place, entry, known, known)
    domain: Domain = build(path, place, Domain, {"name": name, **entry})
    return domain
