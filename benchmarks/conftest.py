"""Every figure is taken with one thread; a ratio compares two subjects of one run."""

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)
