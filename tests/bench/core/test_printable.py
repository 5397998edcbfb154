"""Text from files is shown on one line, without control characters."""

from __future__ import annotations

import pytest

from bench.core.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("hopper-medium ± 1.5 — Ö", "hopper-medium ± 1.5 — Ö"),
        ("\x1b[2Jx", r"\x1b[2Jx"),
        ("a\nerror: b", r"a\nerror: b"),
        ("a\r\tb\x07\x00", r"a\r\tb\x07\x00"),
        ("\u202egnp", r"\u202egnp"),
        ("a\u2028b\x9b", r"a\u2028b\x9b"),
        ("\udc80", r"\udc80"),
        (7, "7"),
    ],
)
def test_what_is_shown(text: object, shown: str) -> None:
    assert printable(text) == shown
