"""Code is linked to older code where every method and kind of data was reproduced, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.runs import links
from bench.runs.coverage import needed
from bench.runs.identity import Identity
from bench.runs.linking import link
from bench.runs.plan import Plan
from bench.runs.reproduce import NotReproduced, Record, Reproduction


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
        NotReproduced, match=r"1 records that .* the first is results/.*/behaviour/0/result"
    ):
        link(reproduced(plan)[:-1], plan, tmp_path / "links.json")
    assert not (tmp_path / "links.json").exists()


def test_records_of_two_versions_of_the_code_link_nothing(plan: Plan, tmp_path: Path) -> None:
    done = reproduced(plan)
    done[1] = reproduced(plan, old="0")[1]
    with pytest.raises(ValueError, match="of two versions of the code, of each on a part"):
        link(done, plan, tmp_path / "links.json")
    assert not (tmp_path / "links.json").exists()


def test_a_record_that_was_made_just_now_links_nothing(plan: Plan, tmp_path: Path) -> None:
    """`make link` makes missing records with the current code: that compares nothing."""
    done = reproduced(plan)
    done[1] = reproduced(plan, old="2")[1]
    with pytest.raises(ValueError, match="some records were made by the current code, others by o"):
        link(done, plan, tmp_path / "links.json")
    assert not (tmp_path / "links.json").exists()
