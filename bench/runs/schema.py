"""Checks of a config: its keys, types and sizes, before anything is planned from it."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.runs.config_size import MOST, too_large
from bench.runs.identity import LARGEST

# keys of earlier versions: section -> old key -> new key
RENAMED = {
    "suites": {"pages": "artifacts", "probe": "diagnostic", "percents": "data_percents"},
    "evaluation": {"lanes": "num_envs", "probe_episodes": "diagnostic_episodes"},
    "options": {"return_above": "min_return"},
}


class BadConfig(ValueError):
    """A value in the config does not exist. The message names the key, the value and the known values."""


def remove_null_suites(
    config: dict[str, Any], files: Iterable[Mapping[str, Any]] | None = None
) -> None:
    """Remove the suites that a later file of the config sets to null. Call it before `check_config`.

    Args:
        config: the merged config.
        files: the contents of the files that it was merged from; None: they are not known, and nothing is checked.

    Raises:
        BadConfig: a suite is null, and no file has a suite of this name: its name is mistyped, or a file is missing.
    """
    suites = config.get("suites")
    if not isinstance(suites, dict):
        return
    removed = [name for name, axes in suites.items() if axes is None]
    for name in removed:
        del suites[name]
    if files is None:
        return
    each = [one["suites"] for one in files if isinstance(one.get("suites"), dict)]
    known = {name for own in each for name, axes in own.items() if axes is not None}
    for name in removed:
        if name not in known:
            near = difflib.get_close_matches(str(name), sorted(known), 1)
            raise BadConfig(
                f"config: suites.{name} is null, which removes a suite, but no file of the config has a suite of this "
                f"name{f'; did you mean {near[0]!r}?' if near else ''}"
            )


def check_config(config: dict[str, Any], schema: Path) -> None:
    """Check a merged config against the schema.

    Raises:
        BadConfig: a key is unknown, missing or renamed, or a value has the wrong type or size.
    """
    import jsonschema
    import yaml

    if place := too_large(config):
        raise BadConfig(
            f"config: {place[:200]} stands for more than {MOST:,} values, by aliases of aliases (&, *); write it out"
        )
    _check_renamed(config)
    _check_numbers(config, "", set())

    validator = jsonschema.Draft202012Validator(yaml.safe_load(schema.read_text(encoding="utf-8")))
    error = jsonschema.exceptions.best_match(validator.iter_errors(config))
    if error is None:
        return
    place = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = list(error.schema["properties"])
        unknown = ", ".join(repr(key) for key in error.instance if key not in known)
        raise BadConfig(
            f"config: unknown key {unknown} {f'in {place}' if place else 'at top level'}; known: {', '.join(known)}"
        )
    raise BadConfig(
        f"config: {place or 'top level'}: {error.message}; config/README.md explains every key"
    )


def _check_numbers(value: Any, place: str, seen: set[int]) -> None:
    """Refuse numbers that no setting can have, wherever they stand: not finite, or too large to be kept exactly."""
    if isinstance(value, (dict, list)):
        if id(value) in seen:  # the same object in several places, by an alias of YAML
            return
        seen.add(id(value))
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            _check_numbers(item, f"{place}.{key}" if place else str(key), seen)
    elif isinstance(value, float) and not math.isfinite(value):
        raise BadConfig(f"config: {place}: {value} is not a finite number")
    elif isinstance(value, int) and abs(value) > LARGEST:
        raise BadConfig(f"config: {place}: a number is too large; the largest is {LARGEST}")


def _check_renamed(config: dict[str, Any]) -> None:
    """Refuse keys of earlier versions; the message gives the new name."""
    evaluation = _items(config, "evaluation")
    places = [("evaluation", "evaluation", evaluation)]
    for name, axes in _items(config, "suites").items():
        places.append(("suites", f"suites.{name}", axes))
    for name, own in _items(evaluation, "domains").items():
        places.append(("evaluation", f"evaluation.domains.{name}", own))
    for name, entry in _items(config, "methods").items():
        places.append(("options", f"methods.{name}.options", _items(entry, "options")))
    for section, place, entry in places:
        for key in entry if isinstance(entry, dict) else ():
            if key in RENAMED[section]:
                raise BadConfig(
                    f"config: {place}.{key} is now called {RENAMED[section][key]}; rename it"
                )


def _items(value: Any, key: str) -> dict[str, Any]:
    """Return the mapping under a key; empty if there is none, whatever stands there: the schema refuses it later."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}
