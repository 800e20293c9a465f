"""README and docs tell the truth: commands run, configurations are valid, what is shown is the program's output.

A block with a note `file: NAME` is that file for all commands of its page; the README's files are there on every
page. In a `sh` block all commands run; in a `console` block the command's output follows it. Real sends go to a
sandbox. Commands that install are run by `.ci/run`. A YAML block that has no `actions` is a fragment: one that begins
with `- ` has actions, any other settings.
"""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import pytest
from pages import ALL, PAGES, ROOT, Block, blocks, name
from shell import ACCOUNT, BIN, CREDENTIALS, environment, on_terminal, run

from twiliodest.cli.app import app
from twiliodest.errors import ExitStatus
from twiliodest.model import Status
from twiliodest.sandbox import Chaos, Sandbox
from twiliodest.screens.report import Record

CONTEXT = click.Context(app)
SETTINGS = 'number: "+15005550006"\n'
ACTIONS = "actions:\n  - {name: any, trigger: 'type = \"track\"', to: $.phone, body: Hello}\n"


def runnable(block: Block) -> bool:
    return not block.note.startswith("not run:") and not block.text.startswith("python3 -m venv")


@pytest.fixture
def place(tmp_path: Path, block: Block) -> Path:
    """A folder with the samples, the files of the README and those of the block's page."""
    shutil.copytree(ROOT / "sample-events", tmp_path / "sample-events")
    shutil.copy(ROOT / "sample-config.yaml", tmp_path)
    for page in ("README.md", block.page):
        for file in blocks("yaml", "json", "text"):
            if file.page == page and file.note.startswith("file: "):
                (tmp_path / file.note.removeprefix("file: ")).write_text(file.text)
    return tmp_path


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def to_sandbox(command: str, url: str) -> str:
    real = r"twiliodest (?:ledger resolve|send(?!.*(?:--dry-run|--sandbox)))"
    return re.sub(real, rf"\g<0> --api-base {url}", command)


@pytest.mark.parametrize("block", [block for block in blocks("sh") if runnable(block)], ids=name)
def test_every_command_runs(block: Block, place: Path, sandbox: Sandbox) -> None:
    """What a page tells to type is understood: no usage error, no traceback."""
    if "twiliodest init" in block.text:
        (place / "twiliodest.yaml").unlink()
    script = "trap '[ $? -ne 2 ] || exit 2' ERR\n" + to_sandbox(block.text, sandbox.url) + "\ntrue\n"
    env = environment(place, **CREDENTIALS)
    done = subprocess.run(["bash", "-c", script], cwd=place, env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("block", blocks("console"), ids=name)
def test_the_output_shown_is_the_program_s_own(block: Block, place: Path, sandbox: Sandbox) -> None:
    """Tables, summaries, problems and the plan on a page are what the command shows today."""
    assert block.text == f"$ {command_of(block)}\n{output(block, place, sandbox.url)}"


def command_of(block: Block) -> str:
    return block.text.removeprefix("$ ").partition("\n")[0]


def output(block: Block, place: Path, url: str) -> str:
    """What the block's command shows, without the white space at the ends; on a terminal up to the question."""
    program, *arguments = to_sandbox(command_of(block), url).split()
    if block.note == "on a terminal":
        env = environment(place, **CREDENTIALS)
        _, shown = on_terminal([BIN / program, *arguments], cwd=place, env=env, answer="n")
        shown = shown.replace(f"{url} (not Twilio)", f"api.twilio.com as AC…{ACCOUNT[-4:]}")
        shown = shown.replace("about to send\n", "about to send for real\n")  # the page is about Twilio
        shown = "".join(re.findall(r"^[^━\n].*\n", shown.partition("[y/N]")[0] + "[y/N]\n", re.MULTILINE))
    else:
        done = run(*arguments, cwd=place)
        shown = (done.stdout + done.stderr).decode()
    return re.sub(r" +$", "", shown, flags=re.MULTILINE).strip("\n") + "\n"


@pytest.mark.parametrize(
    "block", [block for block in blocks("yaml") if block.note != "file: broken.yaml"], ids=name
)
def test_every_configuration_is_valid(block: Block, place: Path) -> None:
    """Every YAML block checks without a problem or a warning, on its own or in a minimal configuration."""
    text = block.text
    if text.startswith("- "):
        text = f"{SETTINGS}actions:\n{text}"
    elif "actions:" not in text:
        text = SETTINGS + text + ACTIONS
    (place / "config.yaml").write_text(text)
    done = run("check", "-c", "config.yaml", cwd=place, env=CREDENTIALS)
    assert (done.returncode, done.stderr.count(b"\n")) == (0, 1), done.stderr.decode()


@pytest.mark.parametrize("block", blocks("python"), ids=name)
def test_the_sdk_s_example_sends_a_text(block: Block) -> None:
    """The Python on a page texts a sandbox through Twilio's own SDK."""
    with Sandbox() as running:
        program = block.text.replace("http://127.0.0.1:8025", running.url)
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
        assert [text.body for text in running.messages()] == ["Hello"]


def test_every_option_of_send_is_documented() -> None:
    """No option of `send` has to be found out by chance."""
    assert [option for option in options("send") if f"`{option}" not in PAGES["docs/send.md"]] == []


def test_every_option_on_a_page_exists() -> None:
    """No option is documented that the program does not have."""
    known = set(itertools.chain(*map(options, commands()), ["--help", "--version"]))
    foreign = [*blocks("dockerfile"), *(block for block in blocks("sh") if "Docker" in block.note)]
    text = ALL
    for block in foreign:
        text = text.replace(block.text, "")
    assert set(re.findall(r"(?<![-\w])--[a-z][a-z-]+", text)) <= known


def commands() -> Iterator[str]:
    for command in app.list_commands(CONTEXT):
        found = found_by(command)
        below = found.list_commands(CONTEXT) if isinstance(found, click.Group) else None
        yield from [f"{command} {sub}" for sub in below] if below else [command]


def options(command: str) -> list[str]:
    """The long options of a command such as `send` or `ledger list`."""
    return [name for it in found_by(command).params for name in it.opts if name.startswith("--")]


def found_by(words: str) -> click.Command:
    found: click.Command = app
    for word in words.split():
        assert isinstance(found, click.Group)
        found = found.get_command(CONTEXT, word) or found
    return found


@pytest.mark.parametrize(
    "config", ["zzz: 1", "number: '+15005550006'\nactions:\n  - zzz: 1"], ids=["settings", "action"]
)
def test_every_key_of_the_configuration_is_documented(config: str, tmp_path: Path) -> None:
    """Whatever the program calls a known key, a page explains in a table."""
    (tmp_path / "config.yaml").write_text(config)
    told = run("check", "-c", "config.yaml", cwd=tmp_path).stderr.decode()
    known = re.search(r"the known ones are: (.*)", told)
    assert known
    rows = " ".join(re.findall(r"^\| (`.*?) \|", PAGES["docs/configuration.md"], re.MULTILINE))
    assert [key for key in known[1].split(", ") if f"`{key}`" not in rows] == []


def test_every_field_status_and_exit_status_is_documented() -> None:
    """Who reads the JSON Lines or the exit status finds each value in a table."""
    fields = [field.encode_name for field in msgspec.structs.fields(Record)]
    rows = " ".join(re.findall(r"^\| (.*?) \|", ALL, re.MULTILINE)).split()
    cells = {cell.strip("`,") for cell in rows}
    statuses = [str(status.value) for status in (*Status, *ExitStatus)]
    assert [word for word in (*fields, *statuses) if word not in cells] == []


def test_every_kind_of_chaos_is_documented() -> None:
    """All that the sandbox can be told to do wrong is named."""
    kinds = [kind for kind in Chaos.__struct_fields__ if kind != "seed"]
    page = PAGES["docs/sandbox.md"]
    assert [kind for kind in kinds if f"`{kind}`" not in page and f"{kind}=" not in page] == []
