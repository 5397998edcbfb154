# What a job asks a cluster for; on one machine nobody reads these numbers
DAY = 24 * 60
GPU = int(config["device"].startswith("cuda"))


# the measured memory of a run is at most 0.9 GB on MuJoCo and on Atari; a job that was killed for its memory gets more
def memory(megabytes):
    def of_attempt(wildcards, attempt):
        return megabytes * attempt

    return of_attempt


@cache
def minutes_of_jobs():
    from bench.report.job_minutes import job_minutes

    return job_minutes(PLAN, config, Path("results"))


def minutes_of_run(run):
    from bench.report.job_minutes import unknown_minutes

    return minutes_of_jobs().get(run) or unknown_minutes()


# minutes of a rule, from measured costs; a job that the time limit stopped gets more
def minutes(rule):
    def of_run(wildcards, attempt):
        if not workflow.non_local_exec:
            return DAY
        return attempt * minutes_of_run(run_of(wildcards))[rule]

    return of_run


# on one machine nothing else keeps the jobs of a GPU apart
def warn_of_a_shared_gpu():
    if GPU and workflow.local_exec and "gpu" not in workflow.global_resources:
        print(
            "The runs share the GPU at the same time; with `--resources gpu=1` they use it one after another.",
            file=sys.stderr,
        )


# Snakemake waits without end for a group of jobs that its executor for Slurm could not submit
give_groups_a_rule()
