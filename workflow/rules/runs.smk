rule train:
    input:
        data=data_of,
    output:
        policy=RUN + "/policy.safetensors",
        training=RUN + "/training.json",
    log:
        "logs/{scale}/train/{task}/{reward}/{percent}/{method}/{seed}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=24 * 60,
        gpu=GPU,
    params:
        code=method_code("bench/train.py"),
        task=task_constants,
        variant=variant_arguments,
        curve=config["training"]["curve"],
        device=config["device"],
        run=RUN,
        data=lambda wildcards, input: str(Path(input.data).parent),
    message:
        "Training {wildcards.method} on {wildcards.task}, seed {wildcards.seed}"
    shell:
        "python -m bench train --run {params.run:q} --data {params.data:q} {params.variant} "
        "--curve {params.curve} --device {params.device} > {log:q} 2>&1"


rule evaluate:
    input:
        RUN + "/policy.safetensors",
        RUN + "/training.json",
    output:
        RUN + "/result.json",
        RUN + "/run.json",
    log:
        "logs/{scale}/evaluate/{task}/{reward}/{percent}/{method}/{seed}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=4 * 60,
        gpu=GPU,
    params:
        code=method_code("bench/evaluate.py"),
        task=task_constants,
        episodes=config["evaluation"]["episodes"],
        lanes=config["evaluation"]["lanes"],
        curve=config["evaluation"]["curve_episodes"],
        device=config["device"],
        run=RUN,
    message:
        "Evaluating {wildcards.method} on {wildcards.task}, seed {wildcards.seed}"
    shell:
        "python -m bench evaluate --run {params.run:q} --episodes {params.episodes} --lanes {params.lanes} "
        "--curve-episodes {params.curve} --device {params.device} > {log:q} 2>&1"
