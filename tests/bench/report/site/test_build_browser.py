"""The pages in headless Chromium, from file:// and without a network: every page opened, sorted, filtered, checked by
axe-core, and measured at the width of a telephone.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from bench.cli.configs import read_config
from bench.core.code import ROOT
from bench.report.site.build import build
from bench.report.site.inputs import Inputs, of_packed_records
from tests.helpers.site import HOSTILE

pytestmark = pytest.mark.long
NOT_DRAWN = "document.querySelectorAll('[data-chart]:not([data-drawn])').length === 0"
GRAVE = ("serious", "critical")
TALL = 12_000  # px: every figure is on the screen, so all are drawn


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("there is no Chromium: `apt-get install chromium`")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the packed records of scale quick."""
    out = tmp_path_factory.mktemp("quick")
    with of_packed_records(read_config([ROOT / "config/config.yaml"])) as inputs:
        build(inputs, out)
    return out


@pytest.fixture(scope="module")
def hostile(scale: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of a small scale, one of whose labels is markup."""
    out = tmp_path_factory.mktemp("hostile")
    build(scale, out)
    return out


def every_page(folder: Path) -> list[Path]:
    return [folder / "index.html", *sorted(folder.glob("site/*.html"))]


class Visitor:
    """A page of a browser that notes what goes wrong."""

    def __init__(self, browser: Browser, width: int, theme: Any, height: int = 900) -> None:
        size: Any = {"width": width, "height": height}
        self.context = browser.new_context(viewport=size, color_scheme=theme)
        self.page: Page = self.context.new_page()
        self.wrong: list[str] = []
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on("console", self._said)
        self.page.on("request", self._asked)

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(f"console: {message.text}")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.wrong.append(f"network: {request.url}")

    def open(self, path: Path, query: str = "") -> Page:
        self.page.goto(path.as_uri() + query)
        self.page.wait_for_function(NOT_DRAWN)
        return self.page

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the screen."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def violations(page: Page) -> list[str]:
    # without preloading: it asks for the style sheet as a page of file:// may not
    found = Axe().run(page, options={"preload": False}).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in GRAVE
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_opens_without_an_error_or_a_request_and_passes_axe(
    quick: Path, browser: Browser, theme: str
) -> None:
    visitor = Visitor(browser, 1400, theme, TALL)
    problems = []
    # the pages of one kind share a template: axe-core reads one in three, in the dark one in nine
    for place, path in enumerate(every_page(quick)):
        if theme == "dark" and place % 9:
            continue
        page = visitor.open(path)
        found = [] if place % 3 else violations(page)
        problems += [f"{path.name}: {one}" for one in [*visitor.wrong, *found]]
        visitor.wrong.clear()
    assert not problems


@pytest.mark.parametrize("width", [400, 900])
def test_no_page_is_wider_than_the_screen(quick: Path, browser: Browser, width: int) -> None:
    visitor = Visitor(browser, width, "light", TALL)
    wide = []
    for path in every_page(quick):
        visitor.open(path)
        if visitor.overflow() > 0:
            wide.append(f"{path.name}: {visitor.overflow()} px")
    assert not wide
    assert not visitor.wrong


def test_a_label_with_markup_runs_nothing(hostile: Path, browser: Browser) -> None:
    visitor = Visitor(browser, 1400, "light", TALL)
    ran: list[str] = []
    visitor.page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    for path in every_page(hostile):
        visitor.open(path)
    assert ran == visitor.wrong == []
    page = visitor.open(hostile / "index.html")
    assert page.locator(".legend button").all_inner_texts() == ["DT", "BC", HOSTILE]


def test_a_heading_sorts_and_a_field_filters(quick: Path, browser: Browser) -> None:
    page = Visitor(browser, 1400, "light", TALL).open(quick / "site/artifact-mujoco-table2.html")
    table = page.locator("[data-table]")
    numbers = table.locator("tbody tr td:nth-child(2)")

    def shown() -> list[float]:
        return [float(text.split()[0]) for text in numbers.all_inner_texts()]

    before = shown()
    heading = table.get_by_role("button", name="DT", exact=True)
    heading.focus()
    page.keyboard.press("Enter")  # with the keyboard alone
    assert shown() == sorted(before)
    heading.click()
    assert shown() == sorted(before, reverse=True)
    assert table.locator("thead th").nth(1).get_attribute("aria-sort") == "descending"
    assert table.locator("tfoot tr").count() == 2  # averages stay below
    page.get_by_label("Filter").fill("hopper replay")
    assert table.locator("tbody tr:visible").count() == 1
    assert page.locator("[data-count]").inner_text() == "1 of 12 rows"


def test_a_cell_leads_to_its_runs(quick: Path, browser: Browser) -> None:
    page = Visitor(browser, 1400, "light").open(quick / "index.html")
    row = page.get_by_role("row", name="Medium Hopper")
    row.get_by_role("link", name="42.0", exact=True).click()
    page.get_by_text("3 of 765 rows").wait_for()
    rows = page.locator("tbody tr:visible")
    assert rows.count() == 3
    assert all("hopper-medium DT" in text for text in rows.all_inner_texts())
    assert page.get_by_label("Method").input_value() == "dt"
    page.get_by_role("button", name="Show all").click()
    assert page.locator("tbody tr:visible").count() == 765
    page.get_by_label("Suite").select_option("critic")
    assert page.locator("tbody tr:visible").count() == 3


def test_the_first_column_stays_while_the_others_scroll(quick: Path, browser: Browser) -> None:
    page = Visitor(browser, 400, "light").open(quick / "site/artifact-mujoco-table2.html")
    first = page.locator("tbody th").first
    before = first.bounding_box()
    page.locator(".scroll").evaluate("box => { box.scrollLeft = 300 }")
    after = first.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["x"] - before["x"]) < 1
    assert page.locator(".scroll").evaluate("box => box.scrollLeft") == 300


def test_the_legend_hides_a_series_and_a_mark_tells_its_values(
    quick: Path, browser: Browser
) -> None:
    page = Visitor(browser, 1400, "light").open(quick / "index.html")
    symbols = page.locator(".chart .mark-symbol path")
    everything = symbols.count()
    button = page.locator(".legend").get_by_role("button", name="DT", exact=True)
    button.click()
    page.wait_for_function(
        f"document.querySelectorAll('.chart .mark-symbol path').length < {everything}"
    )
    assert button.get_attribute("aria-pressed") == "false"
    symbols.last.hover()
    told = page.locator("#vg-tooltip-element")
    told.get_by_text("95 % interval").wait_for()
    assert "core-seconds of training" in told.inner_text()


def test_the_switch_of_the_theme(quick: Path, browser: Browser) -> None:
    visitor = Visitor(browser, 1400, "light")
    page = visitor.open(quick / "index.html")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Switch to the dark page").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (light, dark) == ("rgb(255, 255, 255)", "rgb(18, 22, 27)")
    visitor.open(quick / "site/runs.html")  # another page keeps the choice
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_a_figure_is_saved_as_a_file(quick: Path, browser: Browser, tmp_path: Path) -> None:
    page = Visitor(browser, 1400, "light").open(quick / "index.html")
    for kind, begin in (("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=f"Save {kind}").click()
        waiting.value.save_as(tmp_path / kind)
        assert (tmp_path / kind).read_bytes().startswith(begin)
        assert waiting.value.suggested_filename == f"Mean of 12 data sets.{kind.lower()}"
