# The Decision Transformer benchmark: `snakemake --cores 8 all_mujoco`. The rules are in workflow/rules, the settings in config.
from snakemake.utils import min_version

min_version("9.0")


configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/plan.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/runs.smk"
include: "workflow/rules/scores.smk"
include: "workflow/rules/reports.smk"
include: "workflow/rules/reproduce.smk"


if workflow.is_main_process:
    announce_obstacles()
    announce_unlisted_methods()


# without a target: the artifacts of the suite `mujoco`, or of the first suite of the config. It stands in this file,
# because Snakemake takes no default target from an included one
rule default:
    default_target: True
    input:
        artifacts_of(DEFAULT_SUITE),
    localrule: True


onstart:
    warn_of_a_shared_gpu()


onsuccess:
    makes_artifacts() and finished()


onerror:
    makes_artifacts() and unfinished()
