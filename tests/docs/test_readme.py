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
from typing import NamedTuple

import click
import msgspec
import pytest
from shell import BIN, CREDENTIALS, environment, on_terminal, run

import twiliodest
from twiliodest.cli.app import app
from twiliodest.errors import ExitStatus
from twiliodest.messages.phones import PhoneError, recipient
from twiliodest.model import Status
from twiliodest.sandbox import Chaos, Sandbox
from twiliodest.screens.report import Record
from twiliodest.templates.fields import compile_field
from twiliodest.templates.paths.compiler import compile_path
from twiliodest.triggers.grammar import parse
from twiliodest.triggers.matching import FUNCTIONS
from twiliodest.twilio import answers

PACKAGE = Path(twiliodest.__file__).parent
ROOT = Path(__file__).parents[2]
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
README = PAGES["README.md"]
ALL = "\n".join(PAGES.values())
LIMIT = 12 * 1024
CODES = ("_FORBIDDEN", "_SENDER", "_REJECTED", "_DELAYED", "_MAYBE", "_AGAIN")
CONTEXT = click.Context(app)
SETTINGS = 'number: "+15005550006"\n'
ACTIONS = "actions:\n  - {name: any, trigger: 'type = \"track\"', to: $.phone, body: Hello}\n"


class Block(NamedTuple):
    """A block of a page; `note` is the comment before it."""

    page: str
    line: int
    note: str
    language: str
    text: str


def blocks(*languages: str) -> list[Block]:
    fence = re.compile(r"(?:^<!-- ([^\n]*) -->\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [
        Block(page, text.count("\n", 0, it.start(2)) + 1, it[1] or "", it[2], it[3])
        for page, text in PAGES.items()
        for it in fence.finditer(text)
        if it[2] in languages
    ]


def name(value: object) -> str | None:
    return f"{value.page}:{value.line}" if isinstance(value, Block) else None


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
    known = re.search(r"known are: (.*)", told)
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


def headings(page: str) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    text = re.sub(r"^```.*?^```$", "", PAGES[page], flags=re.MULTILINE | re.DOTALL)
    return {
        re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")
        for heading in re.findall("^#+ (.*)$", text, re.M)
    }


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    """Links to files of the repository and to headings of pages resolve."""
    for target in re.findall(r"\]\(([^)]+)\)|(?:src|href)=\"([^\"]+)\"", PAGES[page]):
        file, _, anchor = "".join(target).partition("#")
        if file.startswith(("https://", "mailto:")):
            continue
        found = (ROOT / page).parent / file if file else ROOT / page
        assert found.exists(), target
        assert not anchor or anchor in headings(found.resolve().relative_to(ROOT).as_posix()), target


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_read_in_one_go(page: str) -> None:
    """No page is longer than 12 KB: it answers one question."""
    assert len(PAGES[page].encode()) <= LIMIT


def test_every_page_is_found_from_the_readme_and_the_index() -> None:
    """No page has to be found out by chance."""
    pages = {page.removeprefix("docs/") for page in PAGES if page.startswith("docs/")} - {"README.md"}
    assert [page for page in pages if f"](docs/{page})" not in README] == []
    assert [page for page in pages if f"]({page})" not in PAGES["docs/README.md"]] == []


@pytest.mark.parametrize("block", blocks("fql"), ids=name)
def test_every_trigger_can_be_read(block: Block) -> None:
    """Whoever copies an example of a trigger has a trigger."""
    for line in block.text.splitlines():
        parse(line)


@pytest.mark.parametrize("block", blocks("jsonpath"), ids=name)
def test_every_path_can_be_read(block: Block) -> None:
    """Whoever copies an example of a path has a path."""
    for line in block.text.splitlines():
        compile_path(line.partition("   ")[0])


@pytest.mark.parametrize("block", blocks("liquid"), ids=name)
def test_every_template_can_be_read(block: Block) -> None:
    """Whoever copies an example of a template has a template."""
    compile_field(block.text)


def test_the_functions_of_triggers_are_all_explained() -> None:
    """The table of functions has those that there are, and no others."""
    told = {name for row in rows("docs/triggers.md") for name in re.findall(r"`(\w+)\(", row[0])}
    assert told == set(FUNCTIONS)


def test_phone_numbers_become_what_the_table_says() -> None:
    """Each spelling of the table is read as it says; with `any`, only where there is a region."""
    for written, region, becomes in rows("docs/phone-numbers.md"):
        countries = {"–": None, "any": "US"}
        country = countries.get(region, region.strip("`"))
        assert recipient(written.strip("`"), country) == becomes.strip("`")
        if region != "–":
            with pytest.raises(PhoneError):
                recipient(written.strip("`"), None)


def test_numbers_become_what_the_table_says() -> None:
    """Each calculation of the table gives what stands beside it."""
    table = [row for row in rows("docs/liquid.md") if "of the event" not in row[0]]
    assert table
    for expression, gives in table:
        template = compile_field("{{ %s }}" % expression.strip("`").replace("\\|", "|"))  # noqa: UP031 -- braces
        assert template.render({}) == gives.strip("`"), expression


def test_every_code_of_twilio_s_that_is_known_is_explained() -> None:
    """The page of errors says of each code what it does to the run, and what to do where there is advice."""
    page = PAGES["docs/errors.md"]
    what_to_do, _, effects = page.partition("## What a code does")
    kinds = [code for name in CODES for code in getattr(answers, name)]
    assert sorted(map(int, re.findall(r"\b\d{5}\b", effects))) == sorted(kinds)
    advised = {
        int(code)
        for row in rows("docs/errors.md")
        for code in re.findall(r"^[\d, ]+$", row[0])
        for code in code.split(",")
    }
    assert set(answers._ADVICE) <= advised, what_to_do


def test_every_file_that_contributing_names_exists() -> None:
    """Recipes lead to where things are."""
    named = re.findall(r"`((?:twiliodest|tests|docs|\.ci)(?:/[\w.]+)+)`", PAGES["docs/contributing.md"])
    assert len(named) > 20
    assert [path for path in named if not found(path).exists()] == []


def test_every_word_that_a_recipe_names_is_in_its_file() -> None:
    """A recipe's `twiliodest/….py`: `NAME` is a name of that file."""
    recipes = re.findall(r"`(twiliodest/[\w/]+\.py)`: (.*(?:\n   .*)*)", PAGES["docs/contributing.md"])
    assert recipes
    for path, text in recipes:
        for word in re.findall(r"`([A-Za-z_]+)`", text):
            assert re.search(rf"^(?:class )?{word}\b", found(path).read_text(), re.MULTILINE), (path, word)


def found(path: str) -> Path:
    """A path of the repository; the package may be installed elsewhere, and its source out of sight."""
    inside = path.removeprefix("twiliodest/")
    return ROOT / path if inside == path else PACKAGE / inside


def rows(page: str) -> list[list[str]]:
    """The rows of a page's tables, without their heads."""
    tables = re.findall(r"^\|[-| ]+\|\n((?:\|.*\n)+)", PAGES[page], re.MULTILINE)
    return [re.split(r" (?<!\\)\| ", row[2:-2]) for table in tables for row in table.splitlines()]
