"""The file of `snakemake --report` in headless Chromium: every category opens."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

from tests.helpers.pipeline import snakemake, with_data

pytestmark = pytest.mark.long


def test_every_category_opens(tmp_path):
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("there is no Chromium: `apt-get install chromium`")
    folder = with_data(tmp_path / "clone")
    snakemake(folder, "all_mujoco", config="config/tiny.yaml")
    snakemake(folder, "all_mujoco", "--report", "report.html", config="config/tiny.yaml")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page()
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        files = {
            "Data": "mujoco: data sets (HTML)",
            "MuJoCo": "mujoco: table (HTML)",
            "Cost": "mujoco: cost (HTML)",
        }
        for category, file in files.items():
            page.goto((folder / "report.html").as_uri())
            page.get_by_text(category, exact=True).first.click()
            page.get_by_text(file, exact=True).wait_for()
        browser.close()
    assert errors == []
