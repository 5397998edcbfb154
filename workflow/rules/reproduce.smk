# Train and evaluate one cheap run of each method and kind of data again, and compare it with its record: `make reproduce`.
# Missing records are made first. `--rerun-triggers mtime` keeps the records of older code, which are to be compared
localrules:
    reproduce,
    link,


REPRODUCED = list(needed(PLAN).values())


rule reproduce:
    input:
        REPRODUCED,
    log:
        f"logs/{PLAN.scale}/reproduce.log",
    conda:
        "../../environment.yml"
    message:
        "Running runs of {config[name]} again, one of each method and kind of data"
    shell:
        "python -m bench reproduce {input:q} 2>&1 | tee {log:q}"


# the same; if all results are equal, the current code is linked to the code of the records
rule link:
    input:
        REPRODUCED,
    log:
        f"logs/{PLAN.scale}/link.log",
    conda:
        "../../environment.yml"
    params:
        config=whole_config,
    message:
        "Linking the current code to the code of the records of {config[name]}"
    shell:
        "python -m bench reproduce {input:q} --link {params.config:q} 2>&1 | tee {log:q}"
