"""A correction to how Snakemake's executor for Slurm reports a group of jobs that it could not submit."""

from __future__ import annotations


def give_groups_a_rule() -> None:
    """Let a group of jobs have the attribute `rule`, as a single job has.

    If the executor (2.8.0) cannot submit a job, because `sinfo` or `sacctmgr` failed for a moment, it reports the
    error with `job.rule.name`. A group had no `rule`: the report failed in a thread of its own, nobody saw either
    error, and Snakemake waited for the group without end. With the attribute the error is shown, and the group is
    submitted again as often as `retries` allows.
    """
    from snakemake.jobs import GroupJob

    if not hasattr(GroupJob, "rule"):
        GroupJob.rule = property(lambda group: group)  # the executor reads its name only
