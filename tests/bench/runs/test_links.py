"""Code that was shown to give the same bytes stays one code for the plan and the check."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.utils import update_config

from bench.cli.main import main
from bench.core.code import ROOT
from bench.core.files import DamagedFile
from bench.runs import archive, check, links
from bench.runs.code import record_code, training_code
from bench.runs.coverage import needed
from bench.runs.identity import Identity
from bench.runs.linking import link
from bench.runs.plan import Plan, make_plan
from bench.runs.reproduce import NotReproduced, Record, Reproduction
from bench.tasks.registry import TASKS
from tests.conftest import RECORD

Write = Callable[..., Path]
OLD, NEW, NEWER = {"a.py": "1", "b.py": "1"}, {"a.py": "2", "b.py": "1"}, {"c.py": "3"}
RUN = Identity("test", "hopper-medium", "dense", 100.0, "bc", 0)


def test_a_linked_fingerprint_keeps_its_original(tmp_path: Path) -> None:
    path = tmp_path / "links.json"
    assert links.original(NEW, links.read(path)) == NEW
    assert links.add([(OLD, NEW), (OLD, OLD)], path) == 1
    assert links.add([(NEW, NEWER)], path) == 1
    known = links.read(path)
    for code in (OLD, NEW, NEWER):
        assert links.original(code, known) == OLD
    assert links.same(NEW, NEWER, known)
    assert not links.same(NEW, {"a.py": "3", "b.py": "1"}, known)


def test_what_is_linked_already_adds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "links.json"
    assert links.add([(OLD, OLD)], path) == 0
    assert not path.exists()
    links.add([(OLD, NEW)], path)
    before = path.read_bytes()
    assert links.add([(OLD, NEW), (NEW, OLD)], path) == 0
    assert path.read_bytes() == before


def test_code_is_linked_to_one_code_only(tmp_path: Path) -> None:
    path = tmp_path / "links.json"
    with pytest.raises(
        ValueError, match=r"\(a\.py gone or not imported any more and 2 more\) is lin"
    ):
        links.add([(OLD, NEWER), (NEW, NEWER)], path)
    assert not path.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.pop("equal"),
        lambda content: content["originals"].clear(),
        lambda content: next(iter(content["originals"].values())).update({"a.py": "9"}),
        lambda content: content["equal"].update({name: name for name in content["originals"]}),
    ],
    ids=["key", "original", "hash", "circle"],
)
def test_damaged_links_are_refused(tmp_path: Path, change: Callable[[Any], Any]) -> None:
    path = tmp_path / "links.json"
    links.add([(OLD, NEW)], path)
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(DamagedFile, match=f"{path} is damaged: .* restore it with git"):
        links.read(path)
    path.write_text("{")
    with pytest.raises(DamagedFile, match=f"{path} is not JSON; restore it with git"):
        links.read(path)


def test_the_links_of_the_repository_are_sound() -> None:
    links.read()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (OLD, OLD, "equal"),
        (OLD, NEW, "a.py changed"),
        (OLD, {"a.py": "1"}, "b.py gone or not imported any more"),
        ({"b.py": "1"}, OLD, "a.py new"),
        (OLD, NEWER, "a.py gone or not imported any more and 2 more"),
    ],
)
def test_a_difference_names_its_first_file(
    old: dict[str, str], new: dict[str, str], words: str
) -> None:
    assert links.first_difference(old, new) == words


def reproduced(plan: Plan, old: str = "1") -> list[tuple[Record, Reproduction]]:
    """Return equal reproductions of all that a plan needs."""
    found = []
    for path in needed(plan).values():
        parts = path.parts[3:-1]
        run = Identity("test", parts[0], parts[1], float(parts[2]), parts[3], int(parts[4]))
        record = {
            "identity": vars(run),
            "hashes": {"code": {"m": run.method, "t": old}, "evaluation_code": {"e": old}},
        }
        code = {"code": {"m": run.method, "t": "2"}, "evaluation_code": {"e": "2"}}
        again = Reproduction("equal", "every field", record | {"hashes": code})
        found.append((Record(str(path), path.name, record), again))
    return found


def test_one_record_stands_for_a_method_and_kind_of_data(plan: Plan) -> None:
    names = [str(path) for path in needed(plan).values()]
    below = "results/test/runs/hopper-medium-expert/dense/100"
    assert names == [f"{below}/{name}/0/result.json" for name in plan.variants]


def test_smoke_has_every_method_and_kind_of_data_of_the_other_scales() -> None:
    def kinds(scale: str) -> set[tuple[str, str, str]]:
        config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
        if scale != "config":
            update_config(config, yaml.safe_load((ROOT / f"config/{scale}.yaml").read_text()))
        plan = make_plan(config)
        return {(plan.variants[key[0]].module, key[1], key[3]) for key in needed(plan)}

    for scale in ("config", "desk", "paper", "speed"):
        assert kinds(scale) <= kinds("smoke")


def test_where_all_is_equal_every_fingerprint_is_linked(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "links.json"
    assert link(reproduced(plan), plan, path) == len(plan.variants) + 1  # and the evaluation's
    known = links.read(path)
    assert links.original({"m": "dt", "t": "2"}, known) == {"m": "dt", "t": "1"}
    assert links.original({"e": "2"}, known) == {"e": "1"}
    assert link(reproduced(plan), plan, path) == 0


@pytest.mark.parametrize("outcome", ["close", "different"])
def test_one_record_that_is_not_equal_links_nothing(
    plan: Plan, tmp_path: Path, outcome: str
) -> None:
    done = reproduced(plan)
    done[1] = (done[1][0], Reproduction(outcome, "hashes.policy: 'a' in the record, 'b' here"))
    with pytest.raises(
        NotReproduced, match=r"nothing is linked: .*bc/0/result\.json was not .*'b'"
    ):
        link(done, plan, tmp_path / "links.json")
    assert not (tmp_path / "links.json").exists()


def test_one_method_that_is_missing_links_nothing(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(
        NotReproduced, match=r"1 records that .* first results/.*/behaviour/0/result"
    ):
        link(reproduced(plan)[:-1], plan, tmp_path / "links.json")
    assert not (tmp_path / "links.json").exists()


def test_records_of_two_versions_of_the_code_link_nothing(plan: Plan, tmp_path: Path) -> None:
    done = reproduced(plan)
    done[1] = reproduced(plan, old="0")[1]
    with pytest.raises(ValueError, match="is linked to other code already; make records at one"):
        link(done, plan, tmp_path / "links.json")
    assert not (tmp_path / "links.json").exists()


def kept(write_record: Write, **hashes: Any) -> None:
    """Pack one record with these hashes of code."""
    path = write_record(RUN, hashes=RECORD["hashes"] | hashes)
    archive.pack(path.parents[5], archive.archive_of("test"))


@pytest.fixture(autouse=True)
def own_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "ARCHIVES", tmp_path / "kept")


def current() -> dict[str, Any]:
    task = TASKS[RUN.task]
    return {"code": training_code("bc"), "evaluation_code": record_code("result.json", "bc", task)}


def test_a_record_of_the_code_of_now_is_not_named(
    write_record: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    kept(write_record, **current())
    assert main(["records", "check", "--strict"]) == 0
    assert capsys.readouterr().out == "0 of 1 records were not made by the code of now\n"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda code: code["code"].update({"bench/core/seeds.py": "0"}),
            "training: bench/core/seeds",
        ),
        (
            lambda code: code["code"].update({"a.py": "0"}),
            "training: a.py gone or not imported any",
        ),
        (
            lambda code: code["evaluation_code"].pop("baselines/bc.py"),
            "evaluation: baselines/bc.py new",
        ),
    ],
    ids=["changed", "gone", "new"],
)
def test_a_record_of_other_code_is_named(
    write_record: Write,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Any], Any],
    reason: str,
) -> None:
    code = current()
    change(code)
    kept(write_record, **code)
    assert main(["records", "check"]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{RUN.folder()}/result.json: {reason}")
    assert last == "1 of 1 records were not made by the code of now"
    assert main(["records", "check", "--strict"]) == 1
    assert "1 of 1 records were not made by the code of now; make" in capsys.readouterr().err


def test_a_record_of_linked_code_is_not_named(write_record: Write) -> None:
    code = current()
    old = code["code"] | {"bench/core/seeds.py": "0"}
    kept(write_record, **code | {"code": old})
    packed = archive.archive_of("test")
    assert len(check.stale(packed, links.Links())) == 1
    linked = links.Links(
        {links.digest_of(old): old}, {links.digest_of(code["code"]): links.digest_of(old)}
    )
    assert check.stale(packed, linked) == {}


def test_a_record_of_a_method_or_task_that_is_gone_is_named(write_record: Write) -> None:
    path = write_record(RUN, module="gone", hashes=RECORD["hashes"])
    other = Identity("test", "hoper-medium", "dense", 100.0, "bc", 0)
    write_record(other)
    archive.pack(path.parents[5], archive.archive_of("test"))
    reasons = check.stale(archive.archive_of("test"))
    assert reasons == {
        f"{RUN.folder()}/result.json": "method gone does not exist any more (there is no baselines/gone.py)",
        f"{other.folder()}/result.json": "unknown task 'hoper-medium'",
    }


def test_a_damaged_record_in_an_archive_is_refused(
    write_record: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_record(RUN)
    path.write_text(path.read_text().replace("60.0", "61.0"))
    archive.pack(path.parents[5], archive.archive_of("test"))
    assert main(["records", "check"]) == 1
    error = capsys.readouterr().err
    assert "result.json in " in error
    assert "was changed after it was written" in error
