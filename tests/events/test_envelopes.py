"""Events in envelopes are found wherever they may stand, with all that is said of them, or none of them is taken."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from harness import Bench, bench, order
from hypothesis import given
from hypothesis import strategies as st
from shell import run

from twiliodest.errors import ExpressionError
from twiliodest.events.envelopes import Piece, merged, pieces, read_events_at, wrapped

CONFIG = """\
number: "+15005550006"
actions:
  - name: Greeting
    trigger: type = "track" and context.sms_opt_out != true
    to: $.properties.phone
    body: "Hello {{context.traits.first_name}}!"
"""


def item(number: int, **more: Any) -> dict[str, Any]:
    return {"messageId": f"m{number}", "type": "track", "properties": {"phone": "+14155550134"}, **more}


ANN = {"traits": {"first_name": "Ann"}}
OUT = {"sms_opt_out": True, **ANN}


def written(*members: tuple[str, Any]) -> str:
    """An object with its members in this order."""
    return json.dumps(dict(members))


def dry(
    folder: Path, text: str | bytes, *, config: str = CONFIG, piped: bool = False
) -> list[dict[str, Any]]:
    (folder / "twiliodest.yaml").write_text(config)
    data = text if isinstance(text, bytes) else text.encode()
    (folder / "events.jsonl").write_bytes(data)
    done = run(
        *("send", "-" if piped else "events.jsonl", "-n", "-o", "jsonl", "--rejects", "rejects.jsonl"),
        cwd=folder,
        stdin=data if piped else b"",
    )
    assert b"Traceback" not in done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def told(records: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    return [(record["line"], record["body"] or record["status"]) for record in records]


BATCH = ("batch", [item(1), item(2, context={"traits": {"first_name": "Bob"}})])
SHAPES = {
    "context behind": written(BATCH, ("context", ANN)),
    "context before": written(("context", ANN), BATCH),
    "context and more around": written(("writeKey", "k"), BATCH, ("sentAt", "x"), ("context", ANN)),
    "in an array": f"[{written(BATCH, ('context', ANN))}]",
    "in a batch": written(
        ("batch", [dict([BATCH, ("context", ANN)])]), ("context", {"traits": {"first_name": "-"}})
    ),
    "over lines": json.dumps(dict([BATCH, ("context", ANN)]), indent=2),
    "over lines without indentation": json.dumps(dict([BATCH, ("context", ANN)]), indent=0),
    "after another line": "{}\n" + written(BATCH, ("context", ANN)),
    "before another line": written(BATCH, ("context", ANN)) + "\n{}",
}


@pytest.mark.parametrize("piped", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_batch_says_is_said_of_every_item(tmp_path: Path, shape: str, piped: bool) -> None:
    """Wherever it stands; what an item says itself wins, member by member."""
    records = dry(tmp_path, SHAPES[shape], piped=piped)
    assert [record["body"] for record in records] == ["Hello Ann!", "Hello Bob!"]


@pytest.mark.parametrize("padding", [0, 3 << 20])
@pytest.mark.parametrize("piped", [False, True])
@pytest.mark.parametrize("behind", [False, True])
def test_who_has_opted_out_in_the_context_of_a_batch_is_not_texted(
    tmp_path: Path, behind: bool, piped: bool, padding: int
) -> None:
    """Also where the batch is longer than any event, so that its end is far away."""
    more = [item(number, note="x" * 1000) for number in range(10, 10 + padding // 1000)]
    members = [("batch", [item(1), *more]), ("context", OUT)]
    assert dry(tmp_path, written(*(members if behind else reversed(members))), piped=piped) == []


@pytest.mark.parametrize("end", [2, 20, 200])
def test_of_a_batch_that_is_cut_off_nothing_is_taken(tmp_path: Path, end: int) -> None:
    """Who has opted out may stand in what is missing; all of it is among the rejects, to be mended."""
    text = written(("batch", [item(1), item(2)]), ("context", OUT))[:-end]
    records = dry(tmp_path, text)
    assert told(records) == [(1, "invalid")]
    assert (tmp_path / "rejects.jsonl").read_text() == text + "\n"


@pytest.mark.parametrize("count", [2, 5000])
def test_of_a_document_that_is_cut_off_nothing_is_taken(tmp_path: Path, count: int) -> None:
    """However its lines are indented, and also where it is longer than any event."""
    lines = ",\n".join(json.dumps(item(number, note="x" * 300)) for number in range(count))
    text = f'{{"batch":[\n{lines}\n'
    assert told(dry(tmp_path, text)) == [(1, "invalid")]
    assert (tmp_path / "rejects.jsonl").read_text() == text


def test_a_line_that_is_cut_off_costs_only_itself(tmp_path: Path) -> None:
    """The lines after it are no items of its batch."""
    good = json.dumps(item(3, context=ANN))
    cut = written(("batch", [item(1), item(2)]), ("context", OUT))
    for end in range(9, len(cut)):
        records = dry_lines(tmp_path, [cut[:end], good, good])
        assert records[-2:] == [(2, "Hello Ann!"), (3, "already")], cut[:end]
        assert {line for line, _ in records[:-2]} == {1}
        assert "Hello" not in str(records[:-2])


def dry_lines(folder: Path, lines: Sequence[str]) -> list[tuple[int, str]]:
    """What comes of lines, without a process for each case."""
    from twiliodest.config.settings import load
    from twiliodest.delivery.preview import preview
    from twiliodest.events.sources import find_sources
    from twiliodest.planning.plan import Plan
    from twiliodest.planning.planner import Planner, steps
    from twiliodest.planning.progress import Progress

    (folder / "twiliodest.yaml").write_text(CONFIG)
    (folder / "events.jsonl").write_text("\n".join(lines))
    config = load(folder / "twiliodest.yaml", {})
    planner = Planner(find_sources([str(folder / "events.jsonl")]), Plan(config.actions, config.event_id))
    groups = preview(steps(planner, Progress(), abs), "", None, ())
    found = [outcome for group in groups for outcomes in group for outcome in outcomes]
    return [
        (
            outcome.event.line,
            outcome.message.body if outcome.message and outcome.status == "planned" else outcome.status.value,
        )
        for outcome in found
    ]


def test_a_damaged_item_costs_only_itself(tmp_path: Path) -> None:
    """In a batch over several lines; the others are taken, with the context."""
    lines = [json.dumps(item(number)) for number in range(1, 4)]
    lines[1] = lines[1].replace("}", "]")
    text = '{"batch":[\n' + ",\n".join(lines) + '\n],"context":' + json.dumps(ANN) + "}"
    assert told(dry(tmp_path, text)) == [(2, "Hello Ann!"), (3, "invalid"), (4, "Hello Ann!")]


def test_the_envelope_gives_nobody_an_identity(tmp_path: Path) -> None:
    """Its `messageId` is its own, and the context changes no digest: what a ledger knows stays known."""
    bare = {"type": "track", "properties": {"phone": "+14155550134"}, "context": ANN}
    alone = dry(tmp_path, json.dumps(bare))
    (record,) = dry(
        tmp_path, written(("messageId", "b"), ("batch", [bare]), ("sentAt", "now"), ("context", {"x": 1}))
    )
    assert record["event_id"] == alone[0]["event_id"]
    two = written(("messageId", "b"), ("batch", [bare, {**bare, "n": 2}]))
    assert [record["status"] for record in dry(tmp_path, two)] == ["planned", "planned"]


def test_a_context_that_cannot_be_read_stops_its_batch(tmp_path: Path) -> None:
    """Nobody knows what it says; a context that is too long to be one as well."""
    broken = written(BATCH)[:-1] + ',"context":{"sms_opt_out":NaN}}'
    assert [record["status"] for record in dry(tmp_path, broken)] == ["invalid", "invalid"]
    long = written(BATCH, ("context", {"x": "x" * (40 << 10)}))
    (record,) = dry(tmp_path, long)
    assert "longer than 32 KiB" in record["reason"]


def test_an_event_with_a_batch_of_its_own_is_an_event(tmp_path: Path) -> None:
    """What has a type is an event, whatever else it holds, and in whatever order."""
    for members in ([("batch", [item(8)]), *item(1).items()], [*item(1).items(), ("batch", [item(8)])]):
        (record,) = dry(tmp_path, written(*members, ("context", ANN)))
        assert record["event_id"] == "m1"


def test_a_reject_is_fed_in_again_as_the_same_event_with_its_context(tmp_path: Path) -> None:
    """It has the identity that it had, so that nobody is texted twice, and what the batch said of it."""
    bare = {"type": "track", "event": "Order", "to": "+15550001111", "order": 1}
    with bench(tmp_path) as made:
        configure(made)
        made.write(json.dumps({"batch": [bare, order(2)], "context": {"name": "Ann"}}) + "\n")
        ended = made.send("events.jsonl", "--rejects", "rejects.jsonl")
        assert ended.statuses == {"sent": 2, "invalid": 2}
        kept = (tmp_path / "rejects.jsonl").read_text()
        assert [json.loads(line) for line in kept.splitlines()] == [
            {"batch": [bare], "context": {"name": "Ann"}},
            {"batch": [order(2)], "context": {"name": "Ann"}},
        ]
        configure(made, "order")
        ended = made.send("rejects.jsonl", "--rejects", "again.jsonl")
        assert ended.statuses == {"already": 2, "sent": 2}
        assert sorted(made.bodies()) == ["Ann", "Ann", "late 1", "late 2"]


def configure(made: Bench, name: str = "missing") -> None:
    """Two actions, of which one needs a member of this name."""
    first, second = (
        f'  - {{name: {key}, trigger: event = "Order", to: $.to, body: "{body}"}}\n'
        for key, body in (("now", "{{context.name}}"), ("late", f"late {{{{{name}}}}}"))
    )
    made.configure(f"account: ${{TWILIO_ACCOUNT_SID}}\nnumber: '+15551234567'\nactions:\n{first}{second}")


EXPORTS: dict[str, tuple[str, Any]] = {
    "a list": ("$.results", {"results": [item(1), item(2)], "next": None}),
    "without the dollar": ("results", {"results": [item(1), item(2)]}),
    "a list far within": ("$.data.page.events", {"data": {"page": {"n": 1, "events": [item(1), item(2)]}}}),
    "each element": ("$.Records[*].body", {"Records": [{"body": item(1)}, {"body": item(2)}]}),
    "elements that are batches": (
        "$.Records[*].body",
        {"Records": [{"body": {"batch": [item(1), item(2)]}}]},
    ),
    "objects in an array": ("$.payload", [{"payload": item(1)}, {"payload": item(2)}]),
    "a name in quotes": ("$['the events']", {"the events": [item(1), item(2)]}),
    "a name of another script": ("$.événements", {"événements": [item(1), item(2)]}),
    "some without it": ("$.payload", [{"payload": item(1)}, item(2)]),
    "an element without it": ("$.Records[*].body", {"Records": [{"body": item(1)}, item(2)]}),
    "a batch without it": ("$.results", {"batch": [item(1), item(2)]}),
    "a type on the envelope": ("$.results", {"type": "page", "results": [item(1), item(2)]}),
}


@pytest.mark.parametrize("shape", EXPORTS)
@pytest.mark.parametrize("indent", [None, 2])
def test_events_at_leads_to_the_events(tmp_path: Path, shape: str, indent: int | None) -> None:
    """A list or an object, however deep; what does not have it counts as an event itself."""
    events_at, document = EXPORTS[shape]
    config = f'events_at: "{events_at}"\n{CONFIG}'.replace("{{context.traits.first_name}}", "you")
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    found = dry(tmp_path, text, config=config)
    assert [(record["event_id"], record["status"]) for record in found] == [
        ("m1", "planned"),
        ("m2", "planned"),
    ]


def test_events_at_reads_exports_of_any_size(tmp_path: Path) -> None:
    """Longer than any event, with every event at its line."""
    events = ",\n".join(json.dumps(item(number, note="x" * 1000)) for number in range(3000))
    config = f"events_at: $.data.results\n{CONFIG}".replace("{{context.traits.first_name}}", "you")
    found = dry(
        tmp_path, f'{{"data":{{"results":[\n{events}\n],"context":{{"a":1}}}},"next":2}}\n', config=config
    )
    assert [(record["line"], record["event_id"]) for record in found] == [
        (number + 2, f"m{number}") for number in range(3000)
    ]


@pytest.mark.parametrize("text", ["$", "$.a..b", "$.a[0]", "$.a[?(@.b)]", "", "$.", "a b"])
def test_events_at_is_names_alone(text: str) -> None:
    """Whatever else a path can say is refused."""
    with pytest.raises(ExpressionError):
        read_events_at(text)


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from(["context", "sentAt", "a", "é"]), JSON, max_size=4)


def under(item: Any, shared: Any) -> Any:
    if not (isinstance(item, dict) and isinstance(shared, dict)):
        return item
    return shared | {
        name: under(value, shared[name]) if name in shared else value for name, value in item.items()
    }


@given(st.lists(OBJECTS, max_size=3), OBJECTS, st.booleans())
def test_objects_are_merged_by_their_members(shared: list[Any], one: Any, escaped: bool) -> None:
    """Recursively, the inner over the outer, however names are written."""
    texts = [json.dumps(text, ensure_ascii=escaped).encode() for text in shared]
    expected = one
    for text in reversed(shared):
        expected = under(expected, text)
    assert json.loads(merged(texts, json.dumps(one).encode())) == expected


@given(st.dictionaries(st.sampled_from(["context", "sentAt", "integrations"]), JSON, min_size=1), OBJECTS)
def test_what_is_wrapped_is_found_again(shared: Any, one: Any) -> None:
    """The same item with the same context."""
    text, item_text = json.dumps(shared).encode(), json.dumps(one).encode()
    envelope = wrapped([text], item_text)
    ((start, end, found),) = pieces(envelope, None) or ()
    assert envelope[start:end] == item_text
    assert json.loads(found[0]) == shared


def test_a_text_that_is_no_envelope_has_no_pieces() -> None:
    """It is an event, whatever it is called; nesting without end is none, either."""
    for text in (
        b"{}",
        b'{"batch":1}',
        b'{"batch":{}}',
        b'{"a":{"batch":[1]}}',
        b'{"type":1,"batch":[{}]}',
        b"[1]",
    ):
        assert pieces(text, None) is None
    deep = b'{"batch":[' * 40 + b"{}" + b"]}" * 40
    (piece,) = pieces(deep, None) or ()
    assert isinstance(piece, Piece)
    assert deep[piece.start : piece.end].startswith(b'{"batch"')
