# What each suite is made of: its data, records, artifacts, videos and ledgers
def tasks_of_suite(wildcards):
    tasks = dict.fromkeys(run.task for run in PLAN.runs[wildcards.suite])
    return [str(task_by_name(task)) for task in tasks]


def data_of_suite(wildcards):
    tasks = dict.fromkeys(run.task for run in PLAN.runs[wildcards.suite])
    return [data_of_task(task) for task in tasks]


def records_of(wildcards):
    return PLAN.records(wildcards.suite)


def results_of(wildcards):
    return [run.folder() / "result.json" for run in PLAN.runs[wildcards.suite]]


def clocks_of(wildcards):
    return [path.with_name("run.json") for path in results_of(wildcards)]


def existing_records_of(wildcards):
    there = [path for path in records_of(wildcards) if path.exists()]
    return [f"{path}@{path.stat().st_mtime_ns}" for path in there]


# the part of the config that decides the plan of one suite. Another suite, or another size of data, changes none of
# its tables
def config_of_suite(wildcards):
    own = {key: config[key] for key in ("name", "training", "methods")}
    suites = {wildcards.suite: config["suites"][wildcards.suite]}
    return json.dumps(own | {"suites": suites}, sort_keys=True)


def artifacts_of(suite):
    below = f"reports/{PLAN.scale}/{suite}"
    files = [
        f"{below}/{name}{suffix}"
        for name in PLAN.artifacts[suite]
        for suffix in ARTIFACTS[name].suffixes
    ]
    videos = [f"{below}/{video}.gif" for video in videos_of(suite)]
    own = [f"{below}/{PLAN.tables[suite]}.md"] if suite in PLAN.tables else []
    return [*files, *videos, *own, f"{below}/cost.md", f"{below}/data.md"]


# video -> its run. `one`: the first seed of the first method on the last data set; `methods`: the first seed of each
# trained method on each task
@cache
def videos_of(suite):
    runs = PLAN.runs[suite]
    requested = {ARTIFACTS[name].videos for name in PLAN.artifacts[suite]}
    if "one" in requested:
        return {"episode": next(run for run in runs if run.task == runs[-1].task)}
    videos = {}
    for run in runs if "methods" in requested else ():
        if PLAN.variants[run.method].steps_on(run.task) > 0:
            videos.setdefault(f"{run.task}.{run.method}", run)
    return videos


def video_of(wildcards):
    run = videos_of(wildcards.suite)[wildcards.video]
    return [run.folder() / "policy.safetensors"]


def video_arguments(wildcards):
    return family_of_all(task_names(wildcards.suite)).video


def task_names(suite):
    return list(dict.fromkeys(run.task for run in PLAN.runs[suite]))


def families_of(suite):
    return {family_of(task_by_name(name)).name for name in task_names(suite)}


def suites_of_family(family):
    return [suite for suite in PLAN.runs if families_of(suite) == {family}]


def category_of_video(wildcards):
    return family_of_all(task_names(wildcards.suite)).category


# the category of an artifact in the report; for most artifacts it is that of the suite
def category_of(name):
    def of_suite(wildcards):
        return ARTIFACTS[name].category(task_names(wildcards.suite))

    return of_suite


def caption_of(name):
    def of_suite(wildcards):
        return ARTIFACTS[name].caption_of(wildcards.suite, wildcards.scale)

    return of_suite


PARTS = {".html": "table", ".csv": "numbers"}  # of an artifact; the rest are figures


# One label, and a value of its own for each file. With several labels the viewer of `snakemake --report` makes switches of
# those with two values, and breaks where a combination has no file
def labelled(name, suffix):
    return {"file": f"{name} ({suffix[1:].upper()})"}


# ledger -> the suites whose scores it uses; claims about other suites are listed as not run
LEDGERS = {"claims": suites_of_claims(PLAN)}
for family in FAMILIES:
    own = set(suites_of_family(family))
    LEDGERS[f"claims_{family}"] = [s for s in LEDGERS["claims"] if s in own]

for group, own in PLAN.groups.items():
    LEDGERS[f"claims_{group}"] = [s for s in LEDGERS["claims"] if s in own]


def scores_of_claims(wildcards):
    below = f"results/{wildcards.scale}"
    return [f"{below}/{suite}/scores.parquet" for suite in LEDGERS[wildcards.ledger]]


# the targets `reproduce` and `link` run a few runs of each suite again and make no artifacts
def makes_artifacts():
    return not {"reproduce", "link"} & set(sys.argv)


# print, before anything runs, which checks of a requested ledger the config can never decide
def announce_obstacles():
    if any("claims" in word or word.startswith("paper_") for word in sys.argv):
        for line in all_obstacles(PLAN, config):
            print(line, file=sys.stderr)


# print, before anything runs, which modules of the user's config no suite runs
def announce_unlisted_methods():
    import yaml

    shipped = Path(workflow.basedir) / "config/config.yaml"
    methods = yaml.safe_load(shipped.read_text(encoding="utf-8"))["methods"]
    for line in unlisted_methods(config, methods):
        print(line, file=sys.stderr)


# print the files of the report that exist
def finished():
    files = [Path(f"reports/{PLAN.scale}/{ledger}.html") for ledger in LEDGERS]
    for suite in PLAN.runs:
        names = [*PLAN.artifacts[suite], "data", "cost"]
        files += [Path(f"reports/{PLAN.scale}/{suite}/{name}.html") for name in names]
        files.append(Path(f"reports/{PLAN.scale}/{suite}/partial.md"))
    for path in files:
        if path.exists():
            print(path)
    make_site()


# make the pages of the report of what there is: `bench report`. They are no output of a rule, because they show whatever
# exists, also of suites that nobody asked for now. Their failure changes no result, so it is said and no more
def make_site():
    import subprocess

    if not requested_suites():
        return
    command = [sys.executable, "-m", "bench", "report", "--config", json.dumps(config)]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    lines = (done.stdout + done.stderr).strip().splitlines()
    if done.returncode == 0:
        print("\n".join(lines))
    else:
        print(
            f"The pages of the report could not be made: {lines[-1] if lines else 'no message'}. Results, tables and "
            f"figures are not affected. `bench report{report_words()}` tries again.",
            file=sys.stderr,
        )


# the option of `bench report` that names the files of the config
def report_words():
    return configfile_words().replace(" --configfile ", " --config ")


# the suites whose tables were asked for
def requested_suites():
    files = {str(file) for job in workflow.dag.jobs for file in job.output}
    below = {suite: f"reports/{PLAN.scale}/{suite}/" for suite in PLAN.runs}
    return [
        suite
        for suite in PLAN.runs
        if f"results/{PLAN.scale}/{suite}/scores.parquet" in files
        or any(file.startswith(below[suite]) for file in files)
    ]


def configfile_words():
    """Return the option of this command that names its files of the config, to be repeated in another one."""
    files = [os.path.relpath(path) for path in workflow.config_settings.configfiles]
    return " --configfile " + " ".join(map(quote, files)) if files else ""


# print which records are missing, and make the pages, which name the runs that failed
def unfinished():
    for suite in requested_suites():
        records = PLAN.records(suite)
        missing = [str(path) for path in records if not path.exists()]
        if missing and len(missing) < len(records):
            print(
                f"{suite}: {len(missing)} of {len(records)} records of runs missing, so its tables were not made again. "
                "Finished runs are kept; the same command continues from here."
            )
            print(
                f"`snakemake partial --cores all{configfile_words()}` makes a table of the finished runs. "
                f"Missing: {' '.join(missing[:6])}"
                + (f" and {len(missing) - 6} more" if len(missing) > 6 else "")
            )
    make_site()
