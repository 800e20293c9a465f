"""One number is one number, however it is written; what may be two is refused, and both are named."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import re
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType
from shell import CREDENTIALS, run

from twiliodest.errors import Problem
from twiliodest.guards.suppression import Suppressed, read_suppressed
from twiliodest.ledger.ledger import Ledger
from twiliodest.messages.numbering import by_plan, canonical, is_canonical
from twiliodest.messages.phones import PhoneError, recipient, sender, sender_kind
from twiliodest.sandbox import Sandbox

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
KINDS = (*MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.TOLL_FREE)


@functools.cache
def examples(*kinds: int) -> list[tuple[str, phonenumbers.PhoneNumber]]:
    """A number of each kind in each region that has one."""
    found = (
        (region, phonenumbers.example_number_for_type(region, kind)) for region in REGIONS for kind in kinds
    )
    return [(region, number) for region, number in found if number]


def e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def only_digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def refusal(value: str, region: str | None) -> str:
    with pytest.raises(PhoneError) as caught:
        recipient(value, region)
    assert not re.search(r"[0-9]", caught.value.kind.replace("E.164", ""))
    return caught.value.reason


@pytest.mark.parametrize(
    ("region", "number", "spellings"),
    [
        (
            "GB",
            "+447911123456",
            (
                *("+4407911123456", "+44 07911 123456", "+44 (0) 7911 123456", "+44(0)7911123456"),
                *("(+44) 7911 123456", "07911 123456", "7911123456", "447911123456", "4407911123456"),
                *("44 (0) 7911 123456", "00447911123456", "0044 (0)7911 123456", "tel:+447911123456"),
                *("TEL:+44-7911-123456", "sms:+447911123456", "SMS: 07911 123456", "+44.7911.123.456"),
                *("+44\u00a07911\u00a0123456", "+44\u202f7911\u2009123456", "\u3000+44\u20077911 123456"),
                *("+44\u20117911\u2013123456", "+44\u22127911\u2010123456", "+44 7911/123456"),
                *("\u202a+447911123456\u202c", "\u2066+44 7911 123456\u2069", "\u200e+447911123456\u200f"),
                *("\ufeff+447911123456", "+44\u200b7911\u2060123\u00ad456", "+44 7911 123456\r\n"),
                *("＋４４７９１１１２３４５６", "+٤٤٧٩١١١٢٣٤٥٦", "+४४ ७९११ १२३४५६", "'+447911123456"),
                *("☎ +44 7911 123456", "🇬🇧 07911 123456", "[+44] 7911 123456", "+44 7911 123456;"),
            ),
        ),
        ("US", "+14155550134", ("415~555~0134", "(415) 555-0134", "1 415 555 0134", "+1 1 415 555 0134")),
        (
            "IT",
            "+390669812345",
            ("+39 06 698 12345", "+39 (06) 698 12345", "+39 (0) 6 698 12345", "0669812345"),
        ),
        ("IT", "+393331234567", ("+39 333 123 4567", "+39 (0) 333 123 4567", "333 1234567", "393331234567")),
        (
            "RU",
            "+79123456789",
            ("8 (912) 345-67-89", "+7 8 912 345 67 89", "79123456789", "810 7 912 345 67 89"),
        ),
        (
            "HU",
            "+36201234567",
            ("06 20 123 4567", "+36 06 20 123 4567", "36201234567", "+36 (06) 20 123 4567"),
        ),
        ("AR", "+5491123456789", ("+54 9 11 2345 6789", "+54 11 15 2345 6789", "011 15 2345-6789")),
        ("AR", "+5491115234567", ("+54 9 11 1523 4567", "+54 9 (11) 1523-4567")),
        ("AR", "+549111523456789", ("+54 9 11 15 2345 6789", "+54 9 11 15-2345-6789")),
        ("MX", "+5215541637145", ("+52 1 55 4163 7145", "+52 (1) 55 4163-7145")),
        ("BR", "+5511961234567", ("+55 (0) 11 96123-4567", "(11) 96123-4567", "0 11 96123 4567")),
        ("CO", "+573211234000", ("+57 03 211 234000", "+57 (0) 321 123 4000", "321 123 4000")),
        ("BY", "+375291234567", ("8 029 123-45-67", "+375 (0) 29 123 45 67", "+375 80 29 123 45 67")),
        ("CI", "+2250123456789", ("+225 01 23 45 67 89", "01 23 45 67 89", "2250123456789")),
        ("US", "+15652341234", ("+1 (565) 234-1234", "+1-565-234-1234")),
        ("DE", "+4915123456789", ("0151 23456789", "+49 (0151) 2345 6789", "49 (0) 151 23456789")),
    ],
)
def test_all_spellings_of_a_number_are_that_number(
    region: str, number: str, spellings: tuple[str, ...]
) -> None:
    """Trunk prefixes, invisible marks, dashes, brackets and digits of other scripts make no other person of somebody.

    Nor does a channel; and a prefix of a channel may be written in any case.
    """
    assert {recipient(text, region) for text in (number, *spellings)} == {number}
    for text in (number, *spellings):
        if not text.lower().startswith(("tel:", "sms:")):
            assert recipient(f"WhatsApp: {text}", region) == f"whatsapp:{number}"


@pytest.mark.parametrize(
    "value",
    [
        "tel:+14155550134",
        "Tel: +14155550134",
        "sms:+14155550134",
        "\u202a+14155550134\u202c",
        "+14155550134\u200f\n",
    ],
)
def test_what_names_one_number_needs_no_default_region(value: str) -> None:
    """The prefix of a link and marks that nobody sees leave E.164 as it is."""
    assert recipient(value, None) == "+14155550134"
    assert recipient("WHATSAPP:+14155550134", None) == "whatsapp:+14155550134"
    assert recipient("Messenger:12345", None) == "messenger:12345"


@pytest.mark.parametrize(
    ("value", "region", "readings", "advice"),
    [
        ("4915123456789", "DE", ("+4915123456789", "+494915123456789"), "write the + in front"),
        ("49 151 2345-6789", "DE", ("+4915123456789", "+494915123456789"), "write the + in front"),
        ("447400123456", "DE", ("+447400123456", "+49447400123456"), "write the + in front"),
        ("33612345678", "DE", ("+33612345678", "+4933612345678"), "write the + in front"),
        ("14155550134", "GB", ("+14155550134",), "write the + in front"),
        ("95284354", "MM", ("+95284354", "+9595284354"), "write the + in front"),
        ("3903711132", "IT", ("+3903711132", "+393903711132"), "write the + in front"),
        ("4353805715", "AT", ("+4353805715", "+434353805715"), "write the + in front"),
        ("97183757", "AE", ("+97183757", "+97197183757"), "write the + in front"),
        (
            "+39 (0) 312 3456789",
            "IT",
            ("+393123456789", "+3903123456789"),
            "write it without the parentheses",
        ),
        (
            "+39 [0] 312 3456789",
            "US",
            ("+393123456789", "+3903123456789"),
            "write it without the parentheses",
        ),
        ("0039 (0) 312 3456789", "DE", ("+393123456789", "+3903123456789"), "write it with +"),
        ("39 (0) 312 3456789", "IT", ("+393123456789", "+3903123456789"), "write it with +"),
        ("0044 20 7946 0958", "SG", ("+442079460958",), "write it with + and the country code"),
        ("0044 20 7946 0958", "US", ("+442079460958",), "write it with + and the country code"),
        ("0041 79 123 45 67", "BR", ("+41791234567",), "write it with + and the country code"),
        ("011 44 7911 123456", "DE", ("+447911123456",), "write it with + and the country code"),
    ],
)
def test_what_may_be_another_number_is_refused(
    value: str, region: str, readings: tuple[str, ...], advice: str
) -> None:
    """The reason names each number that it may be, and what to write; each of them is taken as it stands."""
    reason = refusal(value, region)
    assert f"may be {' or '.join(readings)}; {advice}" in reason
    assert [recipient(reading, region) for reading in readings] == [*readings]


@pytest.mark.parametrize(
    ("value", "region", "number"),
    [
        ("0044 20 7946 0958", "DE", "+442079460958"),
        ("011 44 7911 123456", "US", "+447911123456"),
        ("810 44 7911 123456", "RU", "+447911123456"),
        ("010 44 7911 123456", "JP", "+447911123456"),
        ("14155552671", "US", "+14155552671"),
        ("4366412345678", "AT", "+4366412345678"),
        ("4155552671", "US", "+14155552671"),  # and +41 55 555 26 71, which nobody means
        ("15123456789", "DE", "+4915123456789"),  # and +1 512 345 6789
        ("9123456789", "IN", "+919123456789"),
        ("0114 496 0123", "GB", "+441144960123"),
    ],
)
def test_what_has_one_sensible_reading_is_taken(value: str, region: str, number: str) -> None:
    """One's own country's international prefix, its country code, and mobiles as one writes them at home."""
    assert recipient(value, region) == number


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("415 555 0134 x12", "has an extension"),
        ("415 555 0134 ext. 5", "has an extension"),
        ("tel:+1-415-555-0134;ext=5", "has an extension"),
        ("(415) 555-0134 #5", "has an extension"),
        ("415.555.CALL", "has letters"),
        ("*67 415 555 0134", "is not a valid phone number"),
        ("415\n555 0134", "is not a valid phone number"),
        ("+0044 7911 123456", "is not a valid phone number"),
        ("44+7911123456", "is not a valid phone number"),
        ("++14155550134", "has several numbers"),
        ("+1 415 555 0134 5678 9012", "is not a valid phone number"),
        ("()", "is not a valid phone number"),
        ("tel:", "the recipient is empty"),
        ("whatsapp:tel:+14155550134", "has letters"),
        ("4²5 555 0134", "is not a valid phone number"),
    ],
)
def test_what_is_more_or_less_than_a_number_is_refused(value: str, reason: str) -> None:
    """A message goes to one telephone, not to an extension behind it."""
    assert reason in refusal(value, "US")


@pytest.mark.parametrize("kind", ["mobile", "any"])
def test_ordinary_numbers_of_every_region_are_read(kind: str) -> None:
    """As people write them at home: with and without the trunk prefix, with and without punctuation."""
    wrong = []
    for region, number in examples(*(MOBILE if kind == "mobile" else KINDS)):
        national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
        international = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
        bare = phonenumbers.national_significant_number(number)
        for text in (national, only_digits(national), bare, international):
            with contextlib.suppress(PhoneError):
                if recipient(text, region) == e164(number):
                    continue
            wrong.append((region, text))
    assert wrong == []


@pytest.mark.slow
@given(
    st.sampled_from(["1"] * 5 + [str(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE]), st.data()
)
@settings(max_examples=2000)
def test_the_short_cut_leads_where_the_long_way_does(code: str, data: st.DataObject) -> None:
    """What passes without phonenumbers is what phonenumbers would leave as it is; and no form is changed twice."""
    start = data.draw(
        st.sampled_from(["", "0", "00", "1", "11", "15", "183", "8", "80", "90", "06", "9", "18002"])
    )
    digits = data.draw(st.from_regex(r"[0-9]{4,11}", fullmatch=True))
    number = f"+{code}{start}{digits}"[:16]
    form = canonical(number)
    assert canonical(form) == form
    if is_canonical(number):
        assert by_plan(number) == number


ENDS = ("", " ", "\n", "\u202a", "\u00a0", "\u200f")
SIGNS = (" ", "-", ".", "\u00a0", "\u202f", "\u2009", "\u2011", "\u2212", "/", "~", ") ", " (", "\u200b", "")


@st.composite
def spelled(draw: st.DrawFn) -> tuple[str, str, str]:
    """A region, the canonical form of a number there, and one of the ways in which people write it."""
    region, example = draw(st.sampled_from(examples(*KINDS)))
    bare = phonenumbers.national_significant_number(example)
    kept = draw(st.integers(max(2, len(bare) - 4), len(bare)))
    bare = bare[:kept] + draw(st.from_regex(rf"[0-9]{{{len(bare) - kept}}}", fullmatch=True))
    code = example.country_code
    number = canonical(f"+{code}{bare}")
    trunk = phonenumbers.ndd_prefix_for_region(region, True) or ""
    zero = f"+{code} ({trunk})" if trunk == "0" else f"+{code}/"
    abroad = (f"+{code}", f"+ {code} ", f"(+{code})", f"+{code}{trunk}", f"00{code}", f"011 {code}", zero)
    start = draw(st.sampled_from([*abroad, f"{code}", f"{code} ", trunk, ""]))
    signs = draw(st.lists(st.sampled_from(SIGNS), min_size=len(bare), max_size=len(bare)))
    text = start + "".join(itertools.chain(*zip(bare, signs, strict=True)))
    text = draw(st.sampled_from(["", "tel:", "TEL: ", "Sms:"])) + text
    return region, number, draw(st.sampled_from(ENDS)) + text + draw(st.sampled_from(ENDS))


@pytest.mark.slow
@given(spelled())
@settings(max_examples=1500, deadline=None)
def test_no_spelling_of_a_number_is_another_number(case: tuple[str, str, str]) -> None:
    """Read or refused: for every recipient, all spellings that are accepted give one form."""
    region, number, text = case
    with contextlib.suppress(PhoneError):
        assert recipient(text, region) == number


@given(spelled(), spelled())
@settings(max_examples=300, deadline=None)
def test_a_suppressed_number_is_suppressed_in_every_spelling(
    listed: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    """Whichever spelling is on the list, and whichever is in the event, and whatever the channel."""
    region, number, text = listed
    for spelling in (number, text):
        with contextlib.suppress(PhoneError):
            numbers = Suppressed("stop.txt", [int(recipient(spelling, region).removeprefix("+"))])
            assert number in numbers
            assert f"whatsapp:{recipient(number, None)}" in numbers
            assert (other[1] in numbers) == (other[1] == number)


def test_a_line_with_two_readings_stops_the_run(tmp_path: Path) -> None:
    """Nobody is texted while it is not known who must not be; the line is told with both readings."""
    path = tmp_path / "stop.txt"
    path.write_text(
        "0151 23456789\n4915123456789\n447400123456\n\u202a+49 151 23456780\u202c\ntel:+4930123456\n"
    )
    problems: list[Problem] = []
    numbers = read_suppressed(path, "DE", problems)
    assert [problem.place and problem.place.line for problem in problems] == [2, 3]
    assert "may be +4915123456789 or +494915123456789; write the + in front" in problems[0].message
    assert all(number in numbers for number in ("+4915123456789", "+4915123456780", "+4930123456"))


@pytest.mark.parametrize(
    ("marked", "plain"), [("+5215541637145", "+525541637145"), ("+5491123456789", "+541123456789")]
)
def test_the_mark_of_a_mobile_hides_nobody_from_the_list(marked: str, plain: str) -> None:
    """Mexico's 1 and Argentina's 9 stay in the number that is texted; the list knows that it rings one telephone."""
    assert [recipient(marked, None), recipient(plain, None)] == [marked, plain]
    for listed, texted in itertools.product((marked, plain), repeat=2):
        assert texted in Suppressed("stop.txt", [int(listed)])
    assert "+5215541637146" not in Suppressed("stop.txt", [int(plain)])


@pytest.mark.parametrize(
    ("value", "region", "known"),
    [
        ("+4407911123456", None, "+447911123456"),
        ("+44 (0) 7911 123456", "US", "+447911123456"),
        ("(415) 555-0134", "US", "+14155550134"),
        ("tel:+14155550134", None, "+14155550134"),
        ("WhatsApp:+14155238886", None, "whatsapp:+14155238886"),
        ("whatsapp:+44 07911 123456", "GB", "whatsapp:+447911123456"),
        ("RCS:acme_agent", None, "rcs:acme_agent"),
        ("Messenger:123", None, "messenger:123"),
        ("12345", "US", "12345"),
        ("ACME 24-7", "US", "ACME 24-7"),
        ("MG" + "0a" * 16, "US", "MG" + "0a" * 16),
        ("14155550134", None, None),
        ("447400123456", "DE", None),
        ("rcs:", None, None),
        ("555", "US", None),
    ],
)
def test_a_sender_is_read_as_a_recipient_is(value: str, region: str | None, known: str | None) -> None:
    """One canonical form; what is no number keeps its own."""
    assert sender(value, region) == known
    assert known is None or sender_kind(known)


CONFIG = """\
number: "+44 (0) 7700 900123"
default_region: GB
ledger: ledger.db
actions: [{name: a, trigger: type = "track", to: $.to, body: Hi}]
"""


def test_the_ledger_is_asked_for_a_number_as_events_write_it(tmp_path: Path) -> None:
    """`--to` is read like a recipient; what cannot be read, or may be two numbers, is said rather than not found."""
    (tmp_path / "twiliodest.yaml").write_text(CONFIG)
    people = ("07911 123456", "whatsapp:+447911123456", "+4407911123457")
    events = (json.dumps({"type": "track", "messageId": to, "to": to}) + "\n" for to in people)
    (tmp_path / "e.jsonl").write_text("".join(events))
    env = CREDENTIALS
    with Sandbox() as sandbox:
        given = ("--api-base", sandbox.url, "--ledger", "ledger.db")
        run("send", "-y", "e.jsonl", *given, cwd=tmp_path, env=env)
    listed = ("ledger", "list", "--ledger", "ledger.db", "-o", "jsonl", "--to")

    def found(to: str) -> list[tuple[str, str]]:
        done = run(*listed, to, cwd=tmp_path, env=env)
        assert done.returncode == 0, done.stderr
        return [(row["to"], row["sender"]) for row in map(json.loads, done.stdout.splitlines())]

    for to in ("+447911123456", "07911 123456", "+44 (0) 7911-123456", "tel:+447911123456", "447911123456"):
        assert found(to) == [("+447911123456", "+447700900123")]
    assert found("+447911123457") == found("07911123457") == [("+447911123457", "+447700900123")]
    for to, reason in (("555", "not a valid phone number"), ("14155550134", "may be +14155550134")):
        done = run(*listed, to, cwd=tmp_path, env=env)
        assert (done.returncode, done.stdout) == (2, b"")
        assert f'--to: "{to}"' in done.stderr.decode()
        assert reason in done.stderr.decode()
    (tmp_path / "twiliodest.yaml").unlink()
    assert found("tel:+447911123456") == [("+447911123456", "+447700900123")]
    assert b"not in E.164 form" in run(*listed, "07911 123456", cwd=tmp_path, env=env).stderr


@pytest.mark.parametrize("age", ["1w", "7d", "168h", "10080m", "604800s", "99999d"])
def test_ages_and_durations_are_one_language(age: str, tmp_path: Path) -> None:
    """Weeks are known everywhere, seconds in the ledger's commands, too; a row may be older than a year."""
    Ledger.open(tmp_path / "x.db").close()
    for command in (("list", "--since"), ("prune", "--older-than")):
        done = run("ledger", command[0], "--ledger", "x.db", command[1], age, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    (tmp_path / "twiliodest.yaml").write_text(CONFIG + f"cooldown: {age}\n")
    assert run("check", cwd=tmp_path).returncode == (2 if age == "99999d" else 0)


def test_a_path_that_is_none_is_told_by_its_own_name(tmp_path: Path) -> None:
    """The setting that is wrong is the one that is named."""
    (tmp_path / "twiliodest.yaml").write_text(CONFIG + 'suppress: "~nobodyhome/x"\n')
    told = run("check", cwd=tmp_path).stderr.decode()
    assert "suppress must be the path of a file" in told
    assert "ledger must be" not in told


@pytest.mark.parametrize(
    "between", ["-", " - ", "\u2009", "\u00a0", "‐", "‑", "–", "—", "☎", *"\t.．·/／~⁓∼～−ー'\"‘’“”\ufe0f"]
)
def test_whatever_people_put_between_digits_means_nothing(between: str) -> None:
    """Each by itself: the number is the same."""
    assert recipient(f"415{between}555{between}2671", "US") == "+14155552671"


@pytest.mark.parametrize("opening", "([（［")
@pytest.mark.parametrize("closing", ")]）］")
def test_brackets_of_any_kind_mean_nothing(opening: str, closing: str) -> None:
    """But for a zero in them, behind a country code."""
    assert recipient(f"{opening}415{closing} 555-2671", "US") == "+14155552671"
    assert recipient(f"+44 {opening}0{closing} 20 7946 0958", "GB") == "+442079460958"


@pytest.mark.parametrize("plus", "+＋﹢")
def test_every_plus_sign_is_one(plus: str) -> None:
    """Also that of an East Asian keyboard."""
    assert recipient(f"{plus}44 20 7946 0958", "US") == "+442079460958"


@pytest.mark.parametrize("odd", ["*", "=", "?", "%", "$", "\\", "½", "²", "۔"])
def test_what_no_number_is_written_with_makes_it_none(odd: str) -> None:
    """Nobody is texted because a text happens to hold enough digits."""
    assert "not a valid phone number" in refusal(f"415{odd}5552671", "US")
