"""The interval of the IQM over 9 tasks of 10 runs by 50,000 replicates, beside rliable's.

rliable 1.2.0 cannot be imported beside pandas 3; an environment of its own has both (pip install
rliable==1.2.0 "pandas<3" "arch<8" scipy pytest-benchmark).
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
    reason = 'rliable is not installed or not importable, as beside pandas 3: it needs "pandas<3"'
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
