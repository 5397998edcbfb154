rule scores:
    input:
        records=records_of,
        clocks=clocks_of,
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
        "python -m bench scores --config {params.config:q} --suite {wildcards.suite} --out {output:q} {input.records:q} > {log:q} 2>&1"
