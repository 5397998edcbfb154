"""Families of tasks. A family is a file in this folder, `NAME.toml`, and the modules that it names.

The file says which environments and kinds of data there are, what a score is, and which modules make the
environments and the data. Nothing else in the suite names a family, so that a new one is its own files.
The modules are named, not imported: a run imports those of its own family.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


class BadFamily(ValueError):
    """The file of a family cannot be used. The message names the file, the entry, and what to do."""


@dataclass(frozen=True)
class Unit:
    """What the numbers of a table are.

    Attributes:
        name: as a note of the table says it.
        data: the paper's data, as printed.
        source: of a run on the same data, as its record says it.
        raw: scores are the environment's own, not normalised.
    """

    name: str
    data: str
    source: str
    raw: bool = False


@dataclass(frozen=True)
class Kind:
    """A kind of data.

    Attributes:
        label: as printed in tables.
        meaning: what the manifest of a generated data set says.
        steps: transitions, where the kind fixes them; None: the config does.
        parts: parts of the config's `steps` that a data set has.
    """

    label: str
    meaning: str
    steps: int | None = None
    parts: int = 1


@dataclass(frozen=True)
class Domain:
    """An environment and the constants that belong to it.

    Attributes:
        name: in configs, paths and records.
        label: in tables and figures.
        environment: Gymnasium id.
        horizon: time limit of an episode, steps.
        target_return: the return asked of DT when its score is taken, raw.
        return_scale: returns-to-go are divided by it before they enter a network.
        reference_min: the return that scores 0.
        reference_max: the return that scores 100.
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

        Fu et al. 2020, section 6 (times 100). For a spread use `normalised_spread`: it has no
        offset.
        """
        return (
            100 * (episode_return - self.reference_min) / (self.reference_max - self.reference_min)
        )

    def normalised_spread(self, spread: float) -> float:
        """Return a standard deviation or a width of returns in normalised points: scaled, never
        shifted.
        """
        return 100 * spread / (self.reference_max - self.reference_min)


@dataclass(frozen=True)
class Family:
    """A family of tasks.

    Attributes:
        name: in configs and in the targets `paper_NAME` and `claims_NAME`.
        label: as printed.
        category: where its tables and figures stand in the report.
        environment: module with `register() -> None`, and where it has them `check() -> None`, which
            refuses a simulator that gives other numbers, and `make_vector(count) -> VectorEnv`.
        generator: module with `generate(task, steps, seed, folder, progress, zoo)`.
        simulators: packages whose versions decide what an environment does; the last one is the
            simulator that a table names.
        unit: of normalised scores.
        kinds: kind of data -> what it is, in the order of tables.
        domains: name -> environment, in the order of tables.
        position: families are listed in this order.
        trainer: module that trains the behaviour policies of the generator; empty: it needs none.
        source: published data that can take the place of generated ones; empty: none.
        unpublished: domains that this source lacks.
        clipped_rewards: rewards in the data are clipped, and an episode's score is another number.
        average_without: domain that a second average leaves out, as the paper's table does.
        default: also of environments that no family names, such as a user's own.
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
        """Return the domains that `source` holds."""
        return tuple(name for name in self.domains if self.source and name not in self.unpublished)

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the file of the environment's module, relative to the repository: what an evaluation
        depends on.
        """
        return (module_file(self.environment),)


def module_file(module: str) -> Path:
    """Return the source file of a module, relative to the repository."""
    return Path(*module.split(".")).with_suffix(".py")


def read_families(folder: Path = HERE, root: Path = ROOT) -> dict[str, Family]:
    """Return name -> family for every `*.toml` of a folder, in the order of their positions.

    Args:
        folder: where the files are.
        root: of the repository, in which the modules that they name must exist.

    Raises:
        BadFamily: a file has an unknown, missing or wrong entry, names a module that does not exist,
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
    _check_keys(path, "", content, {"family", "kinds", "domains"}, {"family", "kinds", "domains"})
    for name in ("family", "kinds", "domains"):
        if not isinstance(content[name], dict) or not content[name]:
            raise BadFamily(f"{path}: {name} must be a table with entries, not {content[name]!r}")
    about = dict(content["family"])
    unit = _build(path, "family.unit", Unit, about.pop("unit", None))
    kinds = {
        name: _build(path, f"kinds.{name}", Kind, entry) for name, entry in content["kinds"].items()
    }
    domains = {name: _domain(path, name, entry) for name, entry in content["domains"].items()}
    about |= {"unit": unit, "kinds": kinds, "domains": domains}
    family: Family = _build(path, "family", Family, about)
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


def _domain(path: Path, name: str, entry: Any) -> Domain:
    """Return a domain, whose name is that of its table."""
    place = f"domains.{name}"
    known = {each.name for each in fields(Domain)} - {"name"}
    _check_keys(path, place, entry, known, known)
    domain: Domain = _build(path, place, Domain, {"name": name, **entry})
    return domain


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


# type of a field -> whether a value of a TOML file is of it
TYPES: dict[str, Callable[[Any], bool]] = {
    "str": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "int": _is_whole,
    "int | None": _is_whole,
    "float": lambda value: isinstance(value, float) or _is_whole(value),
    "tuple[str, ...]": lambda value: (
        isinstance(value, list) and all(isinstance(each, str) for each in value)
    ),
}


def _build(path: Path, place: str, kind: type[Any], entry: Any) -> Any:
    """Return a dataclass of an entry, every value of the type that its field says."""
    known = {each.name: each for each in fields(kind)}
    required = {
        name
        for name, each in known.items()
        if each.default is MISSING and each.default_factory is MISSING
    }
    _check_keys(path, place, entry, set(known), required)
    values = {}
    for name, value in entry.items():
        wanted = str(known[name].type)
        if wanted in TYPES and not TYPES[wanted](value):
            raise BadFamily(f"{path}: {place}.{name} is {value!r}, expected {wanted}")
        values[name] = tuple(value) if isinstance(value, list) else value
    return kind(**values)


def _check_keys(path: Path, place: str, entry: Any, known: set[str], required: set[str]) -> None:
    where = f"{path}: {place or 'top level'}"
    if not isinstance(entry, dict):
        what = "missing" if entry is None else f"{entry!r}, not a table"
        raise BadFamily(f"{where} is {what}; it needs {', '.join(sorted(required))}")
    if unknown := sorted(set(entry) - known):
        raise BadFamily(
            f"{where}: unknown entry {', '.join(map(repr, unknown))}; known: {', '.join(sorted(known))}"
        )
    if missing := sorted(required - set(entry)):
        raise BadFamily(f"{where}: {', '.join(map(repr, missing))} is missing")
