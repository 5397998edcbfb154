"""A whole site: its files, its links, and every bad input."""

from __future__ import annotations

import re
import time
from pathlib import Path
from urllib.parse import unquote

import pytest

from bench.report.site.build import build
from bench.report.site.inputs import Inputs, of_working_folder
from bench.runs.identity import Identity
from tests.helpers.site import LAST, config, write_run

LINK = re.compile(r'(?:href|src)="([^"#?]+)')


def dead_links(folder: Path) -> list[str]:
    """Return the links of all pages that lead to no file."""
    return [
        f"{page.name}: {link}"
        for page in [folder / "index.html", *folder.glob("site/*.html")]
        for link in LINK.findall(page.read_text(encoding="utf-8"))
        if not link.startswith("data:") and not (page.parent / unquote(link)).exists()
    ]


@pytest.fixture(scope="module")
def site(scale: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    built = build(scale, out)
    assert built.notes == ()
    assert built.index == out / "index.html"
    assert built.pages == 1 + len(list(out.glob("site/*.html")))
    return out


def test_every_link_leads_to_a_file(site: Path) -> None:
    assert dead_links(site) == []


def test_no_page_names_another_host(site: Path) -> None:
    for page in [site / "index.html", *site.glob("site/*.html")]:
        text = page.read_text(encoding="utf-8").replace("https://vega.github.io/schema/", "")
        assert "://" not in text, page


def test_every_picture_has_an_alt_text_and_every_page_a_heading(site: Path) -> None:
    for page in [site / "index.html", *site.glob("site/*.html")]:
        text = page.read_text(encoding="utf-8")
        assert len(re.findall("<h1", text)) == 1
        assert all("alt=" in tag for tag in re.findall(r"<img[^>]*>", text))


def test_made_again_it_is_the_same(site: Path, scale: Inputs) -> None:
    before = {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}
    build(scale, site)
    assert before == {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}


def test_pages_of_what_is_no_more_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / "reports/test/site"
    folder.mkdir(parents=True)
    for name in ("method-gone.html", "notes.html"):
        (folder / name).touch()
    build(of(tmp_path), tmp_path / "reports/test")
    assert not (folder / "method-gone.html").exists()
    assert (folder / "notes.html").exists()  # somebody else's


def of(folder: Path) -> Inputs:
    return of_working_folder(config(), folder / "results", folder / "reports")


def test_zero_runs(tmp_path: Path) -> None:
    built = build(of(tmp_path), tmp_path / "reports/test")
    assert built.pages == 7
    assert dead_links(tmp_path / "reports/test") == []


def test_one_run(tmp_path: Path) -> None:
    write_run(tmp_path, Identity("test", "hopper-medium", "dense", 100.0, "bc", 0), 20.0)
    build(of(tmp_path), tmp_path / "reports/test")
    text = (tmp_path / "reports/test/site/method-bc.html").read_text()
    assert "20.0</a> <small>(1 seed)</small>" in text
    assert dead_links(tmp_path / "reports/test") == []


def test_only_failures(tmp_path: Path) -> None:
    folder = tmp_path / Identity("test", "hopper-medium", "dense", 100.0, "bc", 0).folder()
    folder.mkdir(parents=True)
    (folder / "train.log").write_text("error: no space left\n")
    build(of(tmp_path), tmp_path / "reports/test")
    assert "training: no space left" in (tmp_path / "reports/test/site/runs.html").read_text()
    assert (
        "Without a score: 15 missing, 1 failed"
        in (tmp_path / "reports/test/index.html").read_text()
    )


def test_a_task_that_is_not_known_here(tmp_path: Path) -> None:
    write_run(tmp_path, Identity("test", "hopper-medium", "dense", 100.0, "bc", 0), 20.0)
    old = tmp_path / "results/test/runs/hopper-medium"
    strange = Identity("test", "somebodys-own", "dense", 100.0, "bc", 0)
    text = (old / "dense/100/bc/0/result.json").read_text()
    (tmp_path / strange.folder()).mkdir(parents=True)
    (tmp_path / strange.folder() / "result.json").write_text(text)  # damaged: it names another run
    build(of(tmp_path), tmp_path / "reports/test")
    page = (tmp_path / "reports/test/site/task-somebodys-own.html").read_text()
    assert "The task is not known here" in page


@pytest.mark.slow
def test_five_thousand_runs(tmp_path: Path) -> None:
    """The pages of 5,000 runs are made in two minutes at most, and take 20 MB at most."""
    changed = config()
    changed["suites"]["mujoco"]["seeds"] = list(range(625))
    for task in ("hopper-medium", "hopper-medium-expert"):
        for method, score in LAST.items():
            for seed in range(625):
                run = Identity("test", task, "dense", 100.0, method, seed)
                write_run(tmp_path, run, score + seed % 7)
    inputs = of_working_folder(changed, tmp_path / "results", tmp_path / "reports")
    began = time.process_time()
    build(inputs, tmp_path / "reports/test")
    assert time.process_time() - began < 120
    pages = [*(tmp_path / "reports/test").rglob("*.html")]
    assert sum(page.stat().st_size for page in pages) < 20e6
    assert (tmp_path / "reports/test/site/runs.html").read_text().count("<tr data-task") == 5000
