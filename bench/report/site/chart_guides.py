"""Lines that help to read an interactive figure: levels with their names, marked places, the diagonal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

GUIDE, BEST = "#808080", "#d55e00"
Spec = dict[str, Any]


def guides(
    levels: Sequence[tuple[str, float]],
    vertical: Sequence[tuple[str, float]],
    diagonal: float | None,
) -> list[Spec]:
    """Return the layers of dashed horizontal lines, of dotted vertical lines and of the dashed diagonal.

    Args:
        levels: names and heights of the horizontal lines.
        vertical: names and places of the vertical lines.
        diagonal: its end, as far as both axes are equal; None: there is none.
    """
    layers = [_rule("y", name, place, [6, 4], GUIDE) for name, place in levels]
    layers += [_text(name, place) for name, place in levels]
    layers += [_rule("x", name, place, [2, 3], BEST) for name, place in vertical]
    if diagonal is not None:
        ends = [{"x": 0.0, "y": 0.0}, {"x": plain(diagonal), "y": plain(diagonal)}]
        where = {axis: {"field": axis, "type": "quantitative"} for axis in ("x", "y")}
        mark = {
            "type": "line",
            "strokeDash": [6, 4],
            "color": GUIDE,
            "strokeWidth": 1,
            "clip": True,
        }
        layers.append({"data": {"values": ends}, "mark": mark, "encoding": where})
    return layers


def _text(name: str, height: float) -> Spec:
    """Return the name of a level, above its right end."""
    where = {"y": {"field": "y", "type": "quantitative"}, "x": {"value": "width"}}
    return {
        "data": {"values": [{"y": plain(height), "name": name}]},
        "mark": {
            "type": "text",
            "align": "right",
            "dx": -3,
            "dy": -6,
            "fontSize": 11,
            "clip": True,
        },
        "encoding": where | {"text": {"field": "name"}},
    }


def _rule(axis: str, name: str, place: float, dash: list[int], colour: str) -> Spec:
    value = {"field": axis, "type": "quantitative"}
    told = [{"field": "name", "type": "nominal", "title": "line"}, value | {"format": ",.1f"}]
    return {
        "data": {"values": [{axis: plain(place), "name": name}]},
        "mark": {
            "type": "rule",
            "strokeDash": dash,
            "color": colour,
            "strokeWidth": 1.5,
            "clip": True,
        },
        "encoding": {axis: value, "tooltip": told},
    }


def plain(value: Any) -> Any:
    """Return a value as JSON holds it."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.5g}") if math.isfinite(value) else None
    return value
