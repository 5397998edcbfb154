"""The pages show the tables that lie in reports/reference."""

import pytest

from tools import tables

PAGE = "Notes.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n| 5 | 6 |\n\n| another |\n"
CSV = "id,claim,check,verdict\nC1,DT wins,x,undecided\nC1,DT wins,y,undecided\nC2,DT loses,x,supported\n"


@pytest.fixture
def kept(tmp_path):
    """A folder with a page and a CSV file."""
    (tmp_path / "quick").mkdir()
    (tmp_path / "quick/table.md").write_text(PAGE)
    (tmp_path / "quick/claims.csv").write_text(CSV)
    (tmp_path / "quick/empty.md").write_text("no table\n")
    return tmp_path


@pytest.mark.parametrize("page", tables.pages(), ids=lambda page: page.name)
def test_a_page_shows_the_tables_that_its_marks_name(page):
    text = page.read_text()
    assert tables.renew(text, tables.KEPT) == text


def test_the_page_of_results_quotes_the_papers_main_tables_and_the_claims():
    text = (tables.ROOT / "docs/results.md").read_text()
    sources = [mark["source"].split("/", 1)[1] for mark in tables.MARK.finditer(text)]
    wanted = {"mujoco/table2.md", "atari/table1.md", "key_to_door/table6.md", "claims.csv"}
    assert wanted <= set(sources)


def test_the_first_table_replaces_what_stands_between_the_marks(kept):
    text = "A\n<!-- table: quick/table.md -->\nold\n<!-- end of table -->\nB\n"
    assert tables.renew(text, kept) == (
        "A\n<!-- table: quick/table.md -->\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n| 5 | 6 |\n"
        "\n<!-- end of table -->\nB\n"
    )


def test_only_the_first_rows_where_the_mark_gives_their_number(kept):
    text = "<!-- table: quick/table.md, 2 rows -->\n<!-- end of table -->\n"
    lines = tables.renew(text, kept).splitlines()
    assert lines[2:-2] == ["| a | b |", "|---|---|", "| 1 | 2 |", "| 3 | 4 |"]


def test_columns_of_a_csv_file_with_equal_rows_once(kept):
    text = "<!-- table: quick/claims.csv, columns id verdict -->\n<!-- end of table -->\n"
    lines = tables.renew(text, kept).splitlines()
    assert lines[2:-2] == [
        "| Id | Verdict |",
        "| --- | --- |",
        "| C1 | undecided |",
        "| C2 | supported |",
    ]


def test_two_tables_in_one_page(kept):
    mark = "<!-- table: quick/table.md, 1 rows -->\nold\n<!-- end of table -->\n"
    assert tables.renew(mark + mark, kept).count("| 1 | 2 |") == 2


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        ("quick/missing.md", "missing.md is not there"),
        ("quick/table.md, 4 rows", "has no table of 4 rows or more"),
        ("quick/table.md, 0 rows", "has no table of 0 rows or more"),
        ("quick/empty.md", "has no table"),
        ("quick/table.md, columns a", "known are `N rows` of .md"),
        ("quick/claims.csv", "known are `N rows` of .md"),
        ("quick/claims.csv, columns id price", "has no column price"),
    ],
)
def test_a_mark_that_asks_for_what_is_not_there_is_refused(kept, mark, message):
    with pytest.raises(ValueError, match=message):
        tables.renew(f"<!-- table: {mark} -->\n<!-- end of table -->\n", kept)


@pytest.mark.parametrize(
    "rest", ["no end\n", "<!-- table: quick/table.md -->\n<!-- end of table -->\n"]
)
def test_a_mark_without_its_end_is_refused(kept, rest):
    with pytest.raises(ValueError, match="has no `<!-- end of table -->` after it"):
        tables.renew(f"<!-- table: quick/table.md -->\n{rest}", kept)
