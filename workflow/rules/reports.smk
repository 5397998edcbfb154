localrules:
    cost,
    time_to_score,
    trials,
    data_summary,
    video,
    scores,
    claims,
    partial_report,
    partial,
    all_claims,
    all,


# files that the report of `snakemake --report` leaves out
OUTSIDE = (".md", ".tex", ".pdf")

# one rule for each artifact of the config
for artifact in dict.fromkeys(
    name for names in PLAN.artifacts.values() for name in names
):

    rule:
        name:
            artifact
        input:
            "results/{scale}/{suite}/scores.parquet",
        output:
            [
                report(
                    f"reports/{{scale}}/{{suite}}/{artifact}{suffix}",
                    caption="../report/artifact.rst",
                    category=category_of(artifact),
                    subcategory=ARTIFACTS[artifact].title,
                    labels=labelled(
                        f"{{suite}}: {PARTS.get(suffix, 'figure')}", suffix
                    ),
                )
                for suffix in ARTIFACTS[artifact].suffixes
                if suffix not in OUTSIDE
            ],
            [
                f"reports/{{scale}}/{{suite}}/{artifact}{suffix}"
                for suffix in ARTIFACTS[artifact].suffixes
                if suffix in OUTSIDE
            ],
        log:
            f"logs/{{scale}}/{{suite}}/{artifact}.log",
        localrule: True
        conda:
            "../../environment.yml"
        params:
            code=code(
                artifact_file(artifact), "bench/report/figures.mplstyle", *PAPER_TABLES
            ),
            artifact=artifact,
            caption=caption_of(artifact),
        message:
            "Making {params.artifact} of {wildcards.suite}"
        shell:
            "python -m bench artifact {params.artifact} --scores {input:q} --scale {wildcards.scale} --out {output:q} > {log:q} 2>&1"


rule claims:
    input:
        scores_of_claims,
    output:
        report(
            "reports/{scale}/{ledger}.html",
            caption="../report/claims.rst",
            category="Claims",
            labels=labelled("{ledger}", ".html"),
        ),
        report(
            "reports/{scale}/{ledger}.csv",
            caption="../report/claims.rst",
            category="Claims",
            labels=labelled("{ledger}: numbers", ".csv"),
        ),
        "reports/{scale}/{ledger}.md",
    log:
        "logs/{scale}/{ledger}.log",
    conda:
        "../../environment.yml"
    params:
        code=code(
            "bench/report/claims/ledger.py",
            "bench/report/claims/claims.yaml",
            "bench/report/claims/open_questions.yaml",
        ),
        suites=lambda wildcards: LEDGERS[wildcards.ledger],
    message:
        "Making the ledger of the claims: {wildcards.ledger}"
    shell:
        "python -m bench claims --scale {wildcards.scale} --out {output:q} --suites {params.suites} --scores {input:q} "
        "> {log:q} 2>&1"


rule cost:
    input:
        records=results_of,
        clocks=clocks_of,
    output:
        report(
            "reports/{scale}/{suite}/cost.html",
            caption="../report/cost.rst",
            category="Cost",
            subcategory="{suite}",
            labels=labelled("{suite}: cost", ".html"),
        ),
        "reports/{scale}/{suite}/cost.md",
    log:
        "logs/{scale}/{suite}/cost.log",
    conda:
        "../../environment.yml"
    params:
        code=code("bench/report/cost.py"),
        config=config_of_suite,
    message:
        "Adding up the cost of the runs of {wildcards.suite}"
    shell:
        "python -m bench cost --config {params.config:q} --suite {wildcards.suite} --out {output:q} --records {input.records:q} > {log:q} 2>&1"


rule time_to_score:
    input:
        records=results_of,
        clocks=clocks_of,
    output:
        report(
            "reports/{scale}/{suite}/time_to_score.html",
            caption="../report/time_to_score.rst",
            category="Cost",
            subcategory="{suite}",
            labels=labelled("{suite}: time to score", ".html"),
        ),
        "reports/{scale}/{suite}/time_to_score.csv",
        "reports/{scale}/{suite}/time_to_score.md",
    log:
        "logs/{scale}/{suite}/time_to_score.log",
    conda:
        "../../environment.yml"
    params:
        code=code("bench/report/time_to_score.py"),
        config=config_of_suite,
    message:
        "Measuring how long runs of {wildcards.suite} take to reach a score"
    shell:
        "python -m bench time-to-score --config {params.config:q} --suite {wildcards.suite} --out {output:q} "
        "--records {input.records:q} > {log:q} 2>&1"


rule trials:
    input:
        records=results_of,
        clocks=clocks_of,
    output:
        report(
            "reports/{scale}/{suite}/trials.html",
            caption="../report/trials.rst",
            category="Trials",
            labels=labelled("{suite}: trials", ".html"),
        ),
        "reports/{scale}/{suite}/trials.csv",
        "reports/{scale}/{suite}/trials.md",
    log:
        "logs/{scale}/{suite}/trials.log",
    conda:
        "../../environment.yml"
    params:
        code=code("bench/report/trials.py"),
        config=config_of_suite,
    message:
        "Comparing the trials of {wildcards.suite}"
    shell:
        "python -m bench trials --config {params.config:q} --suite {wildcards.suite} --out {output:q} "
        "--records {input.records:q} > {log:q} 2>&1"


rule video:
    input:
        video_of,
    output:
        report(
            "reports/{scale}/{suite}/{video}.gif",
            caption="../report/episode.rst",
            category=category_of_video,
            subcategory="Videos",
            labels=labelled("{suite}: {video}", ".gif"),
        ),
    log:
        "logs/{scale}/{suite}/video-{video}.log",
    conda:
        "../../environment.yml"
    params:
        code=video_code,
        run=folder_of_input,
        arguments=video_arguments,
    message:
        "Recording a video: {wildcards.video} of {wildcards.suite}"
    shell:
        "python -m bench video --run {params.run:q} {params.arguments} --out {output:q} > {log:q} 2>&1"


rule data_summary:
    input:
        data_of_suite,
    output:
        report(
            "reports/{scale}/{suite}/data.html",
            caption="../report/data.rst",
            category="Data",
            labels=labelled("{suite}: data sets", ".html"),
        ),
        report(
            "reports/{scale}/{suite}/data.png",
            caption="../report/data_figure.rst",
            category="Data",
            labels=labelled("{suite}: returns and lengths", ".png"),
        ),
        "reports/{scale}/{suite}/data.md",
    log:
        "logs/{scale}/{suite}/data.log",
    conda:
        "../../environment.yml"
    params:
        code=code(
            "bench/report/datasets.py",
            "bench/datasets/readers/d4rl_files.csv",
            "bench/report/figures.mplstyle",
        ),
        task_constants=tasks_of_suite,
    message:
        "Describing the data of {wildcards.suite}"
    shell:
        "python -m bench data-summary --scale {wildcards.scale} --out {output:q} --data {input:q} > {log:q} 2>&1"


rule partial_report:
    output:
        "reports/{scale}/{suite}/partial.md",
    log:
        "logs/{scale}/{suite}/partial.log",
    conda:
        "../../environment.yml"
    params:
        code=code("bench/report/artifacts/partial.py", "bench/paper/tables.csv"),
        found=existing_records_of,
        config=config_of_suite,
    message:
        "Listing the finished and the missing runs of {wildcards.suite}"
    shell:
        "python -m bench partial --config {params.config:q} --suite {wildcards.suite} --out {output:q} > {log:q} 2>&1 "
        "&& cat {output:q}"


rule partial:
    input:
        [f"reports/{PLAN.scale}/{suite}/partial.md" for suite in PLAN.runs],


# a target for each suite of the config
for name in PLAN.runs:

    rule:
        name:
            f"all_{name}"
        input:
            artifacts_of(name),
        localrule: True


# the ledger of all claims, with every suite that a claim needs
rule all_claims:
    input:
        f"reports/{PLAN.scale}/claims.md",


# every artifact of every suite, and the ledger of all claims
rule all:
    input:
        f"reports/{PLAN.scale}/claims.md",
        [artifacts_of(suite) for suite in PLAN.runs],


# all artifacts of a family's suites, and the ledger of these suites: paper_mujoco, ...
for family in [name for name in FAMILIES if suites_of_family(name)]:

    rule:
        name:
            f"paper_{family}"
        input:
            # without a suite that a claim needs there is no ledger
            f"reports/{PLAN.scale}/claims_{family}.md"
            if LEDGERS[f"claims_{family}"]
            else [],
            [artifacts_of(suite) for suite in suites_of_family(family)],
        localrule: True


# all artifacts of a group of suites, and their ledger if a claim needs one of them: all_open_questions
for group, suites in PLAN.groups.items():

    rule:
        name:
            f"all_{group}"
        input:
            # as with families: no claim, no ledger
            f"reports/{PLAN.scale}/claims_{group}.md"
            if LEDGERS[f"claims_{group}"]
            else [],
            [artifacts_of(suite) for suite in suites],
        localrule: True
