"""Draws the pictures of the README: a dry run, as a terminal shows it, and the inbox of a sandbox.

    .venv/bin/python docs/pictures.py

Needs Chromium and chromedriver; with pngquant the inbox is a third of the size.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from twiliodest.sandbox import Sandbox, Settings

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
WIDTH = 120
COMMAND = "send sample-events -c sample-config.yaml"
THEME = TerminalTheme(
    (255, 255, 255),
    (36, 41, 46),
    [
        (36, 41, 46),
        (207, 34, 46),
        (26, 127, 55),
        (154, 103, 0),
        (9, 105, 218),
        (130, 80, 223),
        (27, 124, 131),
        (110, 119, 129),
    ],
)


def main() -> None:
    """Draw both."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        draw_dry_run(Path(home))
        with Sandbox(Settings(pace=0)) as sandbox:
            send(Path(home), "--api-base", sandbox.url, "--yes")
            draw_inbox(sandbox.url, len(sandbox.messages()))


def send(home: Path, *options: str) -> str:
    """What a send of the samples shows in a terminal."""
    command = [Path(sys.executable).parent / "twiliodest", *COMMAND.split(), *options]
    surroundings = {
        "FORCE_COLOR": "1",
        "COLUMNS": str(WIDTH),
        "TERM": "xterm",
        "LANG": "C.UTF-8",
        "HOME": str(home),
    }
    credentials = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "3c0d9a7be5f14628"}
    done = subprocess.run(  # noqa: S603 -- our own program
        command,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **surroundings, **credentials},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


def draw_dry_run(home: Path) -> None:
    """The table and the summary of a dry run, as SVG."""
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(Text(f"$ twiliodest {COMMAND} --dry-run --rows 9", style="bold"))
    console.print(Text.from_ansi(send(home, "--dry-run", "--rows", "9")))
    drawing = console.export_svg(title="twiliodest", theme=THEME)
    local = re.sub(
        r"\s*@font-face \{.*?\}", "", drawing, flags=re.DOTALL
    )  # a page may load no font from elsewhere
    (PICTURES / "dry-run.svg").write_text(local)


def draw_inbox(url: str, texts: int) -> None:
    """The page of a sandbox that `texts` messages went to, as PNG."""
    options = webdriver.ChromeOptions()
    for flag in ("--headless=new", "--no-sandbox", "--hide-scrollbars", "--window-size=900,600"):
        options.add_argument(flag)
    with webdriver.Chrome(options=options) as browser:
        browser.get(f"{url}/#%2B14155550134")
        shown = f"{texts} texts to"
        WebDriverWait(browser, 10).until(
            lambda it: shown in (page := it.find_element(By.TAG_NAME, "body").text) and "Sent ·" not in page
        )
        target = PICTURES / "inbox.png"
        browser.save_screenshot(str(target))
    if pngquant := shutil.which("pngquant"):
        subprocess.run([pngquant, "--force", "--strip", "--output", target, "64", target], check=True)  # noqa: S603


if __name__ == "__main__":
    main()
