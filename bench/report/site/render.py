"""From templates to HTML. Every text is escaped, unless it is marked as HTML here."""

from __future__ import annotations

import hashlib
import json
import math
import re
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

MISSING = "—"
CODE = re.compile(r"`([^`]+)`")


@cache
def environment() -> Environment:
    """Return the environment of all templates."""
    found = Environment(
        loader=PackageLoader("bench.report.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "prose": prose,
        "number": number,
        "json": script_json,
        "seconds": seconds,
        "slug": slug,
    }
    return found


def render(template: str, **context: Any) -> str:
    """Return a page: a template with these values."""
    return environment().get_template(template).render(**context)


def prose(text: str) -> Markup:
    """Return a text whose words between backticks are code."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 # it is escaped


def number(value: float | None, digits: int = 1) -> str:
    """Return a number as text, with commas between thousands; a dash if it is missing."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{value:,.{digits}f}"


def seconds(value: float) -> str:
    """Return a time as text: `0.4 s`, `37 s`, `12.5 min`, `2.1 h`."""
    if not math.isfinite(value):
        return MISSING
    if value < 10:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    return f"{value / 60:.1f} min" if value < 7200 else f"{value / 3600:.1f} h"


def script_json(value: Any) -> Markup:
    """Return a value as JSON for a `script` element, which no text in it can end."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 # nothing in it can be markup


def slug(text: str) -> str:
    """Return a text as the name of an anchor or of a class."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-.") or "x"


def file_name(text: str) -> str:
    """Return a text as a part of the name of a file; no two texts have the same."""
    name = slug(text)
    return name if name == text else f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
