"""The interval of the IQM over 9 tasks with 10 runs each and 50,000 replicates, compared with rliable's.

rliable 1.2.0 cannot be imported together with pandas 3. It needs its own environment: pip install rliable==1.2.0
"pandas<3" "arch<8" scipy pytest-benchmark.
"""

import numpy as np
import pytest

from bench.stats.aggregates import iqm
from bench.stats.bootstrap import interval

TASKS, RUNS, REPLICATES = 9, 10, 50_000
SCORES = np.random.default_rng(0).normal(70, 10, (TASKS, RUNS))


def ours():
    return lambda: interval(iqm, SCORES, generator=np.random.default_rng(1), replicates=REPLICATES)


def rliable():
    reason = 'rliable is not installed, or pandas is 3 or newer: rliable needs "pandas<3"'
    library = pytest.importorskip("rliable.library", reason=reason, exc_type=Exception)
    metrics = pytest.importorskip("rliable.metrics", reason=reason)

    def bounds():
        _, intervals = library.get_interval_estimates(
            {"method": SCORES.T}, lambda x: np.array([metrics.aggregate_iqm(x)]), reps=REPLICATES
        )
        return intervals["method"][:, 0]

    return bounds


@pytest.mark.benchmark(
    group=f"interval of the IQM, {TASKS} tasks, {RUNS} runs, {REPLICATES:,} draws"
)
@pytest.mark.parametrize("subject", [ours, rliable], ids=lambda subject: subject.__name__)
def test_interval(benchmark, subject):
    low, high = benchmark.pedantic(subject(), rounds=5, warmup_rounds=1)
    assert low < iqm(SCORES) < high
