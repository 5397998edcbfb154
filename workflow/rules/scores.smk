rule scores:
    input:
        records_of,
    output:
        "results/{scale}/{suite}/scores.parquet",
    log:
        "logs/{scale}/{suite}/scores.log",
    conda:
        "../../environment.yml"
    params:
        code=code("bench/report/scores.py", "bench/runs/plan.py"),
        config=config_of_suite,
    message:
        "Collecting the records of {wildcards.suite}"
    shell:
        "python -m bench scores --config {params.config:q} --suite {wildcards.suite} --out {output:q} {input:q} > {log:q} 2>&1"
