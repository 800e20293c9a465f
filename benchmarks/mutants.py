"""How many mistakes do the tests of a folder notice? `python benchmarks/mutants.py triggers --count 60 --seed 1`

Each mutant is the package with one mistake in one folder: a comparison that is another one, a condition that is
negated, a number that is one more, a statement that is gone. It lives if that folder's tests pass all the same; then
either a claim is missing that a user would care about, or code that nobody would miss, or both are equal. Works on a
copy of the repository, one mutant at a time; a hundred take some minutes.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
PAIRS = ((ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq), (ast.Is, ast.IsNot), (ast.In, ast.NotIn))
OTHER: dict[type[ast.AST], type[ast.AST]] = {
    each: other
    for one, two in (*PAIRS, (ast.And, ast.Or), (ast.Add, ast.Sub), (ast.Mult, ast.FloorDiv))
    for each, other in ((one, two), (two, one))
}
GONE = (ast.Raise, ast.Continue, ast.Break, ast.AugAssign)  # with calls whose result nobody takes
TEXT = 16  # characters of a text that is changed: longer ones are words for people


class Site(NamedTuple):
    """A place where a mistake can be made, and what makes it there."""

    line: int
    kind: str
    code: str
    change: Callable[[], object]


def sites(tree: ast.Module) -> list[Site]:
    """All of a module, always in the same order; annotations and docstrings have none."""
    found: list[Site] = []

    def add(node: Any, kind: str, change: Callable[[], object]) -> None:
        found.append(Site(node.lineno, kind, ast.unparse(node).split("\n")[0], change))

    def visit(node: Any) -> None:
        match node:
            case ast.Compare(ops=[op, *_]) if type(op) in OTHER:
                add(node, "another comparison", lambda: node.ops.__setitem__(0, OTHER[type(op)]()))
            case ast.BoolOp() | ast.BinOp() | ast.AugAssign() if type(node.op) in OTHER:
                add(node, "another operator", lambda: setattr(node, "op", OTHER[type(node.op)]()))
            case ast.If() | ast.While() | ast.IfExp():
                add(node, "negated", lambda: setattr(node, "test", ast.UnaryOp(ast.Not(), node.test)))
            case ast.Constant(value=bool(value)):
                add(node, "switched", lambda: setattr(node, "value", not value))
            case ast.Constant(value=int(value) | float(value)):
                add(node, "one more", lambda: setattr(node, "value", value + 1))
            case ast.Constant(value=str(value)) if value and len(value) <= TEXT and " " not in value:
                add(node, "another text", lambda: setattr(node, "value", f"{value}~"))
            case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
                add(node, "returns nothing", lambda: setattr(node, "value", ast.Constant(None)))
        for child in children(node):
            visit(child)

    def children(node: Any) -> Iterator[Any]:
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns") or isinstance(node, ast.JoinedStr):
                continue
            for place, child in enumerate(value if isinstance(value, list) else [value]):
                is_call = isinstance(child, ast.Expr) and isinstance(child.value, ast.Call)
                if isinstance(value, list) and (is_call or isinstance(child, GONE)):
                    add(child, "gone", lambda value=value, place=place: value.__setitem__(place, ast.Pass()))
                if isinstance(child, ast.AST) and not (isinstance(child, ast.Expr) and not is_call):
                    yield child

    visit(tree)
    return found


def mutants(package: Path, folder: str) -> list[tuple[Path, int]]:
    files = sorted((package / folder).rglob("*.py"))
    return [(file, number) for file in files for number in range(len(sites(ast.parse(file.read_text()))))]


def passes(copy: Path, folder: str, seconds: float) -> bool:
    """Whether the folder's tests pass, in time."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", f"tests/{folder}"]
    variables = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ended = subprocess.run(  # noqa: S603 -- ours
            command, cwd=copy, env=variables, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return ended.returncode == 0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("folder")
    options.add_argument("--count", type=int, default=60)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--timeout", type=float, default=300, help="seconds for the tests of one mutant")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__"))
        if not passes(copy, given.folder, given.timeout):
            sys.exit(f"the tests of {given.folder} fail without any mistake")
        every = mutants(copy / "twiliodest", given.folder)
        chosen = random.Random(given.seed).sample(every, min(given.count, len(every)))  # noqa: S311 -- repeatable
        alive = 0
        for file, number in chosen:
            source = file.read_text()
            tree = ast.parse(source)
            site = sites(tree)[number]
            site.change()
            file.write_text(ast.unparse(ast.fix_missing_locations(tree)))
            if passes(copy, given.folder, given.timeout):
                alive += 1
                sys.stdout.write(f"{file.relative_to(copy)}:{site.line}: {site.kind}: {site.code}\n")
            file.write_text(source)
        noticed = len(chosen) - alive
        sys.stdout.write(f"{given.folder}: {noticed} of {len(chosen)} noticed, {noticed / len(chosen):.0%}\n")


if __name__ == "__main__":
    main()
