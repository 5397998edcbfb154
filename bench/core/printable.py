"""Text from files, as a terminal or a log may show it."""

from __future__ import annotations


def printable(text: object) -> str:
    """Return a text on one line, without control characters: a name in a file could move the cursor of a terminal, or
    look like a line of its own. Such a character is written as its code.
    """
    return "".join(
        character if character.isprintable() else repr(character)[1:-1] for character in str(text)
    )
