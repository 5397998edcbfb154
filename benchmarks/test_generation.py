"""The generation of data: environment steps per second on one core, for each domain and kind of data.

`generate` does everything from the weights to the finished folder: the policy, the simulation, and the hashes.
"""

import numpy as np
import pytest

from bench.behaviours.generate import generate
from bench.report.behaviours import shipped
from bench.tasks.registry import task_by_name

STEPS = (
    100_000  # as in scale quick; short data sets are slower, because the last episodes run alone
)


@pytest.mark.parametrize("kind", ["medium", "medium-replay"])
@pytest.mark.parametrize("domain", [domain.name for domain, _ in shipped()])
def test_generation(benchmark, tmp_path, domain, kind):
    task, made = task_by_name(f"{domain}-{kind}"), []

    def once():
        made.append(generate(task, STEPS, 0, tmp_path / "data").steps)

    benchmark.pedantic(once, rounds=3)
    benchmark.extra_info["steps_per_second"] = round(np.mean(made) / benchmark.stats["median"])
    assert min(made) > 0.5 * STEPS
