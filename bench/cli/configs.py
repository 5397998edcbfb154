"""A config on the command line: the merged one as JSON, as the workflow gives it, or a file of config/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.core.code import ROOT

DEFAULT = Path("config", "config.yaml")
SCHEMA = Path("workflow", "schemas", "config.schema.yaml")


def read_config(given: str) -> dict[str, Any]:
    """Return a merged config, checked against the schema.

    Args:
        given: JSON, or the path of a YAML file. The values of a file are merged over those of
            config/config.yaml, as the workflow does.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the text is neither JSON nor the path of a config, or a value is unknown or has the
            wrong type.
    """
    from bench.runs.schema import check_config

    config = merged_config(given)
    check_config(config, ROOT / SCHEMA)
    return config


def merged_config(given: str) -> dict[str, Any]:
    """Return a merged config that is not checked: the workflow gives some commands only the part that they need.

    Args:
        given: as for `read_config`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the text is neither JSON nor YAML.
    """
    return _json(given) if given.lstrip().startswith("{") else _files(Path(given))


def _json(text: str) -> dict[str, Any]:
    try:
        config: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise ValueError(f"--config is not JSON: {error}") from error
    return config


def _files(path: Path) -> dict[str, Any]:
    import yaml
    from snakemake.utils import update_config

    if not path.is_file():
        raise FileNotFoundError(
            f"--config: there is no file {path}; give a file such as config/desk.yaml, or JSON"
        )
    try:
        config, own = (
            yaml.safe_load(one.read_text(encoding="utf-8")) for one in (ROOT / DEFAULT, path)
        )
    except yaml.YAMLError as error:
        raise ValueError(f"--config: {path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(own, dict):
        raise ValueError(f"--config: {path} is not a config")
    update_config(config, own)
    return dict(config)
