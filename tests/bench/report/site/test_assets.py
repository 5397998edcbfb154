"""The files that all pages share."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.report.site import assets


def test_vega_is_one_script_that_keeps_its_names_to_itself() -> None:
    text = assets.vega()
    assert text.splitlines()[0] == assets.heading().strip()
    assert "window.vegaEmbed" in text
    assert text.splitlines()[1] == "(function () {"
    assert "\nimport " not in text
    assert "\nexport " not in text


def test_a_site_that_is_made_again_keeps_vega(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    monkeypatch.setattr(assets, "vega", lambda: made.append(1) or f"{assets.heading()}script")
    assets.write(tmp_path)
    assets.write(tmp_path)
    assert made == [1]
    (tmp_path / "assets/vega.js").write_text("// an older one\n")
    assets.write(tmp_path)
    assert made == [1, 1]
    assert {path.name for path in (tmp_path / "assets").iterdir()} == {
        "site.css",
        "site.js",
        "vega.js",
    }


def test_nothing_is_loaded_from_elsewhere() -> None:
    folder = Path(assets.__file__).parent
    for path in [*folder.glob("static/*"), *folder.glob("templates/*")]:
        text = path.read_text(encoding="utf-8")
        assert "http://" not in text, path
        assert "https://" not in text, path
        assert "@import" not in text, path
