"""Every text is escaped, in HTML and in scripts."""

from __future__ import annotations

import json
import math

import pytest

from bench.report.site.render import (
    environment,
    file_name,
    number,
    prose,
    script_json,
    seconds,
    slug,
)
from tests.helpers.site import HOSTILE


def test_markup_in_a_text_is_text() -> None:
    template = environment().from_string("<p>{{ text }}</p>")
    assert template.render(text=HOSTILE) == "<p>&lt;script&gt;alert(1)&lt;/script&gt; | $x</p>"


def test_words_between_backticks_are_code_and_the_rest_is_escaped() -> None:
    assert prose("set `a < b` & go") == "set <code>a &lt; b</code> &amp; go"


def test_no_text_ends_the_script_that_holds_it() -> None:
    text = script_json({"name": "</script><b>&\u2028"})
    assert "<" not in text
    assert "\u2028" not in text
    assert json.loads(text) == {"name": "</script><b>&\u2028"}


def test_json_without_nan() -> None:
    with pytest.raises(ValueError, match="JSON"):
        script_json({"value": math.nan})


def test_numbers_and_times() -> None:
    assert number(1234.56) == "1,234.6"
    assert number(math.nan) == number(None) == "—"
    assert [seconds(value) for value in (0.44, 37.2, 750.0, 7560.0, math.nan)] == [
        "0.4 s",
        "37 s",
        "12.5 min",
        "2.1 h",
        "—",
    ]


def test_a_name_of_a_file_has_no_folder_and_no_markup() -> None:
    assert slug("hopper-medium") == "hopper-medium"
    assert slug("../a <b>") == "a-b"
    assert slug("???") == "x"
    assert file_name("hopper-medium") == "hopper-medium"
    assert file_name("../a") != file_name("/a") != file_name("a") == "a"
    assert "/" not in file_name("../a")
