"""Run the public compliance suite of JSONPath, and say where a path means something else.

    git clone https://github.com/jsonpath-standard/jsonpath-compliance-test-suite /tmp/cts
    python benchmarks/compare_jsonpath.py /tmp/cts/cts.json

The npm package jsonpath-rfc9535 holds the suite, too. Nothing is downloaded here, and nothing of the suite is kept.
Each document is looked at as events are: with exact numbers, all of it and what the path says that it needs of it.
Exit status 1 where a result differs, a path is refused that the suite has, or taken that it has not; none is.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from twiliodest.errors import ExpressionError
from twiliodest.events.decoding import WHOLE, view
from twiliodest.templates.paths.compiler import compile_path


def main() -> int:
    """Look up, print what differs, and count."""
    counts: Counter[str] = Counter()
    for name in sys.argv[1:]:
        suite = json.loads(Path(name).read_text(encoding="utf-8"), parse_float=Decimal)
        for case in suite["tests"]:
            verdict, found = look_up(case)
            counts[verdict] += 1
            if verdict.isupper():
                print(f"{case['name']}: {verdict}\n  {case['selector']!r}\n  here {found}")  # noqa: T201
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()) or "no cases")  # noqa: T201
    return 1 if any(map(str.isupper, counts)) else 0


def look_up(case: dict[str, Any]) -> tuple[str, Any]:
    """What becomes of a case, and what is found."""
    try:
        path = compile_path(case["selector"])
    except ExpressionError as error:
        return "refused by both" if case.get("invalid_selector") else "REFUSED", error.message
    if case.get("invalid_selector"):
        return "TAKEN", path.prefixes
    document, wanted = case["document"], case.get("results", [case.get("result")])
    found = [list(path.find(document))]
    if isinstance(document, dict):
        raw = msgspec.json.Encoder(decimal_format="number").encode(document)
        found += [list(path.find(decode(raw))) for decode in (WHOLE, view(path.prefixes))]
    return "equal" if all(repr(one) in map(repr, wanted) for one in found) else "DIFFERENT", found


if __name__ == "__main__":
    sys.exit(main())
