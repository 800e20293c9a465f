"""What README and docs say holds: links, tables and examples are those of the program."""

from __future__ import annotations

import re

import pytest
from pages import PACKAGE, PAGES, README, ROOT, Block, blocks, found, headings, name, rows

from twiliodest.messages.phones import PhoneError, recipient
from twiliodest.templates.fields import compile_field
from twiliodest.templates.paths.compiler import compile_path
from twiliodest.triggers.functions import FUNCTIONS
from twiliodest.triggers.grammar import parse
from twiliodest.twilio.codes import ARRIVAL, REFUSAL, VERDICTS

LIMIT = 12 * 1024


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
    table = rows("docs/phone-numbers.md")
    assert table
    for written, region, becomes in table:
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
    assert sorted(map(int, re.findall(r"\b\d{5}\b", effects))) == sorted(VERDICTS)
    advised = {
        int(code)
        for row in rows("docs/errors.md")
        for code in re.findall(r"^[\d, ]+$", row[0])
        for code in code.split(",")
    }
    assert REFUSAL.keys() <= advised, what_to_do


def test_what_to_do_about_a_text_that_did_not_arrive_is_explained() -> None:
    """The page has the same codes as the program."""
    codes = {int(row[0]) for row in rows("docs/receipts.md") if row[0].isdigit()}
    assert codes == ARRIVAL.keys()


def test_every_file_that_contributing_names_exists() -> None:
    """Recipes lead to where things are."""
    named = re.findall(r"`((?:twiliodest|tests|docs|\.ci)(?:/[\w.]+)+)`", PAGES["docs/contributing.md"])
    assert len(named) > 20
    assert [path for path in named if not found(path).exists()] == []


def test_every_folder_is_in_the_table_of_contributing() -> None:
    """The map of the house has all its wings."""
    told = {row[0].strip("`").removeprefix("twiliodest/") for row in rows("docs/contributing.md")}
    assert told == {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


def test_every_word_that_a_recipe_names_is_in_its_file() -> None:
    """A recipe's `twiliodest/….py`: `NAME` is a name of that file."""
    recipes = re.findall(r"`(twiliodest/[\w/]+\.py)`: (.*(?:\n   .*)*)", PAGES["docs/contributing.md"])
    assert recipes
    for path, text in recipes:
        for word in re.findall(r"`([A-Za-z_]+)`", text):
            assert re.search(rf"^(?:class )?{word}\b", found(path).read_text(), re.MULTILINE), (path, word)
