"""A group of jobs that Snakemake's executor for Slurm cannot submit is reported, and nobody waits for it."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake.jobs import GroupJob
from snakemake_interface_common.exceptions import WorkflowError

from bench.core.groups import give_groups_a_rule

slurm = pytest.importorskip("snakemake_executor_plugin_slurm")


class Executor(slurm.Executor):  # type: ignore[misc, name-defined]
    """The executor at the moment at which `sinfo` fails; `_fallback_partition` is what it would have answered."""

    def __init__(self, folder: Any) -> None:
        self.slurm_logdir, self.logger = folder, logging.getLogger("test")
        self.workflow = SimpleNamespace(workdir_init=str(folder))
        self.run_uuid, self._main_event_loop, self._partitions = "run", None, None
        self.reported: list[str] = []

    def get_account_arg(self, job: Any) -> Any:
        yield ""

    def get_partition_arg(self, job: Any) -> str:
        raise WorkflowError("Failed to run sinfo")

    def report_job_error(self, job_info: Any, msg: str = "", **more: Any) -> None:
        assert isinstance(job_info.job, GroupJob)
        self.reported.append(msg)


@pytest.fixture
def group() -> Any:
    made = GroupJob.__new__(GroupJob)
    made._groupid, made._jobs, made._resources = "run", frozenset(), {}
    return made


def test_a_group_that_cannot_be_submitted_is_reported(group: Any, tmp_path: Any) -> None:
    give_groups_a_rule()
    executor = Executor(tmp_path)
    executor.run_job(group)
    (message,) = executor.reported
    assert "Failed to run sinfo" in message


def test_without_it_the_error_is_lost(
    group: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When this fails, the executor has been mended, and `give_groups_a_rule` can go."""
    give_groups_a_rule()
    monkeypatch.delattr(GroupJob, "rule")
    executor = Executor(tmp_path)
    with pytest.raises(AttributeError, match="rule"):
        executor.run_job(group)
    assert executor.reported == []
