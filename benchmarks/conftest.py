"""Every figure is taken with one thread, as runs are; a ratio compares two subjects of one run."""

import pytest

from bench.core.machine import prepare


@pytest.fixture(autouse=True)
def as_a_run():
    prepare("cpu")
