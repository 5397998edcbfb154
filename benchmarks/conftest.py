"""Every benchmark uses one thread, as runs do. A ratio compares two subjects of the same benchmark run."""

import pytest

from bench.core.machine import prepare


@pytest.fixture(autouse=True)
def as_a_run():
    prepare("cpu")
