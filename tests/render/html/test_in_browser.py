"""The HTML page in a real browser: it fits a phone and a desk, works by keyboard and on paper, in light and dark."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from billsync.render.html.page import as_html
from billsync.render.page.page import Bar, Bars
from tests.render.html.pages import curve, page

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((found for name in BROWSERS if (found := shutil.which(name))), None)
DRIVER = shutil.which("chromedriver")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not BROWSER or not DRIVER, reason="needs Chromium and its driver (packages chromium, chromium-driver)"
    ),
]

READABLE = 4.5
"""The contrast that WCAG 2.2 asks for text at level AA (success criterion 1.4.3)."""

CONTRASTS = """
const light = (rgb) => { const [r, g, b] = rgb.map((c) => { c /= 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const parts = (color) => (color.match(/[0-9.]+/g) || []).map(Number);
const behind = (element) => { for (let e = element; e; e = e.parentElement) {
  const color = parts(getComputedStyle(e).backgroundColor);
  if (color.length && (color.length < 4 || color[3] > 0)) return color.slice(0, 3); } return [255, 255, 255]; };
const found = [];
for (const element of document.querySelectorAll('body *')) {
  const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  if (!own || !element.checkVisibility()) continue;
  const style = getComputedStyle(element), inSvg = element.closest('svg');
  const [a, b] = [light(parts(inSvg ? style.fill : style.color).slice(0, 3)), light(behind(element))];
  found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), 
    element.tagName + ': ' + element.textContent.slice(0, 40)]);
}
return found;
"""


MISPLACED = """
const found = [];
for (const picture of document.querySelectorAll('svg')) {
  const whole = picture.getBoundingClientRect();
  const texts = [...picture.querySelectorAll('text')].filter((one) => one.textContent.trim()).map((one) => [
    one.textContent, one.getBoundingClientRect()]);
  for (const [text, at] of texts) {
    if (at.left < whole.left || at.right > whole.right || at.bottom > whole.bottom) found.push(text);
    for (const [other, place] of texts)
      if (at !== place && at.left < place.left && at.right > place.left && Math.abs(at.top - place.top) < 1)
        found.push(text + ' on ' + other);
  }
}
return found;
"""

WIDE = (
    replace(curve(), usage=()),
    replace(curve(), usage=tuple(replace(one, count=12_345) for one in curve().usage)),
    Bars("wide", "USD", tuple(Bar(f"c{by}", Decimal(by * 1000)) for by in (2000, 1, -1, -1800))),
)
"""Pictures with much to write."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    file: Path = tmp_path_factory.mktemp("page") / "page.html"
    whole = page(lambda text: f"{text} {'long' * 20} {'w' * 90}" if text == "globex" else text)
    first, *others = whole.sections
    sections = (replace(first, blocks=(*first.blocks, *WIDE)), *others)
    file.write_text(as_html(replace(whole, sections=sections)), encoding="utf-8")
    driver.get(file.as_uri())
    yield driver
    driver.quit()


def emulate(browser: webdriver.Chrome, *, media: str = "screen", scheme: str = "light") -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})


def sized(browser: webdriver.Chrome, width: int) -> None:
    metrics: dict[str, Any] = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def open_all(browser: webdriver.Chrome, *, is_open: bool) -> None:
    browser.execute_script(f"document.querySelectorAll('details').forEach((one) => one.open = {str(is_open).lower()})")


def place_of(browser: webdriver.Chrome, element: WebElement) -> int:
    """The place of an element in the document."""
    return int(browser.execute_script("return [...document.querySelectorAll('*')].indexOf(arguments[0])", element))


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("is_open", [False, True], ids=["closed", "open"])
def test_nothing_overflows(browser: webdriver.Chrome, width: int, is_open: bool) -> None:
    emulate(browser)
    sized(browser, width)
    open_all(browser, is_open=is_open)

    needed = browser.execute_script("return document.documentElement.scrollWidth")
    outside = browser.execute_script(
        "return [...document.querySelectorAll('body *')].filter((one) => one.checkVisibility() &&"
        " !one.closest('.scroll') && !one.closest('.skip') &&"
        " one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 90))"
    )

    assert needed <= width
    assert outside == []


def test_every_text_of_a_picture_is_within_it_and_apart_from_others(browser: webdriver.Chrome) -> None:
    emulate(browser)
    sized(browser, 1440)
    open_all(browser, is_open=True)

    assert browser.execute_script(MISPLACED) == []


def test_nothing_is_reported_on_the_console(browser: webdriver.Chrome) -> None:
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(browser: webdriver.Chrome, scheme: str) -> None:
    emulate(browser, scheme=scheme)
    open_all(browser, is_open=True)

    contrasts = browser.execute_script(CONTRASTS)

    assert len(contrasts) > 60
    assert [text for contrast, text in contrasts if contrast < READABLE] == []


def test_every_section_is_reached_by_keyboard(browser: webdriver.Chrome) -> None:
    emulate(browser)
    open_all(browser, is_open=False)
    reached: list[int] = []
    while (place := place_of(browser, browser.switch_to.active_element)) not in reached:
        reached.append(place)
        browser.switch_to.active_element.send_keys(Keys.TAB)

    entries = browser.find_elements(By.CSS_SELECTOR, "nav a, main > section > details > summary")

    assert len(entries) == 4
    assert {place_of(browser, entry) for entry in entries} <= set(reached)


def test_a_fold_opens_with_the_enter_key(browser: webdriver.Chrome) -> None:
    emulate(browser)
    open_all(browser, is_open=False)
    browser.execute_script("document.querySelector('main > section > details > summary').focus()")

    browser.switch_to.active_element.send_keys(Keys.ENTER)

    assert browser.execute_script("return document.querySelector('main > section > details').open")


def test_paper_shows_what_folds_hold(browser: webdriver.Chrome) -> None:
    open_all(browser, is_open=False)
    emulate(browser, media="print")

    hidden = browser.execute_script(
        "return [...document.querySelectorAll('details table')]"
        ".filter((one) => one.getBoundingClientRect().height === 0).length"
    )

    emulate(browser)
    assert hidden == 0
