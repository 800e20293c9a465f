"""Imports run downwards, each library stays in its folder, and quick commands load little."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from shell import environment

import twiliodest

PACKAGE = Path(twiliodest.__file__).parent
FOLDERS = (
    *("cli", "screens", "segment", "config", "checks"),
    *("delivery", "sandbox", "planning", "guards", "messages"),
    *("twilio", "ledger", "templates", "triggers", "events"),
    *("addresses exact", "model", "errors"),  # the ground, for all of them
)  # a folder imports from those behind it
INSIDE = {
    "cli": (
        *("app", "check explain send", "assuming"),
        *(
            "asking",
            "completion divert init ledger man sandbox schema sending shells",
            "reading",
            "preview",
            "run",
        ),
        "guards listing rejects sandbox_options summary take_over",
        *("contradictions send_options", "selection", "options", "values", "command"),
        "receipts",
        "endings environment",
        "signals",
    ),
    "cli.ledger": ("backup check list prune receipts resolve stats", "asking filters place"),
    "screens": (
        *(
            "explain send",
            "results",
            "assumed check ledger receipts rejects summary",
            "send_table",
            "send_columns",
            "bar",
            "screen",
            "tables",
            "report",
        ),
        *("wrapping", "controls listing streams"),
    ),
    "segment": (
        *("__init__", "configuration", "actions", "messages", "media", "drafts recipients triggers"),
        *(
            "directives fql",
            "liquids conditions",
            "moustaches",
            "phrases js words",
            "answers paths yaml_text",
        ),
    ),
    "config": (
        *("accounts", "settings", "actions credentials guards", "options", "keys fields", "nodes"),
        *("secret_files secrecy trigger_lints", "lints masks parsing scalars values", "shapes synonyms"),
    ),
    "checks": (
        "inquiry survey",
        "action_survey expectations online unidentified",
        "path_survey reasons",
        "explain findings",
    ),
    "delivery": (
        *(
            "deliver diversion records",
            "assume breaker budgets lookup loop preview receipts",
            "clocks reconcile",
        ),
        *("claims intake pace queue stop",),
    ),
    "sandbox": (
        *(
            "__init__",
            "server",
            "app",
            "inbox",
            "api",
            "callbacks journal operations routes",
            "rules",
            "listing",
        ),
        *(
            "store",
            "messages",
            "parameters settings",
            "answers contents",
            "chaos life refusals signature wire",
        ),
    ),
    "planning": ("planner", "plan progress", "candidates confirmed identity parallel"),
    "guards": ("guards", "quiet_hours suppression timing", "durations"),
    "messages": (
        "send_sms",
        "options phones",
        "numbers parameters regions savings",
        "numbering segments spellings",
    ),
    "twilio": (
        *("messages reader receipts", "connection", "dialing", "http1", "answers"),
        "codes contents faults network redaction wire",
    ),
    "ledger": (
        *("ledger check copy", "looks", "clerk writer", "log notes", "reader", "file", "locks receipts"),
        "exposure moment place rows servers",
    ),
    "templates": ("faults", "fields", "liquid", "paths", "bounds"),
    "templates.liquid": (
        *("compiler", "evaluation syntax", "calls tags", "acts", "conditions filters grammar loops lookups"),
        *("lists", "cursor operands", "dates figures hints markup nodes parts rendering tokens"),
    ),
    "templates.paths": (
        *("selection", "compiler", "syntax", "words", "hints search"),
        *("iregexp", "automaton comparison names nodes"),
    ),
    "triggers": ("matching", "faults", "grammar scope", "functions", "expressions globs", "tokens"),
    "events": (
        *(
            "decoding reading",
            "documents formats sources",
            "measuring",
            "ahead ends envelopes salvage",
            "window",
            "folders",
        ),
        *("texts", "brackets halves tapes unopened unpacking"),
    ),
}  # within a folder, a file imports from the lines behind its own
SANDBOX_SEES = {"model", "errors", "messages.segments"}  # of the rest of the program that it stands up to
HOMES = {
    "click": {"cli"},
    "rich": {"screens"},
    "h11": {"sandbox", "twilio"},
    "certifi": {"twilio"},
    "sqlite3": {"ledger"},
    "yaml": {"config"},
    "phonenumbers": {"messages"},
    "regex": {"messages"},
    "starlette": {"sandbox"},
    "uvicorn": {"sandbox"},
    "zstandard": {"events"},
}  # the folder that each library stays in
LONGEST = 250  # lines of a file
TYPICAL = 130  # lines, which half of the files stay below
HEAVY = (
    "h11",
    "certifi",
    "phonenumbers",
    "yaml",
    "sqlite3",
    "msgspec",
    "asyncio",
)


MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): ast.parse(path.read_text())
    for path in sorted(PACKAGE.rglob("*.py"))
}


def imports(tree: ast.Module) -> Iterator[str]:
    """The full names of all that a module imports, wherever the import stands; `from a import b` is `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def inner(module: str) -> set[str]:
    """The modules of the program that one of them imports, as `ledger.rows`."""
    names = (name.removeprefix("twiliodest.") for name in imports(MODULES[module]) if "twiliodest." in name)
    return {found for name in names if (found := nearest(name)) and found != module}


def nearest(name: str) -> str | None:
    """The module that a full name belongs to."""
    while name:
        for candidate in (name, f"{name}.__init__"):
            if candidate in MODULES:
                return candidate
        name = name.rpartition(".")[0]
    return None


def places(folder: str, names: Sequence[str]) -> dict[str, int]:
    """Where each file or folder stands in the list of its own folder; the ground is below all others."""
    found = {name: place for place, line in enumerate(names) for name in line.split()}
    prefix = f"{folder}." if folder else ""
    inside = {module[len(prefix) :].partition(".")[0] for module in MODULES if module.startswith(prefix)}
    for name in sorted(inside - {"__init__", "__main__"}):
        assert name in found, (
            f"{prefix}{name} is in no list of {Path(__file__).name}: add it to "
            f"{folder and 'INSIDE of '}{folder or 'FOLDERS'}, in front of what it imports"
        )
    return found


@pytest.mark.parametrize("folder", ["", *INSIDE])
def test_imports_run_downwards(folder: str) -> None:
    """Each folder and file can be read knowing only what is below it: the way of an event has one direction."""
    order = places(folder, INSIDE.get(folder, FOLDERS))
    prefix = f"{folder}." if folder else ""
    upwards = []
    for module in MODULES:
        for other in inner(module) if module.startswith(prefix) else ():
            if not other.startswith(prefix):
                continue
            here, there = (name[len(prefix) :].partition(".")[0] for name in (module, other))
            if here in order and there in order and here != there and order[here] >= order[there]:
                upwards.append(f"twiliodest.{module} imports twiliodest.{other}, which is not below it")
    assert upwards == [], "move what both need further down, or pass it as an argument"


def test_there_is_no_circle() -> None:
    """No file needs another one that needs it."""
    todo = {module: inner(module) for module in MODULES}
    while ready := [module for module, needs in todo.items() if not needs & todo.keys()]:
        for module in ready:
            del todo[module]
    assert todo == {}, "these import each other"


def test_each_file_and_folder_says_what_it_is_for() -> None:
    """Who looks for a place to change something reads first lines."""
    silent = [module for module, tree in MODULES.items() if not ast.get_docstring(tree)]
    assert silent == [], "begin with a sentence on what is promised here"


def test_a_file_is_read_in_one_sitting() -> None:
    """Each file keeps one promise; half of them fit on two screens."""
    lengths = {
        module: len((PACKAGE / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8").splitlines())
        for module in MODULES
    }
    long = {module for module, length in lengths.items() if length > LONGEST}
    assert long == set(), (
        f"over {LONGEST} lines a file does two things, and who changes one reads both: split it by noun, "
        "and add the new file to INSIDE"
    )
    assert statistics.median(length for length in lengths.values() if length) < TYPICAL


def test_the_sandbox_is_independent_of_the_program_that_it_tests() -> None:
    """The stand-in shares values and the segment count with the sender, and no logic of sending."""
    own = [module for module in MODULES if module.startswith("sandbox.")]
    seen = set[str]().union(*map(inner, own))
    assert {module for module in seen if not module.startswith("sandbox.")} <= SANDBOX_SEES


@pytest.mark.parametrize("library", HOMES)
def test_each_library_stays_in_its_folder(library: str) -> None:
    """A library can be replaced by changing one folder."""
    homes = {
        module.partition(".")[0]
        for module, tree in MODULES.items()
        if any(name.partition(".")[0] == library for name in imports(tree))
    }
    assert homes == HOMES[library]


def test_the_environment_is_read_in_one_place() -> None:
    """No module but `environment` reads a variable: what a run depends on can be seen."""
    readers = {
        path.stem
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv")
        if isinstance(node.value, ast.Name) and node.value.id == "os"
    }
    assert readers == {"environment"}


@pytest.mark.parametrize("command", ["--version", "--help", "send --help", "sandbox --help"])
def test_quick_commands_load_little(command: str, tmp_path: Path) -> None:
    """Version and help do not wait for the libraries of a send."""
    loaded = loaded_by(command, tmp_path)
    assert [name for name in HEAVY if name in loaded] == []


def test_check_does_not_load_the_network_or_the_ledger(tmp_path: Path) -> None:
    """A check neither sends nor remembers."""
    (tmp_path / "twiliodest.yaml").write_text(
        "number: '+15005550006'\nactions: [{name: a, to: $.a, body: b}]\n"
    )
    assert {"h11", "sqlite3", "twiliodest.delivery.deliver"}.isdisjoint(loaded_by("check", tmp_path))


def test_a_small_dry_run_loads_only_what_it_needs(tmp_path: Path) -> None:
    """One event does not wait for second processes, the network or the ledger."""
    (tmp_path / "twiliodest.yaml").write_text(
        "number: '+15005550006'\nactions: [{name: a, to: $.a, body: b}]\n"
    )
    (tmp_path / "one.jsonl").write_text('{"a": "+14155550134"}\n')
    loaded = loaded_by("send -n one.jsonl", tmp_path)
    assert {"h11", "sqlite3", "asyncio", "multiprocessing", "email", "zipfile", "pydantic"}.isdisjoint(loaded)


def loaded_by(command: str, folder: Path) -> set[str]:
    program = (
        "import atexit, sys; from twiliodest.cli.app import main\n"
        "atexit.register(lambda: print('', *sys.modules, sep='\\n'))\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *command.split()],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())
