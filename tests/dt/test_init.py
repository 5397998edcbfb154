"""dt/__init__.py: the public names, and that they cost nothing until they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import dt
from bench.core.code import ROOT
from dt import config, method, model


def test_public_names() -> None:
    assert dt.Config is config.Config
    assert dt.DecisionTransformer is model.DecisionTransformer
    assert dt.load is method.load
    assert set(dt.__all__) <= set(dir(dt))


def test_the_network_is_made_as_a_reader_would_try_it() -> None:
    network = dt.DecisionTransformer(11, 3, horizon=1000, config=dt.Config(layers=1))
    assert sum(parameter.numel() for parameter in network.parameters()) > 1e5


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'dt' has no attribute 'Transformer'"):
        dt.Transformer  # noqa: B018


def test_importing_dt_does_not_import_torch() -> None:
    code = "import dt, sys; assert 'torch' not in sys.modules and 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
