"""Imports run one way, each library stays inside its module, and quick commands load little."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from shell import environment

import twiliodest

PACKAGE = Path(twiliodest.__file__).parent
LAYERS = (
    "__main__",
    "cli",
    "ledger_commands check_command commands",
    "sending",
    "run",
    "sandbox_command results check_screen reject_file",
    "send_screen",
    "screen deliver preview",
    "report loop reconcile events survey online",
    "expectations unidentified explain",
    "claims config guards planned_inputs",
    "twilio reader ledger sources plan action_nodes guard_nodes pace environment outcomes",
    "candidates identity",
    "decoding helpers trigger_lints intake",
    "connection",
    "dialing",
    "http1 network",
    "actions documents savings lints nodes ledger_writer ledger_clerk quiet suppress sandbox",
    "ledger_log ledger_notes",
    "triggers ledger_file secrecy setting_values answers",
    "fql fields phones segments masks scalars",
    "liquid numbers",
    "liquid_syntax liquid_values liquid_loops",
    "liquid_tags liquid_filters liquid_conditions selected",
    "liquid_grammar liquid_parts liquid_run filters paths",
    "path_search path_syntax",
    "path_nodes path_values iregexp",
    "liquid_cursor operands dates markup window",
    "liquid_tokens liquid_hints liquid_nodes",
    "figures path_words",
    "exact envelopes servers ledger_locks ledger_place path_hints",
    "globs tokens findings durations brackets rows addresses faults contents redaction wire tapes",
    "numbering spellings streams signals controls path_names",
    "halves",
    "model",
    "errors",
    "__init__",
)  # a module imports modules of lower layers only: never sideways, never up
SANDBOX_LAYERS = (
    "__init__",
    "server",
    "app",
    "inbox",
    "api",
    "listing",
    "messages",
    "rules",
    "settings",
    "chaos wire",
)
SANDBOX_SEES = {"model", "segments", "errors"}  # of the rest of the package
HOMES = {
    "typer": {"cli"},
    "rich": {"screen"},
    "h11": {"http1"},
    "certifi": {"network"},
    "sqlite3": {"ledger_clerk", "ledger_file", "ledger_log", "ledger_notes", "ledger_place", "ledger_writer"},
    "yaml": {"nodes", "secrecy"},
    "phonenumbers": {"numbering"},
    "regex": {"segments"},
    "starlette": {"sandbox"},
    "uvicorn": {"sandbox"},
}
HEAVY = (
    "h11",
    "certifi",
    "phonenumbers",
    "yaml",
    "sqlite3",
    "msgspec",
    "asyncio",
)


def modules(folder: Path) -> dict[str, ast.Module]:
    return {path.stem: ast.parse(path.read_text()) for path in sorted(folder.glob("*.py"))}


def imports(tree: ast.Module) -> Iterator[str]:
    """The full names of all that a module imports, wherever the import stands; `from a import b` is `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def inner(tree: ast.Module, package: str, names: set[str]) -> set[str]:
    """Which of a package's modules are imported; anything else of it is from its `__init__`."""
    found = (name.removeprefix(f"{package}.") for name in imports(tree) if name.startswith(f"{package}."))
    return {first if (first := name.partition(".")[0]) in names else "__init__" for name in found}


def violations(layers: tuple[str, ...], folder: Path, package: str) -> list[str]:
    depth = {module: place for place, layer in enumerate(layers) for module in layer.split()}
    trees = modules(folder)
    assert set(trees) - set(depth) == set(), "a module has no layer yet"
    return [
        f"{module} imports {other}"
        for module, tree in trees.items()
        for other in inner(tree, package, set(depth))
        if depth[other] <= depth[module]
    ]


def test_imports_run_one_way() -> None:
    """The river has one direction, so that each module can be read knowing only what is below it."""
    assert violations(LAYERS, PACKAGE, "twiliodest") == []


def test_the_sandbox_has_its_own_river() -> None:
    """Within the sandbox, too, imports run one way."""
    assert violations(SANDBOX_LAYERS, PACKAGE / "sandbox", "twiliodest.sandbox") == []


def test_the_sandbox_is_independent_of_the_program_that_it_tests() -> None:
    """The stand-in shares values and the segment count with the sender, and no logic of sending."""
    names = {module for layer in LAYERS for module in layer.split()}
    seen = set[str]().union(
        *(inner(tree, "twiliodest", names) for tree in modules(PACKAGE / "sandbox").values())
    )
    assert seen - {"sandbox"} <= SANDBOX_SEES


@pytest.mark.parametrize("library", HOMES)
def test_each_library_stays_in_its_module(library: str) -> None:
    """A library can be replaced by changing one module."""
    trees = {path: ast.parse(path.read_text()) for path in PACKAGE.rglob("*.py")}
    homes = {
        path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for path, tree in trees.items()
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
    assert {"h11", "sqlite3", "twiliodest.deliver"}.isdisjoint(loaded_by("check", tmp_path))


def loaded_by(command: str, folder: Path) -> set[str]:
    program = (
        "import atexit, sys; from twiliodest.cli import main\n"
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
