rule train:
    input:
        data_of,
    output:
        "results/{scale}/runs/{task}/{reward}/{percent}/{method}/{seed}/policy.safetensors",
        "results/{scale}/runs/{task}/{reward}/{percent}/{method}/{seed}/training.json",
    log:
        "logs/{scale}/train/{task}/{reward}/{percent}/{method}/{seed}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(3000),
        runtime=minutes("train"),
        gpu=GPU,
    params:
        code=training_code,
        task=task_constants,
        variant=variant_arguments,
        curve=learning_curve,
        device=config["device"],
        run=folder_of_output,
        data=folder_of_input,
    message:
        "Training {wildcards.method} on {wildcards.task}, seed {wildcards.seed}"
    shell:
        "python -m bench train --run {params.run:q} --data {params.data:q} {params.variant} "
        "--curve {params.curve} --device {params.device} > {log:q} 2>&1"


rule evaluate:
    input:
        "results/{scale}/runs/{task}/{reward}/{percent}/{method}/{seed}/policy.safetensors",
        "results/{scale}/runs/{task}/{reward}/{percent}/{method}/{seed}/training.json",
    output:
        "results/{scale}/runs/{task}/{reward}/{percent}/{method}/{seed}/result.json",
        "results/{scale}/runs/{task}/{reward}/{percent}/{method}/{seed}/run.json",
    log:
        "logs/{scale}/evaluate/{task}/{reward}/{percent}/{method}/{seed}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes("evaluate"),
        gpu=GPU,
    params:
        code=evaluation_code,
        task=task_constants,
        episodes=evaluation("episodes"),
        num_envs=evaluation("num_envs"),
        curve=evaluation("curve_episodes"),
        most=evaluation_option("max_steps", "--max-steps"),
        listed=evaluation_option("episode_list", "--episode-list"),
        device=config["device"],
        run=folder_of_output,
    message:
        "Evaluating {wildcards.method} on {wildcards.task}, seed {wildcards.seed}"
    shell:
        "python -m bench evaluate --run {params.run:q} --episodes {params.episodes} --num-envs {params.num_envs} "
        "--curve-episodes {params.curve} {params.most} {params.listed} --device {params.device} > {log:q} 2>&1"


rule sweep:
    input:
        "results/{scale}/runs/{task}/{reward}/{percent}/{method}/{seed}/policy.safetensors",
        "results/{scale}/runs/{task}/{reward}/{percent}/{method}/{seed}/training.json",
        data=data_of,
    output:
        "results/{scale}/runs/{task}/{reward}/{percent}/{method}/{seed}/sweep.json",
    log:
        "logs/{scale}/sweep/{task}/{reward}/{percent}/{method}/{seed}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes("sweep"),
        gpu=GPU,
    params:
        code=sweep_code,
        task=task_constants,
        episodes=evaluation("sweep_episodes"),
        num_envs=evaluation("num_envs"),
        points=evaluation_option("sweep_points", "--points"),
        most=evaluation_option("max_steps", "--max-steps"),
        listed=evaluation_option("episode_list", "--episode-list"),
        device=config["device"],
        run=folder_of_output,
        data=lambda wildcards, input: str(Path(input.data).parent),
    message:
        "Evaluating {wildcards.method} on {wildcards.task}, seed {wildcards.seed}, on a grid of target returns"
    shell:
        "python -m bench sweep --run {params.run:q} --data {params.data:q} --episodes {params.episodes} "
        "--num-envs {params.num_envs} {params.points} {params.most} {params.listed} --device {params.device} > {log:q} 2>&1"


rule diagnose:
    input:
        "results/{scale}/runs/{task}/{reward}/{percent}/{method}/{seed}/policy.safetensors",
        "results/{scale}/runs/{task}/{reward}/{percent}/{method}/{seed}/training.json",
        data=data_of,
    output:
        "results/{scale}/runs/{task}/{reward}/{percent}/{method}/{seed}/{diagnostic}.json",
    log:
        "logs/{scale}/{diagnostic}/{task}/{reward}/{percent}/{method}/{seed}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(3000),
        runtime=2 * 60,
        gpu=GPU,
    params:
        code=diagnostic_code,
        task=task_constants,
        episodes=evaluation("diagnostic_episodes"),
        device=config["device"],
        run=folder_of_output,
        data=lambda wildcards, input: str(Path(input.data).parent),
    message:
        "Diagnosing {wildcards.method} on {wildcards.task}, seed {wildcards.seed}: {wildcards.diagnostic}"
    shell:
        "python -m bench diagnose {wildcards.diagnostic} --run {params.run:q} --data {params.data:q} "
        "--episodes {params.episodes} --device {params.device} > {log:q} 2>&1"
