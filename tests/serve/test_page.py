"""The page in a browser: Chromium, driven by Playwright, where both are there (`make test-browser`)."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("playwright")
import uvicorn
from playwright import sync_api

from foretell.serve.app import create_app
from foretell.serve.server import listening, url_of
from foretell.serve.settings import Address, ServiceSettings

from .conftest import table

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is missing")
MARKUP = '<img src=x onerror="alert(1)"><b>tea</b>'


@contextmanager
def served(settings: ServiceSettings) -> Iterator[str]:
    """The address of a service that runs in a thread."""
    with listening(Address(port=0)) as listener:
        app = create_app(settings)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield url_of(listener)
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(ServiceSettings(jobs=tmp_path_factory.mktemp("jobs"), device="cpu", grace=0.0)) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """The page, open; whatever the browser complains of fails the test."""
    with opened(browser, address) as found:
        yield found


@contextmanager
def opened(browser: Any, address: str, complaints: tuple[str, ...] = (), **options: Any) -> Iterator[Any]:
    context = browser.new_context(**options)
    found = context.new_page()
    said: list[str] = []
    own = (address, "blob:")
    found.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    found.on("pageerror", lambda error: said.append(str(error)))
    found.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
    found.on("request", lambda request: said.append(request.url) if not request.url.startswith(own) else None)
    found.goto(address)
    yield found
    context.close()
    assert [line for line in said if not any(expected in line for expected in complaints)] == []


@pytest.fixture
def drinks(tmp_path: Path) -> Path:
    """Two series, one with markup in its name, and prices known for a horizon of 7 days."""
    frame = table(70, [MARKUP, "milk"]).with_columns(
        price=pl.Series(np.tile([1.0, 1.1, 1.2, 1.3, 1.4], 28)),
        y=pl.when(pl.col("ds") < pl.date(2024, 3, 4)).then("y"),
    )
    frame.write_csv(tmp_path / "drinks.csv")
    return tmp_path / "drinks.csv"


def until(page: Any, holds: Callable[[], bool]) -> None:
    """Wait for something; the page's policy forbids what Playwright would evaluate for that."""
    for _ in range(600):
        if holds():
            return
        page.wait_for_timeout(50)
    pytest.fail(f"it did not come: {page.inner_text('#problem')}")


def results(page: Any) -> None:
    page.wait_for_selector("#results:not([hidden]), #problem:not([hidden])", timeout=120_000)
    assert not page.is_visible("#problem"), page.inner_text("#problem")
    page.wait_for_selector("#chart canvas")


def test_from_a_file_to_a_forecast_by_keyboard(page: Any, drinks: Path, tmp_path: Path) -> None:
    page.set_input_files("#file", drinks)
    page.wait_for_selector("#found:not([hidden])")
    assert "2 series in long layout: id 'unique_id', time 'ds', target 'y'" in page.inner_text("#sentences")
    assert page.input_value("#horizon") == "14"
    page.focus("#horizon")
    page.keyboard.press("Control+A")
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    results(page)
    assert page.inner_text("#caption") == MARKUP
    assert page.locator("img").count() == 0
    assert page.locator("#rows [role=option]").all_inner_texts() == [MARKUP, "milk"]
    page.focus("#series")
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("#caption >> text=milk")
    assert page.get_attribute("#rows [aria-selected=true]", "title") == "milk"
    page.fill("#search", "TEA")
    assert page.locator("#rows [role=option]").all_inner_texts() == [MARKUP]
    assert page.inner_text("#count") == "1 of 2 series"
    assert page.locator("#scores tbody td").first.inner_text() == "pretrained"
    assert "seasonal naive" in page.inner_text("#scores")
    page.check("#past")
    page.click("figure summary")
    assert page.locator("#values tbody tr").count() == 7
    assert page.locator("#values tbody td").first.inner_text() == "2024-03-04"
    with page.expect_download() as download:
        page.click("text=Forecast (CSV)")
    download.value.save_as(tmp_path / "forecast.csv")
    forecast = pl.read_csv(tmp_path / "forecast.csv")
    assert forecast["unique_id"].unique(maintain_order=True).to_list() == [MARKUP, "milk"]
    assert len(forecast) == 14
    with page.expect_download() as download:
        page.click("text=Model (zip)")
    assert download.value.suggested_filename == "model.zip"


def test_a_chart_is_zoomed_by_buttons_and_keys(page: Any, drinks: Path) -> None:
    page.set_input_files("#file", drinks)
    page.wait_for_selector("#ask:not([hidden])")
    page.click("#start")
    results(page)
    pictures = []
    for act in (lambda: page.click("#closer"), lambda: page.click("#whole"), lambda: page.press("#chart", "+")):
        act()
        page.wait_for_timeout(50)
        pictures.append(page.evaluate("document.querySelector('#chart canvas').toDataURL()"))
    # All of 63 days are shown at first, and in the middle; half of them otherwise.
    assert pictures[0] == pictures[2] != pictures[1]


def test_other_plans_give_another_forecast(page: Any, drinks: Path) -> None:
    page.set_input_files("#file", drinks)
    page.wait_for_selector("#found:not([hidden])")
    page.click("#correct summary")
    with page.expect_response("**/v1/look*"):
        page.select_option("select[aria-label='Role of price']", "known")
    page.wait_for_selector("#ahead:not([hidden])")
    page.fill("#horizon", "7")
    page.route("**/v1/fit?*", lambda route: route.continue_(url=trained(route.request.url)))
    page.click("#start")
    results(page)
    page.click("figure summary")
    planned = page.locator("#values tbody").inner_text()
    with page.expect_response("**/what-if"):
        page.locator("#sliders input").fill("40")
    until(page, lambda: page.locator("#values tbody").inner_text() != planned)
    assert page.inner_text("#sliders output") == "+40 %"
    page.click("#what-if button")
    until(page, lambda: page.locator("#values tbody").inner_text() == planned)


def trained(url: str, steps: str = "steps=10") -> str:
    """The request for a fit, with a training of a second."""
    return url.replace("preset=instant", f"model=gru&{steps}&hidden=8&layers=1")


def test_training_is_watched_and_cancelled(page: Any, drinks: Path) -> None:
    page.set_input_files("#file", drinks)
    page.wait_for_selector("#ask:not([hidden])")
    page.route("**/v1/fit?*", lambda route: route.continue_(url=trained(route.request.url, "steps=1000000")))
    page.click("#start")
    page.wait_for_selector("#stage >> text=Training: step", timeout=60_000)
    page.wait_for_selector("#losses canvas")
    assert page.is_disabled("#start")
    page.click("#cancel")
    page.wait_for_selector("#work", state="hidden", timeout=60_000)
    assert page.is_enabled("#start")
    assert page.is_hidden("#results")


def test_what_is_no_table_is_said(browser: Any, address: str, tmp_path: Path) -> None:
    (tmp_path / "page.csv").write_text("<html><b>no table</b></html>")
    with opened(browser, address, ("422",)) as page:
        page.set_input_files("#file", tmp_path / "page.csv")
        page.wait_for_selector("#problem:not([hidden])")
        assert page.inner_text("#problem") == "the body is a web page; export the table as CSV"
        assert page.is_hidden("#ask")


def test_ten_thousand_series_have_few_rows(page: Any, drinks: Path) -> None:
    many = {"ids": [f"series {i}" for i in range(10_000)], "errors": [i % 97 for i in range(10_000)]}
    page.route("**/v1/fit/*/series", lambda route: route.fulfill(json=many))
    page.route("**/series/*", lambda route: route.continue_(url=re.sub(r"\d+$", "0", route.request.url)))
    page.set_input_files("#file", drinks)
    page.wait_for_selector("#ask:not([hidden])")
    page.click("#start")
    results(page)
    options = page.locator("#rows [role=option]")
    assert page.inner_text("#count") == "10,000 series"
    assert options.count() < 60
    page.focus("#series")
    page.keyboard.press("End")
    page.wait_for_selector("#rows [aria-selected=true] >> text=series 9999")
    assert options.count() < 60
    page.check("#sorted")
    assert options.first.inner_text() == "series 96"
    page.fill("#search", "series 123")
    assert page.inner_text("#count") == "11 of 10,000 series"


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_a_phone_by_day_and_by_night(browser: Any, address: str, drinks: Path, scheme: str, dark: bool) -> None:
    options: dict[str, Any] = {
        "viewport": {"width": 360, "height": 740},
        "has_touch": True,
        "is_mobile": True,
        "color_scheme": scheme,
    }
    with opened(browser, address, **options) as page:
        page.set_input_files("#file", drinks)
        page.wait_for_selector("#ask:not([hidden])")
        page.tap("#start")
        results(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(21, 22, 27)") is dark
        page.locator("#rows [role=option]").nth(1).tap()
        page.wait_for_selector("#caption >> text=milk")


def test_the_token_is_asked_for(browser: Any, tmp_path: Path, drinks: Path) -> None:
    settings = ServiceSettings(jobs=tmp_path / "jobs", device="cpu", token="word", grace=0.0)
    with served(settings) as address, opened(browser, address, ("401",)) as page:
        page.set_input_files("#file", drinks)
        page.wait_for_selector("#access:not([hidden])")
        page.fill("#token", "word")
        page.press("#token", "Enter")
        page.wait_for_selector("#found:not([hidden])")
