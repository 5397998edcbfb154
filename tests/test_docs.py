"""The pages that people read: links and anchors resolve, what they name exists, and their width."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pandas as pd
import pytest
import yaml

from bench.cli.main import commands
from bench.report.artifacts.registry import ARTIFACTS
from bench.runs.diagnostics.registry import DIAGNOSTICS
from bench.tasks.families import read_families
from bench.tasks.registry import FAMILIES

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "config/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
CURRENT = [page for page in PAGES if page.name != "CHANGELOG.md"]  # that one names old files too
KEPT = ROOT / "reports/reference/quick"
# what is made by a command, or stands for a name of the reader's
MADE = (
    "data/",
    "results/",
    "reports/SCALE",
    "reports/quick",
    "reports/trials",
    "reports/open",
    "logs/",
    "config/mine.yaml",
    "bench/runs/links.json",
)
OWN = ("baselines/mine.py", "baselines/NAME.py", "bench/tasks/NAME.toml")
TOY = ("bandit", "census", "/NAME.py")  # the additions that docs/architecture.md shows
SCALES = (
    "config/config.yaml",
    *(f"config/{name}.yaml" for name in ("desk", "speed", "trials", "open", "demo")),
)
pages = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


def without_code(text: str) -> str:
    """Return the text with the contents of its code blocks left out."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", without_code(page.read_text()), flags=re.MULTILINE)
    plain = (re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading).lower() for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


def links(page: Path) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text()))


def code_blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)


def snippets(page: Path) -> Iterator[str]:
    """Yield the commands of a page: lines of its shell blocks, and inline code."""
    for block in code_blocks(page, "sh"):
        yield from (line.split("  #")[0].strip() for line in block.splitlines())
    inline = re.findall(r"`([^`]+)`", without_code(page.read_text()))
    yield from (" ".join(text.split()) for text in inline)


@pages
def test_links_and_anchors_resolve(page: Path) -> None:
    found = [link for link in links(page) if not link.startswith(("http://", "https://"))]
    for link in found:
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name} links to {link}"
        assert target.is_relative_to(ROOT), f"{page.name} links to {link}"
        if anchor:
            assert anchor in anchors(target), f"{page.name} links to {link}"


def test_the_readme_leads_to_every_page() -> None:
    linked = {(ROOT / link.partition("#")[0]).resolve() for link in links(ROOT / "README.md")}
    assert {page for page in PAGES if page.name != "README.md"} <= linked
    assert ROOT / "config/README.md" in linked


def expanded(path: str) -> list[str]:
    """Return the paths that one with braces, like `a/{b,c}.py`, stands for."""
    match = re.fullmatch(r"(.*)\{([^}]*)\}(.*)", path)
    if match is None:
        return [path]
    return [match[1] + part + match[3] for part in match[2].split(",")]


@pytest.mark.parametrize("page", CURRENT, ids=lambda path: str(path.relative_to(ROOT)))
def test_paths_that_a_page_names_exist(page: Path) -> None:
    named = re.findall(
        r"`((?:bench|dt|baselines|config|docs|tests|tools|workflow|benchmarks|reports)/[^`\s]*)`",
        without_code(page.read_text()),
    )
    for path in named:
        if path.startswith((*MADE, *OWN, "bench/KeyTo", "bench/Short", "bench/Reacher2d-")):
            continue
        if re.fullmatch(r"bench/\w+-v0", path) or any(toy in path for toy in TOY):
            continue
        for one in expanded(path):
            file, _, test = one.rstrip("/").partition("::")
            found = list(ROOT.glob(file))
            assert found, f"{page.name} names {one}"
            assert not test or f"def {test}(" in found[0].read_text(), f"{page.name} names {one}"


def test_paths_that_the_code_names_exist() -> None:
    """In comments, docstrings and messages, with the ending of a file."""
    folders = "bench|dt|baselines|config|docs|tests|tools|workflow|benchmarks"
    path_of = re.compile(
        rf"(?<![\w./-])(?:{folders})/[\w/.*-]*\.(?:py|toml|csv|yaml|smk|md|xml|sh)\b"
    )
    files = [path for name in folders.split("|") for path in (ROOT / name).rglob("*.py")]
    files += [*(ROOT / "workflow").rglob("*.smk"), ROOT / "Makefile", ROOT / "Snakefile"]
    lost = [
        f"{path.relative_to(ROOT)} names {named}"
        for path in files
        if "tests" not in path.relative_to(ROOT).parts
        for named in path_of.findall(path.read_text(encoding="utf-8"))
        if not named.startswith((*MADE, *OWN)) and not list(ROOT.glob(named))
    ]
    assert not lost, lost


def test_modules_that_a_page_names_exist() -> None:
    for page in CURRENT:
        for name in re.findall(r"\b((?:bench|dt)(?:\.\w+)+)", page.read_text()):
            parts = name.split(".")
            if parts[-1] in ("py", "toml") or "bandit" in name:
                continue
            heads = [ROOT.joinpath(*parts[:length]) for length in (len(parts), len(parts) - 1)]
            assert any(head.is_dir() or head.with_suffix(".py").is_file() for head in heads), (
                f"{page.name} names {name}"
            )


def options_of(command: click.Command) -> set[str]:
    return {name for param in command.params for name in param.opts} | {"--help"}


def test_commands_and_options_of_bench_that_a_page_names_exist() -> None:
    seen = set()
    for page in CURRENT:
        for snippet in snippets(page):
            words = snippet.split()
            if words[:1] != ["bench"]:
                continue
            command: click.Command = commands()
            known = options_of(command)  # such as --import, before the command
            for word in words[1:]:
                if isinstance(command, click.Group):
                    if word.startswith("-"):
                        continue
                    assert word in command.commands, f"{page.name}: {snippet}"
                    seen.add(word)
                    command = command.commands[word]
            own = snippet.split(" -- ")[0]  # options of Snakemake follow
            for option in re.findall(r"--[a-z][a-z-]*", own):
                known |= options_of(command)
                assert option in known, f"{page.name}: {snippet}"
    assert {"import", "fetch", "train", "unpack", "reproduce", "data-summary"} <= seen


def targets_of_make() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


@pages
def test_targets_that_a_page_names_exist(page: Path) -> None:
    suites = {
        name for path in SCALES for name in yaml.safe_load((ROOT / path).read_text())["suites"]
    }
    known = {f"all_{suite}" for suite in suites} | {
        "all",
        "all_open_questions",
        "all_reasons",
        "claims_open_questions",
        "all_claims",
        "partial",
        "reproduce",
        "link",
    }
    known |= {f"{kind}_{family}" for kind in ("paper", "claims") for family in FAMILIES}
    for command in snippets(page):
        if made := re.match(r"make ([a-z-]+)", command):
            assert made[1] in targets_of_make(), f"{page.name}: {command}"
        for target in re.findall(r"\b(?:all|paper|claims)_\w+", command):
            if target not in ("all_S", "paper_S", "claims_S", "paper_bandit", "all_G", "claims_G"):
                assert target in known, f"{page.name}: {command}"


def test_every_key_of_the_schema_is_explained() -> None:
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    page = (ROOT / "config/README.md").read_text()
    places = {"suites": "suites.S", "methods": "methods.M"}
    for name, about in schema["properties"].items():
        inside = about.get("additionalProperties") if name in places else about
        keys = inside.get("properties", {}) if isinstance(inside, dict) else {}
        for key in keys:
            place = f"{places.get(name, name)}.{key}"
            assert f"| `{place}" in page, place
    evaluation = schema["properties"]["evaluation"]["properties"]["domains"]
    for key in evaluation["additionalProperties"]["properties"]:
        assert f"{key}`" in page, key


def test_every_artifact_and_diagnostic_of_a_scale_is_explained() -> None:
    page = (ROOT / "config/README.md").read_text()
    for path in SCALES:
        for name, suite in yaml.safe_load((ROOT / path).read_text())["suites"].items():
            row = next(line for line in page.splitlines() if line.startswith(f"| `{name}`"))
            for artifact in suite.get("artifacts", []):
                assert artifact in ARTIFACTS
                assert f"`{artifact}`" in row, f"{name}: {artifact}"
            assert "table" not in suite or f"`{suite['table']}`" in row, name
    assert all(f"`{name}`" in page for name in DIAGNOSTICS)


def test_the_family_that_the_docs_show_is_one(tmp_path: Path) -> None:
    block = next(
        text for text in code_blocks(ROOT / "docs/architecture.md", "toml") if "[family]" in text
    )
    (tmp_path / "bandit.toml").write_text(
        f"{block}\n".replace("[family]", "[family]\ndefault = true")
    )
    for module in ("environments/bandit", "behaviours/bandit_data"):
        path = tmp_path / f"bench/{module}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    family = read_families(tmp_path, tmp_path)["bandit"]
    assert list(family.domains) == ["twoarms"]
    assert list(family.kinds) == ["random"]


@pytest.mark.parametrize("page", [ROOT / "README.md"], ids=["README"])
def test_the_readme_is_short_and_narrow(page: Path) -> None:
    lines = page.read_text().splitlines()
    assert len(lines) <= 120
    for number, line in enumerate(lines, 1):
        limit = 120 if line.startswith(("|", "![")) else 100
        assert len(line) <= limit, f"line {number} has {len(line)} characters"


@pages
def test_prose_is_at_most_100_wide(page: Path) -> None:
    for number, line in enumerate(without_code(page.read_text()).splitlines(), 1):
        if line.startswith(("|", "![")) or re.search(r"\]\(\S+\)|`[^`]+`", line):
            continue
        assert len(line) <= 100, f"{page.name}, line {number} has {len(line)} characters"


def score(table: str, method: str, **row: str) -> str:
    """Return `mean [low, high]` of a cell of a kept table, as it is printed."""
    cells = pd.read_csv(KEPT / f"{table}.csv", keep_default_na=False)
    for key, value in (row | {"method": method}).items():
        cells = cells[cells[key] == value]
    assert len(cells) == 1
    mean, low, high = (float(cells.iloc[0][key]) for key in ("mean", "low", "high"))
    return f"{mean:.1f} [{low:.1f}, {high:.1f}]"


def readme() -> str:
    return " ".join((ROOT / "README.md").read_text().split())


def test_the_readme_quotes_table_2() -> None:
    for method, label in (("dt", "DT"), ("cql", "CQL"), ("bc", "BC"), ("bc10", "10%BC")):
        cell = score("mujoco/table2", method, data="Average", environment="")
        assert f"{label} {cell}" in readme()


def test_the_readme_quotes_table_1() -> None:
    for game in ("Breakout", "Pong", "Seaquest"):
        cell = score("atari/table1", "dt-atari", environment=game)
        assert f"{game} ({cell.split()[0]})" in readme()
    ours, others = (
        score("atari/table1", method, environment="Qbert").split()[0]
        for method in ("dt-atari", "cql-atari")
    )
    assert f"CQL in Qbert ({others}; DT {ours})" in readme()


def test_the_readme_quotes_table_6() -> None:
    rows = [
        ("10K random trajectories", "dt-episode", "DT"),
        ("10K random trajectories", "bc-success", "%BC"),
        ("10K random trajectories", "cql-discrete", "CQL"),
        ("10K random trajectories", "bc-discrete", "BC"),
        ("1K random trajectories", "dt-episode", "DT"),
        ("1K random trajectories", "bc-success", "%BC"),
    ]
    for data, method, label in rows:
        mean = score("key_to_door/table6", method, data=data, seed="mean").split()[0]
        assert f"{label} {mean} %" in readme()


def test_the_readme_counts_the_claims() -> None:
    verdicts = pd.read_csv(KEPT / "claims.csv").drop_duplicates("id")["verdict"].value_counts()
    assert (
        f"of {verdicts.sum()}, these runs support {verdicts.get('supported', 0)}, do not support "
        f"{verdicts.get('not supported', 0)}, and leave {verdicts.get('undecided', 0)} undecided"
    ) in readme()


def test_the_readme_says_what_dt_is_at_this_scale() -> None:
    methods = yaml.safe_load((ROOT / "config/config.yaml").read_text())["methods"]
    for name, label in (
        ("dt", "Table 2, MuJoCo"),
        ("dt-atari", "Table 1, Atari"),
        ("dt-episode", "Table 6, Key-to-Door"),
    ):
        options, steps = methods[name]["options"], methods[name]["steps"]
        row = f"| {label} | {options['context_length']} | {options['layers']} | {steps:,} |"
        assert row in readme()
