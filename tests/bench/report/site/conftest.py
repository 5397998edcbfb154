"""A small scale, of which sites are made."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.report.site.context import Context
from bench.report.site.inputs import Inputs
from tests.helpers.site import write_scale


@pytest.fixture(scope="session")
def scale(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """A finished scale. Tests must not change its files."""
    return write_scale(tmp_path_factory.mktemp("scale"))


@pytest.fixture
def context(scale: Inputs, tmp_path: Path) -> Context:
    return Context.of(scale, tmp_path / "site")
