"""A config on the command line: the merged one as JSON, as the workflow gives it, or a file of config/."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.cli.parser import many
from bench.cli.values import did_you_mean, json_object
from bench.core.code import ROOT

DEFAULT = Path("config", "config.yaml")
SCHEMA = Path("workflow", "schemas", "config.schema.yaml")


def is_config(word: str) -> bool:
    """Return whether a word of a command line is the path of a config, or JSON."""
    return word.endswith((".yaml", ".yml")) or _is_json([word])


def config_option() -> Callable[[Any], Any]:
    """Return the option `--config` of a command that needs one; `read_config` and `given_config` take its values."""
    return many(
        "--config",
        required=True,
        more=is_config,
        help="files such as config/desk.yaml, each laid over the one before, or the merged config as JSON",
    )


def read_config(given: str | Sequence[str | Path]) -> dict[str, Any]:
    """Return a merged config, checked against the schema.

    Args:
        given: JSON, or the paths of YAML files. The values of the first file are merged over those of
            config/config.yaml, those of the next file over these, as the workflow does.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the text is neither JSON nor the path of a config, or a value is unknown or has the
            wrong type.
    """
    from bench.runs.schema import check_config, remove_null_suites

    config = _merged(given)
    remove_null_suites(config, contents_of(given))
    check_config(config, ROOT / SCHEMA)
    return config


def config_of_scale(scale: str) -> list[Path]:
    """Return the files of the config of a scale, as `read_config` takes them.

    Raises:
        ValueError: no file of config/ has this name.
    """
    names = {
        _read(path).get("name"): path for path in sorted((ROOT / DEFAULT.parent).glob("*.yaml"))
    }
    if scale not in names:
        known = [str(name) for name in names if name]
        near = did_you_mean(scale, known) or ";"
        raise ValueError(
            f"no file of config/ has the name {scale!r}{near} there are {', '.join(sorted(known))}. `--config` names a "
            "file of your own"
        )
    return [names[scale]]


def given_config(given: str | Sequence[str | Path]) -> dict[str, Any]:
    """Return the config of files as `read_config` does, and JSON as it is: the workflow gives some commands only the
    part of the config that they need.

    Args:
        given: as for `read_config`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the text is neither JSON nor the path of a config, or a value of a file is wrong.
    """
    return _merged(given) if _is_json(_each(given)) else read_config(given)


def contents_of(given: str | Sequence[str | Path]) -> list[dict[str, Any]] | None:
    """Return the contents of the files that a config is merged from, config/config.yaml first; None for JSON.

    Args:
        given: as for `read_config`.

    Raises:
        ValueError: a file is not a config.
    """
    each = _each(given)
    if _is_json(each):
        return None
    return [_read(path) for path in (ROOT / DEFAULT, *map(Path, each))]


def _each(given: str | Sequence[str | Path]) -> list[str]:
    return [given] if isinstance(given, str) else [str(one) for one in given]


def _is_json(each: list[str]) -> bool:
    return any(one.lstrip().startswith("{") for one in each)


def _json(text: str) -> dict[str, Any]:
    try:
        return json_object(text)
    except ValueError as error:
        raise ValueError(f"--config: {error}") from error


def _merged(given: str | Sequence[str | Path]) -> dict[str, Any]:
    each = _each(given)
    if _is_json(each):
        if len(each) > 1:
            raise ValueError("--config: JSON is a whole config; give it alone, or files")
        return _json(each[0])
    return _merged_files([Path(one) for one in each])


def _merged_files(paths: Sequence[Path]) -> dict[str, Any]:
    from snakemake.utils import update_config

    config = _read(ROOT / DEFAULT)
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(
                f"--config: there is no file {path}; give a file such as config/desk.yaml, or JSON"
            )
        update_config(config, _read(path))
    return config


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_safe_loader())  # noqa: S506 (a safe one)
    except yaml.YAMLError as error:
        raise ValueError(f"--config: {path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise ValueError(f"--config: {path} is not a config")
    return dict(content)


def _safe_loader() -> Any:
    """Return the safe loader of libyaml, which is ten times as fast, where PyYAML was built with it."""
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
