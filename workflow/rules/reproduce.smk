# Run one cheap run of each method and kind of data again, and compare with its record: `make reproduce`. Records that are
# missing are made first; `--rerun-triggers mtime` keeps those of older code, which are the ones to compare with
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


# the same, and where all is equal the code of now is linked to the records' code
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
        "Linking the code of now to that of the records of {config[name]}"
    shell:
        "python -m bench reproduce {input:q} --link {params.config:q} 2>&1 | tee {log:q}"
