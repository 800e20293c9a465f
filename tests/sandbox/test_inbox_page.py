"""The inbox page in a real browser: texts arrive live and as text, and every control can be reached."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any, TypeVar

import httpx
import pytest

from twiliodest.sandbox import ACCEPT_THEN_500, Sandbox, Settings

pytest.importorskip("selenium")

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

pytestmark = pytest.mark.slow

ACCOUNT = "AC" + "0" * 32
TO = "+15557654321"
T = TypeVar("T")
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --window-size=1280,800"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
    driver = shutil.which("chromedriver")
    if not (chromium and driver):
        missing = "needs Chromium and chromedriver on the PATH"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in [*FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield started
    started.quit()


class Page:
    """An open inbox, and a way to text into it."""

    def __init__(self, browser: webdriver.Chrome, sandbox: Sandbox, client: httpx.Client) -> None:
        self.browser, self.sandbox, self.client = browser, sandbox, client

    def send(self, body: str, to: str = TO, **more: Any) -> httpx.Response:
        form = {"To": to, "From": "+15551234567", "Body": body, **more}
        return self.client.post(f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json", data=form)

    def all(self, css: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, css)

    def one(self, css: str) -> WebElement:
        """The element, once it is shown."""
        return self.until(lambda: next((found for found in self.all(css) if found.is_displayed()), None))

    def texts(self, css: str = "#texts .bubble") -> list[str]:
        """What the elements say; read in one go, as the page may redraw them."""
        found = self.browser.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map((found) => found.textContent)", css
        )
        return list(found)

    def until(self, condition: Callable[[], T | None]) -> T:
        return WebDriverWait(self.browser, 20, 0.02).until(lambda _: condition())  # type: ignore[return-value] # truthy: no None

    def press(self, *keys: str) -> None:
        webdriver.ActionChains(self.browser).send_keys(*keys).perform()

    def focused(self) -> str:
        """The focused element: its id, or its class, or its tag."""
        active = self.browser.switch_to.active_element
        return active.get_attribute("id") or active.get_attribute("class") or active.tag_name

    def errors(self) -> list[str]:
        """What the browser's console complained of since the last call."""
        log: list[dict[str, str]] = self.browser.get_log("browser")  # type: ignore[no-untyped-call] # Selenium
        return [entry["message"] for entry in log if entry["level"] == "SEVERE"]


@pytest.fixture
def page(browser: webdriver.Chrome) -> Iterator[Page]:
    """An empty inbox; fails if the browser's console had an error to tell."""
    fail = {"fail": ACCEPT_THEN_500}
    with (
        Sandbox(Settings(script=lambda form: fail.get(dict(form)["Body"]))) as sandbox,
        httpx.Client(base_url=sandbox.url, auth=(ACCOUNT, "token"), trust_env=False) as client,
    ):
        browser.get(sandbox.url)
        opened = Page(browser, sandbox, client)
        opened.one("#live[data-state=live]")
        yield opened
        errors = opened.errors()
        browser.get("about:blank")
    assert errors == []


def test_an_empty_inbox_says_what_to_do(page: Page) -> None:
    """The first thing a newcomer sees is a command that fills the inbox."""
    assert page.sandbox.url in page.one("#command").text
    assert page.one("#empty h2").text == "No texts yet"


def test_a_text_appears_without_reload(page: Page) -> None:
    """A text sent while the page is open is there at once, with sender, status, size and a moving status."""
    page.send("Your order has shipped")
    assert page.until(page.texts) == ["Your order has shipped"]
    page.send("Danke – bis bald")
    page.until(lambda: len(page.texts()) == 2)
    assert page.texts("#texts .sender") == ["+15551234567"]
    assert "1 segment GSM-7" in page.texts(".meta")[0]
    assert "1 segment UCS-2" in page.texts(".meta")[1]
    page.until(lambda: page.texts(".status") == ["✓✓ Delivered", "✓✓ Delivered"])


def test_markup_in_a_text_is_shown_as_it_is(page: Page) -> None:
    """Nothing in a text is read as markup: not in the list, the thread, or the details."""
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    page.send(evil, MediaUrl="https://127.0.0.1:1/\"onerror='alert(3)'")
    assert page.until(page.texts) == [evil]
    assert page.texts(".snippet") == [evil]
    page.one(".meta").click()
    assert evil in page.one("#form").text
    assert page.all("#texts script, .bubble *, .snippet *, #detail img") == []
    page.press(Keys.ESCAPE)
    page.one("#texts button.chip").click()
    chip = page.one("#texts a.chip")  # nothing answers there: the picture became a link
    assert "https://127.0.0.1:1/" in str(chip.get_attribute("href"))
    (error,) = page.errors()
    assert error.startswith("https://127.0.0.1:1/")  # the picture that is not there, and nothing else


def test_a_picture_is_loaded_by_a_click_alone(page: Page) -> None:
    """Nothing is asked of whoever has the picture until somebody wants to see it; it links to itself then."""
    url = f"{page.sandbox.url}/icon.svg?picture"
    page.send("Your receipt", MediaUrl=url)
    button = page.one("#texts .media button")
    assert "Show picture" in button.text
    loaded = "return performance.getEntriesByName(arguments[0]).length"
    assert page.browser.execute_script(loaded, url) == 0
    assert page.all("#texts .media img") == []
    button.click()
    image = page.one("#texts .media img")
    page.until(lambda: image.get_property("naturalWidth"))
    assert page.one("#texts .media a").get_attribute("href") == url


def test_the_page_says_that_it_is_a_sandbox(page: Page) -> None:
    """Always in sight, in the list and in the title."""
    assert page.texts(".inbox .badge") == ["Sandbox"]
    assert page.browser.title == "Sandbox inbox"


def test_texts_are_counted_as_the_command_counts_them(page: Page) -> None:
    """Those that arrived, and beside them those that were refused."""
    page.send("one")
    page.send("two", to="+15005550009")
    page.until(lambda: page.texts("#counts") == ["1 text to 1 number · 1 segment · 1 refused"])


def test_what_becomes_of_a_text_is_seen(page: Page) -> None:
    """Undelivered with its code; cancelled, redacted and deleted ones change where they stand."""
    messages = f"/2010-04-01/Accounts/{ACCOUNT}/Messages"
    page.send("lost", to="+15005530003")
    page.until(lambda: page.texts(".status") == ["✗ Undelivered"])
    assert "30003 Unreachable destination handset" in page.texts(".meta")[0]
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    later = {"From": "MG" + "1" * 32, "ScheduleType": "fixed", "SendAt": at}
    sid = page.send("soon", to="+15005530003", **later).json()["sid"]
    page.until(lambda: page.texts(".status")[1:] == ["Scheduled"])
    page.client.post(f"{messages}/{sid}.json", data={"Status": "canceled", "Body": ""})
    page.until(lambda: page.texts(".status")[1:] == ["✗ Canceled"])
    page.until(lambda: page.texts() == ["lost"])
    page.client.delete(f"{messages}/{sid}.json")
    page.until(lambda: len(page.texts(".status")) == 1)


def test_search_finds_numbers_and_texts(page: Page) -> None:
    """A part of a number, however it is grouped, or any words of a text narrow the list."""
    page.send("Your order has shipped", to="+447700900123")
    page.send("Your code is 1234", to="+15550000002")
    page.send("Bye", to="+15550000002")
    page.until(lambda: len(page.texts(".row .to")) == 2)
    for words, found in [("7700 900", ["+447700900123"]), ("CODE IS", ["+15550000002"]), ("nowhere", [])]:
        page.one("#search").clear()
        page.one("#search").send_keys(words)
        page.until(lambda found=found: page.texts(".row .to") == found)  # type: ignore[misc] # mypy cannot type defaults
    assert page.one("#no-match").text == "Nothing matches."
    page.one("#search").send_keys(Keys.ESCAPE)
    page.until(lambda: len(page.texts(".row .to")) == 2)


def test_details_show_the_form_and_the_response(page: Page) -> None:
    """A click on a text shows the raw form and the JSON that answered it; Escape closes."""
    page.send("A & B", to="+15005550009")
    page.one(".bubble").click()
    assert "Body=A+%26+B" in page.one("#raw").text
    assert '"code": 21614' in page.one("#response").text
    page.press(Keys.ESCAPE)
    page.until(lambda: not page.all("#detail[open]"))


def test_an_accepted_text_with_a_failed_answer_says_so(page: Page) -> None:
    """What the caller was told is part of the story: accepted, but answered with 500."""
    page.send("fail")
    assert page.until(lambda: page.texts(".answered")) == ["answered: 500"]


def test_stop_opts_the_recipient_out_and_start_in(page: Page) -> None:
    """STOP in a conversation: the next text is refused with 21610, and shown so; START undoes it."""
    page.send("one")
    page.one("#stop").click()
    page.until(lambda: page.texts("#stop") == ["START"])
    assert page.send("two").json()["code"] == 21610
    page.until(lambda: "21610" in page.texts("#texts li:last-child .meta")[0])
    page.one("#stop").click()
    page.until(lambda: page.texts("#stop") == ["STOP"])
    assert page.send("three").status_code == 201


def test_chaos_is_set_on_the_page(page: Page) -> None:
    """A slider makes the sandbox fail, the page says that chaos is on, and one button calms it."""
    page.one("#open-chaos").click()
    page.one("input[name=server_error]").send_keys(Keys.END)
    page.until(lambda: page.texts("#open-chaos") == ["Chaos on"])
    assert page.send("hello").status_code == 500
    page.one("#calm").click()
    page.until(lambda: page.texts("#open-chaos") == ["Chaos"])
    assert page.send("hello").status_code == 201


def test_clear_all_empties_the_inbox(page: Page) -> None:
    """After a question, every text is gone from the page and from the sandbox; new ones arrive as before."""
    page.send("one")
    page.one(".row")
    page.one("#open-clear").click()
    page.one("#clear-all").click()
    page.one("#empty")
    assert page.sandbox.messages() == []
    page.send("two")
    assert page.until(page.texts) == ["two"]


def test_only_the_newest_are_shown_and_the_page_says_so(browser: webdriver.Chrome) -> None:
    """When older texts made room, the page drops them too and tells how many."""
    with Sandbox(Settings(keep=3)) as sandbox, httpx.Client(base_url=sandbox.url, trust_env=False) as client:
        client.auth = (ACCOUNT, "token")
        browser.get(sandbox.url)
        page = Page(browser, sandbox, client)
        for number in range(5):
            page.send(str(number))
        page.until(lambda: page.texts() == ["2", "3", "4"])
        page.until(lambda: page.texts("#counts") == ["Showing the newest 3; 2 older ones were dropped."])
        browser.get("about:blank")


def test_thousands_of_conversations_draw_only_a_few_rows(page: Page) -> None:
    """The page stays quick: it draws a hundred rows and offers the rest."""
    for number in range(300):
        page.send("hi", to=f"+1555{number:07}")
    page.until(lambda: page.texts("#counts") == ["300 texts to 300 numbers · 300 segments"])
    assert len(page.texts(".row")) == 100
    page.one("#more-threads").click()
    page.until(lambda: len(page.texts(".row")) == 200)


def test_the_keyboard_reaches_everything(page: Page) -> None:
    """Slash searches, arrows walk the list, Enter opens, Tab reaches each control, Escape closes."""
    for to in ("+15550000001", "+15550000002"):
        page.send("hello", to=to)
    page.until(lambda: len(page.texts(".row")) == 2)
    page.press("/")
    page.until(lambda: page.focused() == "search")
    page.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    assert page.focused() == "row"
    page.press(Keys.ENTER)
    page.until(lambda: page.texts("#thread-title") == ["+15550000001"])
    page.browser.execute_script("document.activeElement.blur()")
    reached = []
    for _ in range(12):
        page.press(Keys.TAB)
        reached.append(page.focused())
    for control in ("open-chaos", "open-clear", "search", "row", "stop", "scroller", "meta"):
        assert control in reached
    while page.focused() != "meta":
        page.press(Keys.TAB)
    page.press(Keys.ENTER)
    page.one("#detail[open]")
    page.press(Keys.ESCAPE)
    page.until(lambda: not page.all("#detail[open]"))
    assert page.focused() == "meta"


def test_every_control_has_a_name(page: Page) -> None:
    """A screen reader has something to say for each button, link and field, and hears of new texts."""
    page.send("hello")
    page.one(".row")
    unnamed = [
        found.get_attribute("outerHTML")
        for found in page.all("button, a, input, dialog, nav, [role=region]")
        if found.is_displayed() and not found.accessible_name
    ]
    assert unnamed == []
    page.until(lambda: page.texts("#announcer") == [f"New text to {TO}: hello"])


@pytest.mark.parametrize("width", [320, 360, 390])
def test_a_phone_shows_one_pane_at_a_time(page: Page, width: int) -> None:
    """On a narrow screen the list leads to the conversation and back, and nothing sticks out."""
    size = {"width": width, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        page.send("a" * 400)
        page.send("See", MediaUrl="https://example.com/" + "long" * 50 + ".png")
        wide = "return document.documentElement.scrollWidth > innerWidth"
        page.one(".row")
        assert not page.browser.execute_script(wide)
        sticking = (
            "return [...document.querySelectorAll('.inbox .bar > *')]"
            ".filter((it) => it.getBoundingClientRect().right > innerWidth).map((it) => it.id || it.className)"
        )
        assert page.browser.execute_script(sticking) == []
        page.one(".row").click()
        page.one("#conversation")
        assert not page.one("#conversation .back").get_attribute("hidden")
        assert not page.browser.execute_script(wide)
        page.one("#conversation .back").click()
        page.until(lambda: not page.all("#conversation .back")[0].is_displayed())
        assert page.focused() == "row"
    finally:
        page.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_page_is_whole_in_the_package() -> None:
    """The page's parts are files beside the code, and none of them loads anything from elsewhere."""
    for file in files("twiliodest.sandbox").joinpath("page").iterdir():
        content = file.read_text().replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert "innerHTML" not in content
        assert "https://" not in content
        assert "http://" not in content
