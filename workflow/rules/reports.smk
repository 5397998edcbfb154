localrules:
    scores,
    table2,
    cost,
    data_page,
    partial_report,
    partial,


rule table2:
    input:
        "results/{scale}/{suite}/scores.parquet",
    output:
        report(
            "reports/{scale}/{suite}/table2.html",
            caption="../report/table2.rst",
            category="MuJoCo",
            subcategory="Table 2",
            labels={"page": "table", "format": "HTML"},
        ),
        report(
            "reports/{scale}/{suite}/table2.csv",
            caption="../report/table2_csv.rst",
            category="MuJoCo",
            subcategory="Table 2",
            labels={"page": "numbers", "format": "CSV"},
        ),
        report(
            "reports/{scale}/{suite}/table2.png",
            caption="../report/table2_figure.rst",
            category="MuJoCo",
            subcategory="Table 2",
            labels={"page": "figure", "format": "PNG"},
        ),
        report(
            "reports/{scale}/{suite}/table2.svg",
            caption="../report/table2_figure.rst",
            category="MuJoCo",
            subcategory="Table 2",
            labels={"page": "figure", "format": "SVG"},
        ),
        "reports/{scale}/{suite}/table2.md",
        "reports/{scale}/{suite}/table2.tex",
    log:
        "logs/{scale}/{suite}/table2.log",
    conda:
        "../../environment.yml"
    params:
        code=code(
            "bench/report.py",
            "bench/figures.py",
            "bench/figures.mplstyle",
            "bench/quoted/tables.csv",
        ),
    message:
        "Writing Table 2 of {wildcards.suite}"
    shell:
        "python -m bench table2 --scores {input:q} --scale {wildcards.scale} --out {output:q} > {log:q} 2>&1"


rule cost:
    input:
        records=results_of,
        clocks=clocks_of,
    output:
        report(
            "reports/{scale}/{suite}/cost.html",
            caption="../report/cost.rst",
            category="MuJoCo",
            subcategory="Cost",
            labels={"page": "cost", "format": "HTML"},
        ),
        "reports/{scale}/{suite}/cost.md",
    log:
        "logs/{scale}/{suite}/cost.log",
    conda:
        "../../environment.yml"
    params:
        code=code("bench/report.py"),
        config=merged_config,
    message:
        "Adding up what the runs of {wildcards.suite} cost"
    shell:
        "python -m bench cost --config {params.config:q} --out {output:q} --records {input.records:q} > {log:q} 2>&1"


rule data_page:
    input:
        data_of_suite,
    output:
        report(
            "reports/{scale}/{suite}/data.html",
            caption="../report/data.rst",
            category="Data",
            labels={"page": "data sets", "format": "HTML"},
        ),
        report(
            "reports/{scale}/{suite}/data.png",
            caption="../report/data_figure.rst",
            category="Data",
            labels={"page": "returns and lengths", "format": "PNG"},
        ),
        "reports/{scale}/{suite}/data.md",
    log:
        "logs/{scale}/{suite}/data.log",
    conda:
        "../../environment.yml"
    params:
        code=code(
            "bench/datasets/describe.py",
            "bench/datasets/d4rl_files.csv",
            "bench/figures.mplstyle",
        ),
        task_constants=tasks_of_suite,
    message:
        "Describing the data of {wildcards.suite}"
    shell:
        "python -m bench data-page --scale {wildcards.scale} --out {output:q} --data {input:q} > {log:q} 2>&1"


rule partial_report:
    output:
        "reports/{scale}/{suite}/partial.md",
    log:
        "logs/{scale}/{suite}/partial.log",
    conda:
        "../../environment.yml"
    params:
        code=code("bench/report.py", "bench/quoted/tables.csv"),
        found=existing_results_of,
        config=merged_config,
    message:
        "Listing what is there of {wildcards.suite}"
    shell:
        "python -m bench partial --config {params.config:q} --suite {wildcards.suite} --out {output:q} > {log:q} 2>&1 "
        "&& cat {output:q}"


rule partial:
    input:
        [f"reports/{PLAN.scale}/{suite}/partial.md" for suite in PLAN.runs],


# a target for each suite of the config; the first, or `mujoco` where there is one, is the default
for name in PLAN.runs:

    rule:
        name:
            f"all_{name}"
        default_target: name == DEFAULT_SUITE
        input:
            pages(name),
        localrule: True
