"""Render the public test suites of Liquid, and say where a text differs.

    git clone https://github.com/jg-rp/golden-liquid /tmp/golden-liquid
    python benchmarks/liquid_suite.py /tmp/golden-liquid/golden_liquid.json
    python benchmarks/liquid_suite.py SPECS.yml…      # liquid-spec: its files of plain data

Nothing is downloaded here, and nothing of the suites is kept. A case is `equal`; `invalid here`, where an event
has no text for the template (see the head of compare_liquid.py); `refused here`, where the template is a problem of
the configuration (tags and filters for web pages, and what is left over); `refused by both`; or different, which is
printed, as is what only the suite refuses.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from twiliodest.errors import ExpressionError
from twiliodest.events.decoding import view
from twiliodest.templates.fields import Unresolved, compile_field


def main() -> int:
    """Render, print what differs, and count."""
    counts: Counter[str] = Counter()
    for name in sys.argv[1:]:
        for case in cases(Path(name)):
            verdict, said = render(case)
            counts[verdict] += 1
            if verdict in ("DIFFERENT", "ACCEPTED"):
                wanted = case.get("result", case.get("results", case.get("expected")))
                print(f"{name}: {case.get('name')}: {verdict}\n  {case['template']!r}")  # noqa: T201
                print(f"  here {said!r}\n  suite {wanted!r}")  # noqa: T201
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()) or "no cases")  # noqa: T201
    return 1 if counts["DIFFERENT"] else 0


def cases(path: Path) -> Iterator[dict[str, Any]]:
    """The cases of a file that need no other templates, and whose data is JSON."""
    text = path.read_text(encoding="utf-8")
    try:
        read = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except yaml.YAMLError as error:
        print(f"{path}: not plain data: {error}")  # noqa: T201
        return
    listed = read if isinstance(read, list) else read.get("tests", read.get("specs", []))
    for case in listed:
        if (
            isinstance(case, dict)
            and "template" in case
            and not case.get("templates", case.get("filesystem"))
        ):
            yield case


def render(case: dict[str, Any]) -> tuple[str, str]:
    """How a case ends, and what is said."""
    refused = bool(case.get("invalid") or case.get("errors"))
    data = case.get("data", case.get("environment", {})) or {}
    texts = case.get("results") or [case.get("result", case.get("expected"))]
    try:
        event = view([()])(json.dumps(data).encode())
        said = compile_field(case["template"]).render(event)
    except ExpressionError as problem:
        return ("refused by both" if refused else "refused here"), str(problem)
    except Unresolved as nothing:
        return "invalid here", str(nothing)
    except TypeError:
        return "not JSON", ""
    if refused:
        return "ACCEPTED", said
    return ("equal" if said in texts else "DIFFERENT"), said


if __name__ == "__main__":
    sys.exit(main())
