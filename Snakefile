# The Decision Transformer benchmark: `snakemake --cores 8 all_mujoco`. The rules are in workflow/rules, the settings in config.
from snakemake.utils import min_version

min_version("9.0")


configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/plan.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/runs.smk"
include: "workflow/rules/scores.smk"
include: "workflow/rules/reports.smk"
include: "workflow/rules/reproduce.smk"


if workflow.is_main_process:
    announce_obstacles()


onsuccess:
    makes_artifacts() and finished()


onerror:
    makes_artifacts() and unfinished()
