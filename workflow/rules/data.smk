# final_observations.npy is not among the outputs: it needs next_observations, which files with the layout of -v0 lack.
# One download at a time, to spare the server of D4RL; the parsed arrays also need much memory
rule fetch:
    output:
        multiext(
            "data/d4rl/{task}/v2/",
            "manifest.json",
            "observations.npy",
            "actions.npy",
            "rewards.npy",
            "terminals.npy",
            "timeouts.npy",
        ),
    log:
        "logs/data/d4rl/{task}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=4 * 60,
        download=1,
    params:
        code=deciding_code((Path("bench/datasets/readers/d4rl_files.py"),)),
        out=folder_of_output,
    message:
        "Downloading D4RL's file of {wildcards.task}"
    shell:
        "python -m bench data fetch {wildcards.task} --out {params.out:q} > {log:q} 2>&1"


# the logs do not hold the frame after the last action of an episode, so there is no final_observations.npy
rule fetch_games:
    output:
        multiext(
            "data/dqn_replay/{task}/{steps}-{seed}/",
            "manifest.json",
            "observations.npy",
            "actions.npy",
            "rewards.npy",
            "terminals.npy",
            "timeouts.npy",
        ),
    log:
        "logs/data/dqn_replay/{task}/{steps}-{seed}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=48 * 60,
        download=1,
    params:
        code=deciding_code((Path("bench/datasets/readers/dqn_replay.py"),)),
        out=folder_of_output,
    message:
        "Sampling DQN-replay's logs for {wildcards.task}"
    shell:
        "python -m bench data fetch {wildcards.task} --steps {wildcards.steps} --seed {wildcards.seed} "
        "--out {params.out:q} > {log:q} 2>&1"


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
        code=generator_code,
        task=task_constants,
        zoo=zoo_digest,
        out=folder_of_output,
    message:
        "Generating the data of {wildcards.task}"
    shell:
        "python -m bench data generate --task {wildcards.task} --steps {wildcards.steps} --seed {wildcards.seed} "
        "--out {params.out:q} > {log:q} 2>&1"
