rule generate:
    output:
        multiext(
            "data/generated/{task}/{steps}-{seed}/",
            "manifest.json",
            "observations.npy",
            "actions.npy",
            "rewards.npy",
            "terminals.npy",
            "timeouts.npy",
            "final_observations.npy",
        ),
    log:
        "logs/data/generated/{task}/{steps}-{seed}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        code=code("bench/datasets/generated.py", "bench/environments/reacher2d.xml"),
        task=task_constants,
        zoo=zoo_digest,
        out=folder_of_output,
    message:
        "Rolling out {wildcards.task}"
    shell:
        "python -m bench data generate --task {wildcards.task} --steps {wildcards.steps} --seed {wildcards.seed} "
        "--out {params.out:q} > {log:q} 2>&1"
