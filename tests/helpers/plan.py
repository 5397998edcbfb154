"""Configs of the repository, merged as Snakemake merges them."""

from __future__ import annotations

from typing import Any

import yaml
from snakemake.utils import update_config

from bench.core.code import ROOT
from bench.tasks.registry import FAMILIES

GAMES = tuple(FAMILIES["atari"].domains)


def read(*names: str) -> dict[str, Any]:
    """Merge files of config/ as Snakemake does."""
    config: dict[str, Any] = {}
    for name in names:
        update_config(config, yaml.safe_load((ROOT / "config" / name).read_text()))
    return config


SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"
