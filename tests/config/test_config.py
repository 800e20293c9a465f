"""A configuration is understood as it was meant, and every mistake in it is told at once, with its place."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shell import ACCOUNT, run

from twiliodest.config.nodes import LARGEST, MANY, MOST
from twiliodest.config.settings import Config, load
from twiliodest.config.values import check_api_base
from twiliodest.errors import Problem, UsageError

NUMBER = 'number: "+15005550006"\n'
ACTION = "  - {name: any, trigger: 'type = \"track\"', to: $.phone, body: Hello}\n"
ACTIONS = f"actions:\n{ACTION}"
SECRET = "s3cretTok3nValu3"
API_KEY = "SK" + "2" * 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "events.jsonl").write_text('{"type": "track", "phone": "+15005550010"}\n')
    return tmp_path


def loaded(text: str, folder: Path, **environ: str) -> Config:
    path = folder / "config.yaml"
    path.write_text(text)
    path.chmod(0o600)
    return load(path, environ)


def problems(text: str, folder: Path, **environ: str) -> tuple[Problem, ...]:
    with pytest.raises(UsageError) as caught:
        loaded(text, folder, **environ)
    return caught.value.problems


def errors(text: str, folder: Path, **environ: str) -> list[str]:
    """The errors as `line:column message`."""
    return [told(problem) for problem in problems(text, folder, **environ) if not problem.warning]


def told(problem: Problem) -> str:
    place = problem.place
    return f"{place.line}:{place.column} {problem.message}" if place else problem.message


def action(line: str) -> str:
    """A configuration whose line 6 is a field of its one action that is otherwise complete."""
    fields = {"name": "a", "trigger": 'type = "track"', "to": "$.phone", "body": "Hello"}
    fields.pop(line.split(":")[0], None)
    head = "\n    ".join(f"{name}: {value}" for name, value in list(fields.items())[:3])
    rest = [f"{name}: {value}" for name, value in list(fields.items())[3:]]
    lines = [f"{NUMBER}actions:\n  - {head}", line, *rest]
    return "\n    ".join(lines) + "\n"


def test_eight_mistakes_are_told_in_one_run(folder: Path) -> None:
    """Nobody has to run `check` eight times: every mistake comes with its line and column, in their order."""
    text = """\
acount: x
number: "+15005550006"
rate: fast
edge: Du.blin
actions:
  - name: order-shipped
    trigger: event = "Shipped
    to: $.properties.phone
    bdoy: Hello
    body: "Hi {{$.name"
  - name: order-shipped
    trigger: event = "Paid"
    body: Paid
"""
    assert errors(text, folder) == [
        '1:1 unknown setting "acount"',
        "3:7 rate must be a number of messages per second",
        "4:7 edge must be a name like dublin",
        "7:22 this string is not closed",
        '9:5 unknown field "bdoy" in action "order-shipped"',
        "10:15 this {{ is never closed",
        '11:5 "to" is missing in action "order-shipped"',
        '11:11 two actions are named "order-shipped"',
    ]


def test_all_faults_of_a_text_and_of_a_trigger_are_told_in_one_run(folder: Path) -> None:
    """A filter that does not exist, a block that is never closed and a bad path: each at its line and column."""
    text = f"""\
{NUMBER}actions:
  - name: a
    trigger: type == "track" and properties.n => 3
    to: $.phone
    body: >-
      Hi {{{{$.name | upcas}}}}
      {{% if properties.x %}} and
      {{{{$.a[}}}}
"""
    assert errors(text, folder) == [
        '4:19 "==" is not an operator here',
        '4:47 "=>" is not an operator here',
        '7:21 there is no filter "upcas"',
        "8:10 this {% if %} is never closed",
        "9:13 this placeholder ends too soon",
    ]


def test_a_key_by_another_name_is_one_problem(folder: Path) -> None:
    """Whoever writes `sender` is told once to write `number`, not also that the number is missing."""
    text = """\
sender: "+15005550006"
quiet_hours: {start: "21:00", until: "08:00"}
acttions:
"""
    action = """\
number: "+15005550006"
actions:
  - title: a
    when: event = "Paid"
    phone: $.phone
    text: Paid
"""
    assert [told(problem) for problem in problems(text, folder)] == [
        '1:1 unknown setting "sender"',
        '2:15 unknown key "start" in quiet_hours',
        '2:31 unknown key "until" in quiet_hours',
        '3:1 unknown setting "acttions"',
    ]
    assert [told(problem) for problem in problems(action, folder)] == [
        '3:5 unknown field "title" in action 1',
        '4:5 unknown field "when" in action 1',
        '5:5 unknown field "phone" in action 1',
        '6:5 unknown field "text" in action 1',
    ]
    assert errors('nummer: "x"\n', folder) == ['1:1 unknown setting "nummer"', '1:1 "actions" is missing']


def test_a_problem_reads_like_a_compiler_s(folder: Path) -> None:
    """Place, message, the line with a caret below the very character, and what to do."""
    (folder / "config.yaml").write_text(action("bdoy: Hello"))
    shown = run("check", "-c", "config.yaml", cwd=folder)
    assert (shown.returncode, shown.stdout) == (2, b"")
    assert shown.stderr.decode() == (
        'config.yaml:6:5: error: unknown field "bdoy" in action "a"\n'
        "  6 |     bdoy: *****\n"
        "    |     ^\n"
        '    did you mean "body"?\n'
    )


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("body: Your order #{{$.id}} is here", '6:22 "body" ends at this #', "quotes"),
        ('trigger: event = "Order #1"', '6:29 "trigger" ends at this #', "quotes"),
        ("to: $.phone[? #1", '6:19 "to" ends at this #', "quotes"),
        ("body: {{name}}", '6:11 "body" must be text', "{"),
        ("body: {{name}} hello", "6:20 not YAML", "{{"),
        ("trigger: !contains(a)", '6:14 "trigger" begins with !', "quotes"),
        ('trigger: !contains(a, "b")', "not YAML", "quotes"),
        ("body: Note: hello", "6:15 not YAML: mapping values", "colon"),
        ("\tbody: Hello", "not YAML", "tabs"),
        ("body: %hello", "6:11 not YAML", "begins with %"),
        ("body: @hello", "6:11 not YAML", "begins with @"),
        ("body: *hello", "6:11 not YAML", "begins with *"),
        ('body: "Hello', "6:11 not YAML: this is never closed", None),
        ('body: "\\UFFFFFFFF"', "not YAML: there is no such character", None),
        ('body: "\\ud800"', '6:11 "body" contains half of a character', None),
        ("body: Hello\x07", "6:16 not YAML: this character is forbidden", None),
        ("body: [Hello]", '6:11 "body" must be a single text', None),
        ("body:", '6:10 "body" has no value', None),
        ("body: ~", '6:11 "body" has no value', None),
        ("body: {a: b}", '6:11 "body" must be text', None),
        ("to: []", '"to" is an empty list', None),
        ("to: [[$.a]]", '"to" must be text', None),
        ("media_url: [" + "$.a, " * 11 + "]", '6:16 "media_url" can have at most 10 texts', None),
        ("number: 12", "6:13 this is not a valid sender", "+15551234567"),
        ("number: ${NUMBER}", "6:13 this is not a valid sender", None),
        ("enabled: perhaps", '6:14 "enabled" must be true or false', None),
        ("? [a]\n    : b", "6:7 a key must be plain text", None),
        ("name: [a]", '"name" must be text', None),
        ("zzz: 1", '6:5 unknown field "zzz" in action "a"', "the known ones are: name, "),
        ("number: MG\n    number: MG", '7:5 "number" appears twice', "line 6"),
        ("<<: {}", "6:5 YAML's merge key << is not supported", "write the keys out"),
        ('trigger: type = "track", event = "X"', '6:28 "," does not belong here', '"and"'),
        (
            'trigger: type = "track" AND event = "X"',
            '6:29 "AND" does not belong here',
            '"and", in lower case',
        ),
        (
            "to: properties.phone",
            '6:9 "properties.phone" is not in E.164',
            "did you mean $.properties.phone?",
        ),
        ("to: phone", '6:9 "phone" is not in E.164', "did you mean $.properties.phone?"),
        ("to: [$.a, traits.phone]", '6:15 "traits.phone" is not in E.164', "did you mean $.traits.phone?"),
        ("to: '4155550134'", '6:9 "4155550134" is not in E.164', "write a path"),
        ("media_url: foo.png", "6:16 a media URL begins with https://", "write an address"),
        (
            "media_url: properties.image",
            "6:16 a media URL begins with https://",
            "did you mean $.properties.image?",
        ),
        (
            "media_url: 'ftp://x/{{properties.a}}'",
            "6:16 a media URL begins with https://",
            "write an address",
        ),
    ],
)
def test_a_mistake_in_an_action_is_told(line: str, message: str, hint: str | None, folder: Path) -> None:
    """What YAML or the author got wrong is said at its place, with the way to mend it."""
    found = [problem for problem in problems(action(line), folder) if message in told(problem)]
    assert len(found) == 1, problems(action(line), folder)
    assert (hint or "") in (found[0].hint or "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ACTIONS, '1:1 "number" is missing'),
        (NUMBER, '1:1 "actions" is missing'),
        (f"{NUMBER}actions: []", '2:10 "actions" must be a list'),
        (f"{NUMBER}actions: {{a: b}}", '2:10 "actions" must be a list'),
        (f"{NUMBER}actions: [a]", "2:11 an action must have fields"),
        (f"{NUMBER}{NUMBER}{ACTIONS}", '2:1 "number" appears twice'),
        ("number: [1]\n" + ACTIONS, '1:9 "number" must be text'),
        ("number: ~\n" + ACTIONS, '1:9 "number" has no value'),
        ("number: 415555010000\n" + ACTIONS, "1:9 this is not a valid sender"),
        (f"--- {{}}\n--- {{}}\n{NUMBER}", "2:1 not YAML: a second document begins here"),
        *(
            (f"{line}\n{NUMBER}{ACTIONS}", message)
            for line, message in [
                ("account: SK" + "0" * 32, "1:10 account must be the account's SID (AC…)"),
                ("account: AC1", "1:10 account must be an account SID"),
                ("api_key: AC" + "0" * 32, "1:10 api_key must be"),
                ("token: a b", "1:8 token contains white space"),
                ("default_region: Norway", "1:17 default_region must be an ISO country code"),
                ("default_region: 1", "1:17 default_region"),
                ("event_id: messageId[", "event_id must be a JSONPath"),
                ('event_id: "$.a["', "1:16 event_id must be a JSONPath"),
                ("rate: 0", "1:7 rate"),
                ("rate: nan", "1:7 rate"),
                ("rate: -1", "1:7 rate"),
                ("rate: {}", '1:7 "rate" must be text'),
                ("concurrency: 0", "1:14 concurrency must be a whole number from 1 to 500"),
                ("concurrency: 501", "1:14 concurrency"),
                ("concurrency: 1.5", "1:14 concurrency"),
                ("max_messages: 0", "1:15 max_messages"),
                ("price_per_segment: -0.1", "1:20 price_per_segment must be a number, 0 or more"),
                ("price_per_mms: 1e400", "1:16 price_per_mms"),
                ("currency: Euro", "1:11 currency"),
                ("ledger: ~nobody-at-all/x", "1:9 ledger must be the path"),
                ('ledger: "a\\0b"', "1:10 ledger must be the path"),
                ("region: br1", "1:9 a region also needs an edge"),
                ("edge: a.b", "1:7 edge must be"),
                (
                    "edge: dublin\napi_base: https://a.example",
                    "2:11 api_base cannot be combined with edge or region",
                ),
                ("api_base: ftp://a.example", "1:11 api_base must be an address"),
                ("rate: ${RATE}", "1:7 the environment variable RATE is not set"),
                ("rate: ${RATE", "1:7 this ${ cannot be read"),
                ("rate: 1${:-5}", "1:8 this ${ cannot be read"),
                ('currency: " ${EMPTY:-} "', '1:11 "currency" has no value'),
                ("quiet_hours: [1]", "1:14 quiet_hours must"),
                ("cooldown: soon", "1:11 this is not a duration"),
            ]
        ),
    ],
)
def test_a_mistake_in_a_setting_is_told(text: str, message: str, folder: Path) -> None:
    """Missing, of the wrong type, out of range: each is said at its place, and nothing else is."""
    found = errors(text, folder)
    assert len(found) == 1, found
    assert found[0].startswith(message) or message in found[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no settings"),
        (b"# nothing\n", "has no settings"),
        (b"- a\n", "has no settings"),
        (b"hello", "has no settings"),
        (b"number: \xff", "is not UTF-8 text"),
        (b"a" * (LARGEST + 1), "is larger than 4 MiB"),
        (b"a: [" + b"1," * MOST + b"1]", "has more than 300,000 values"),
        (None, "there is no file"),
    ],
)
def test_what_is_no_configuration_is_said_so(content: bytes | None, message: str, tmp_path: Path) -> None:
    """The wrong file, or none, ends in one sentence."""
    path = tmp_path / "config.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        load(path, {})
    assert [message in problem.message for problem in caught.value.problems] == [True]


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    """What cannot be read is said with the system's reason."""
    with pytest.raises(UsageError, match="Is a directory"):
        load(tmp_path, {})


def test_every_setting_arrives(folder: Path) -> None:
    """A number keeps its plus without quotes, `NO` is Norway, and values are what they look like."""
    text = f"""\
account: {ACCOUNT}
token: abc
api_key: {API_KEY}
number: +15005550006
default_region: NO
event_id: $.id
rate: 2.5
concurrency: 500
max_messages: 1000
price_per_segment: 0
price_per_mms: 0.02
currency: EUR
ledger: ~/x.db
{ACTIONS}  - name: no
    to: [$.a, $.b]
    media_url: [$.c]
    number: MG{"0" * 32}
    trigger: a = 1   # a comment
  - {{name: off, trigger: a = 1, to: $.a, body: b, enabled: off}}
"""
    config = loaded(text, folder)
    assert (config.account, config.api_key, config.number) == (ACCOUNT, API_KEY, "+15005550006")
    assert config.token is not None
    assert (config.token.reveal(), "abc" in repr(config)) == ("abc", False)
    assert (config.default_region, config.event_id.text, config.rate, config.concurrency) == (
        "NO", "$.id", 2.5, 500,
    )  # fmt: skip
    assert (config.max_messages, config.price_per_segment, config.price_per_mms) == (1000, 0, 0.02)
    assert (config.currency, config.ledger, config.disabled) == ("EUR", Path.home() / "x.db", ["off"])
    first, second = config.actions
    assert (first.sender, second.name, second.sender) == (config.number, "no", "MG" + "0" * 32)
    assert [field.source for field in (*second.to, *second.media)] == ["$.a", "$.b", "$.c"]
    assert (second.body, second.default_region, config.warnings) == (None, "NO", ())


@pytest.mark.parametrize(
    ("lines", "base"),
    [
        ("", "https://api.twilio.com"),
        ("edge: dublin", "https://api.dublin.us1.twilio.com"),
        ("region: us1", "https://api.us1.twilio.com"),
        ("region: ie1", "https://api.dublin.ie1.twilio.com"),
        ("region: br1\nedge: sao-paulo", "https://api.sao-paulo.br1.twilio.com"),
        ("api_base: http://127.0.0.1:8025/", "http://127.0.0.1:8025"),
        ("api_base: ${BASE}", "https://proxy.example/twilio"),
    ],
)
def test_the_address_of_the_api_is_composed(lines: str, base: str, folder: Path) -> None:
    """Edge and region make Twilio's host names; another server is taken as it is."""
    config = loaded(f"{lines}\n{NUMBER}{ACTIONS}", folder, BASE="https://proxy.example/twilio")
    assert config.api_base == base


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("https://api.example", None),
        ("http://localhost:1", None),
        ("http://[::1]:1", None),
        ("http://api.example", "in the clear"),
        ("http://localhost.example", "in the clear"),
        ("https://user:password@api.example", "user name"),
        ("https://@api.example", "user name"),
        ("https://", "an address"),
        ("https://[::1", "an address"),
        ("https://a.example:port", "an address"),
        ("https://a.example:99999", "an address"),
        ("https://a.example?x=1", "an address"),
        ("https://a.example\\b", "an address"),
        ("api.example", "an address"),
    ],
)
def test_only_a_safe_address_can_be_the_api_s(url: str, fault: str | None) -> None:
    """The token travels encrypted or stays on the machine, and no address hides another."""
    found = check_api_base(url)
    assert (found is None) if fault is None else (fault in (found or ""))


def test_settings_take_values_from_the_environment_and_actions_do_not(folder: Path) -> None:
    """`${NAME}`, a default and a literal dollar work in settings; a text may hold them for itself."""
    text = f"{NUMBER}rate: ${{RATE:-5}}\ncurrency: ${{MONEY}}\nledger: $$x${{EMPTY:-y}}\n"
    text += action("body: a ${RATE} $$").removeprefix(NUMBER)
    config = loaded(text, folder, MONEY="CHF", EMPTY="")
    assert (config.rate, config.currency, config.ledger) == (5, "CHF", Path("$xy"))
    assert config.actions[0].body is not None
    assert config.actions[0].body.source == "a ${RATE} $$"


def test_unset_credentials_only_warn(folder: Path) -> None:
    """A dry run needs neither account nor token, whatever the configuration takes them from."""
    text = f"account: ${{A}}\ntoken: ${{T}}\napi_key: ${{K}}\n{NUMBER}{ACTIONS}"
    config = loaded(text, folder, TWILIO_ACCOUNT_SID=ACCOUNT, TWILIO_AUTH_TOKEN="other")
    assert (config.account, config.token, config.api_key) == (None, None, None)
    assert [told(problem) for problem in config.warnings] == [
        "1:10 the environment variable A is not set",
        "2:8 the environment variable T is not set",
        "3:10 the environment variable K is not set",
    ]


def test_missing_credentials_come_from_twilio_s_variables(folder: Path) -> None:
    """Without settings the variables that all of Twilio's tools know are taken; a wrong one is a problem."""
    config = loaded(NUMBER + ACTIONS, folder, TWILIO_ACCOUNT_SID=ACCOUNT, TWILIO_AUTH_TOKEN=" abc\n")
    assert (config.account, config.token and config.token.reveal()) == (ACCOUNT, "abc")
    config = loaded(NUMBER + ACTIONS, folder, TWILIO_ACCOUNT_SID="", TWILIO_AUTH_TOKEN="")
    assert (config.account, config.token) == (None, None)
    assert "TWILIO_ACCOUNT_SID" in errors(NUMBER + ACTIONS, folder, TWILIO_ACCOUNT_SID="AC/../x")[0]


@pytest.mark.parametrize(
    ("token", "mode", "warned"),
    [("abc", 0o644, True), ("${T:-abc}", 0o640, True), ("${T}", 0o644, False), ("abc", 0o600, False)],
)
def test_a_token_that_others_can_read_is_a_warning(token: str, mode: int, warned: bool, folder: Path) -> None:
    """A literal token in an open file is pointed out; one from the environment is in nobody's way."""
    path = folder / "config.yaml"
    path.write_text(f"token: {token}\n{NUMBER}{ACTIONS}")
    path.chmod(mode)
    warnings = load(path, {"T": "xyz"} if token == "${T}" else {}).warnings
    assert ["chmod 600" in (problem.hint or "") for problem in warnings] == [True] * warned


def test_an_action_without_a_trigger_warns(folder: Path) -> None:
    """A forgotten trigger would text everybody at every event."""
    (warning,) = loaded(f"{NUMBER}actions: [{{name: a, to: $.a, body: b}}]", folder).warnings
    assert warning.message == "a has no trigger: it texts on every track event"


def hiding(secret: str) -> list[str]:
    """Configurations that hold a secret where it should be or where a mistake put it; most of them are wrong."""
    keys = [
        "account",
        "token",
        "token_file",
        "account_file",
        "api_key",
        "tokn",
        "auth_token",
        "secret",
        "password",
        "authToken",
        "pin",
    ]
    forms = [
        "{}: {}", '{}: "{}"', "{}: [{}]", "{}: {{x: {}}}", "{}:\n  {}", "{}: |\n  {}", "{}:\n  - {}", "{}:\n  x: {}",
        "{}: x{}: y", "{}: &a {}\nedge: *a", "{}: !{}", "{}: !x {}", "{}: ${{{}}}", "{}: ${{X:-{}}}",
        "{}: *{}", "{}: %{}",
        "{}: @{}", '{}: "{}', "{}: [{}, b", "{}: {{{}", "{}: '{}' x", "{}:{}", "{}={}", "{}: x # {}", '{}: "x\\q{}"',
        "? {}\n: {}", "{}: &{} x", "{}: {}\nnumber: +1\nnumber: +2", '{}: "x\n  {}\n  to: y',
        "{}: >\n  x\n  {}\n bad: x",
    ]  # fmt: skip
    texts = [f"{form.format(key, secret)}\n" for key in keys for form in forms]
    flow = [
        f"{{token: {secret}, numbr: x, actions: [{{}}]}}",
        f"{{token: {secret}, number: x",
        f'{{account: x, tokn: {secret}, number: "+15005550006", actions: y',
        f"{{token:{secret}, number: x}}",
        f"{NUMBER}x: {{token: {secret}}}",
        f"- token: {secret}\n",
        secret,
    ]
    nested = [action(form.format("tokn", secret).replace("\n", "\n    ")) for form in forms]
    return [*(f"{text}\n{NUMBER}{ACTIONS}" for text in (*texts, *flow)), *texts[::3], *nested, *flow]


def misplaced(secret: str) -> list[str]:
    """Configurations that hold a secret under a key that may be shown."""
    return [
        f"number: {{token: {secret}}}",
        f"number:\n  token: {secret}",
        f"number: &x {secret}\ntoken: *x",
        f"actions: {{token: {secret}}}",
        f"actions: [{secret}]",
        f"api_base: https://user:{secret}@a.example",
        f"number: ${{T}}\n# token: {secret}",
        f"number: x: y # token {secret}",
        f"# {secret}: @\n@",
        "event_id: ${S}\nnumber: ${S}\ndefault_region: ${S}\nedge: ${S} ${S}\nrate: ${S}\ncurrency: ${S}",
    ]


def leaks(output: str, secret: str) -> bool:
    return any(secret[start : start + 8] in output for start in range(len(secret) - 7))


def shown(text: str, folder: Path, secret: str) -> str:
    """All that a program could show of what loading a configuration gives."""
    try:
        config = loaded(text, folder, S=secret)
    except UsageError as error:
        found = error.problems
        return f"{found!r}{error!r}{error}"
    return f"{config!r}{config.warnings!r}".replace(config.account or "\0", "")


@pytest.mark.parametrize("secret", [SECRET, "0123456789abcdef" * 2, "hunter-hunter-hunter"])
def test_a_secret_is_never_shown(secret: str, folder: Path) -> None:
    """Whatever is wrong with a configuration, no problem, excerpt or repr holds eight characters of a token."""
    texts = [*hiding(secret), *misplaced(secret)]
    leaking = [text for text in texts if leaks(shown(text, folder, secret), secret)]
    assert leaking == []


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_secret_is_never_shown_however_the_file_is_damaged(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Cut, doubled or garnished with YAML's own characters, a file keeps its secret."""
    text = data.draw(st.sampled_from(hiding(SECRET)))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        if SECRET in text[:at] + "|" + text[at:]:
            text = text[:at] + data.draw(st.sampled_from(list(" \n\t:#\"'{}[],&*!|>%@-?$x"))) + text[at:]
    assert not leaks(shown(text, tmp_path_factory.mktemp("c"), SECRET), SECRET)


@pytest.mark.parametrize("command", ["check", "send events.jsonl --dry-run -v"])
def test_no_command_shows_a_secret(command: str, folder: Path) -> None:
    """What a person or a log sees of a check or a dry run holds no token."""
    texts = [
        f"token: {SECRET}\n{NUMBER}{ACTIONS}",
        f"tokn: {SECRET}\n{NUMBER}{ACTIONS}",
        f"token: {SECRET}: x\n{NUMBER}{ACTIONS}",
        f"{NUMBER}{ACTIONS}    token: {SECRET}\n",
    ]
    for text in texts:
        (folder / "twiliodest.yaml").write_text(text)
        done = run(*command.split(), cwd=folder, env={"TWILIO_ACCOUNT_SID": ACCOUNT})
        assert not leaks((done.stdout + done.stderr).decode(), SECRET)


def test_what_is_surely_no_secret_is_shown(folder: Path) -> None:
    """A problem's line is masked only where it must be: paths and variables can be read."""
    found = problems(f"tokn: ${{TOKEN}}  # mine\n{action('media: $.picture')}", folder)
    assert [problem.excerpt for problem in found] == ["tokn: ${TOKEN}  * ****", "    media: $.picture"]


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\n" + "".join(f"{b}: &{b} [{f'*{a}, ' * 9}]\n" for a, b in itertools.pairwise("abcdefghi")),
        "number: " + "[" * 2000,
        "number: " + "{a: " * 2000,
        "\n".join(" " * level + "a:" for level in range(1200)),
        f"{NUMBER}actions:\n" + "  - &a {name: b}\n" + "  - *a\n" * 50000,
        f"{NUMBER}actions:\n" + "".join(f"  - {{name: a{i}, zzz: 1}}\n" for i in range(3000)),
        f"{NUMBER}to: &t [{'$.a, ' * 5000}]\nactions:\n" + "  - {name: a, to: *t, body: *t}\n" * 3000,
    ],
    ids=["aliases", "lists", "mappings", "indentation", "one-action", "mistakes", "long-lists"],
)  # fmt: skip
def test_a_bomb_fizzles_out(text: str, folder: Path) -> None:
    """A file that would grow without end, or nests without end, ends in a bounded number of problems."""
    assert 1 <= len(errors(text, folder)) <= MANY + 1


def test_an_anchor_can_be_used_again(folder: Path) -> None:
    """Two actions can share a text by YAML's own means, and an odd text is told only once."""
    again = "  - {name: b, trigger: *t, to: *p, body: *b}\n"
    text = f"{NUMBER}actions:\n  - {{name: a, trigger: &t a = 1, to: &p $.a, body: &b Hi ‽}}\n{again}"
    config = loaded(text, folder)
    assert (
        config.actions[0].body is config.actions[1].body or config.actions[1].body == config.actions[0].body
    )
    assert [problem.message for problem in config.warnings if "UCS-2" not in problem.message] == []
    assert len(config.warnings) == 1
