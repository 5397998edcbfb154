"""Records that were not made by the current code are named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from bench.cli.main import main
from bench.runs import archive, check, links
from bench.runs.code import record_code, training_code
from bench.runs.identity import Identity
from bench.tasks.registry import TASKS
from tests.conftest import RECORD

Write = Callable[..., Path]
RUN = Identity("test", "hopper-medium", "dense", 100.0, "bc", 0)


def kept(write_record: Write, **hashes: Any) -> None:
    """Pack one record with these hashes of code."""
    protocol = RECORD["protocol"] | {"task": asdict(TASKS[RUN.task])}
    path = write_record(RUN, hashes=RECORD["hashes"] | hashes, protocol=protocol)
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
    assert capsys.readouterr().out == "0 of 1 records were not made by the current code\n"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda code: code["code"].update({"bench/core/seeds.py": "0"}),
            "training: bench/core/seeds",
        ),
        (
            lambda code: code["code"].update({"a.py": "0"}),
            "training: a.py removed or no longer",
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
    assert last == "1 of 1 records were not made by the current code"
    assert main(["records", "check", "--strict"]) == 1
    assert (
        "1 of 1 records were not made by the current code; run them again"
        in capsys.readouterr().err
    )


def test_a_record_with_other_constants_of_its_task_is_named(
    write_record: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are data, bench/tasks/*.toml, so no hash of code covers them."""
    kept(write_record, **current())
    task = TASKS[RUN.task]
    harder = replace(task, domain=replace(task.domain, target_return=4000.0))
    monkeypatch.setattr(check, "task_by_name", lambda name: harder)
    assert check.stale(archive.archive_of("test")) == {
        f"{RUN.folder()}/result.json": "task.domain.target_return: 3600.0 in the record, 4000.0 here"
    }


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
        f"{RUN.folder()}/result.json": "method gone no longer exists (there is no baselines/gone.py)",
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
