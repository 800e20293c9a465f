"""Credentials can stand in files, as containers mount them; what is wrong with one is told without quoting it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from shell import ACCOUNT, TOKEN, run

from twiliodest.config.accounts import account_of
from twiliodest.config.settings import Config, load
from twiliodest.errors import UsageError
from twiliodest.sandbox import Sandbox

REST = 'number: "+15005550006"\nactions: [{name: a, trigger: type = "track", to: $.phone, body: Hi}]\n'
EVENT = b'{"type": "track", "phone": "+14155550134"}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file that holds the token, for its owner's eyes."""
    write(tmp_path / "token", TOKEN.encode())
    return tmp_path


def write(path: Path, content: bytes, mode: int = 0o600) -> None:
    path.write_bytes(content)
    path.chmod(mode)


def config_of(folder: Path, text: str, **variables: str) -> Config:
    path = folder / "twiliodest.yaml"
    path.write_text(text + REST)
    path.chmod(0o600)
    return load(path, variables)


def faults(folder: Path, text: str, **variables: str) -> list[str]:
    with pytest.raises(UsageError) as found:
        config_of(folder, text, **variables)
    return [problem.message for problem in found.value.problems]


@pytest.mark.parametrize(
    "content", [TOKEN, f"{TOKEN}\n", f"{TOKEN}\r\n", f"\ufeff{TOKEN}\n"], ids=["bare", "unix", "dos", "mark"]
)
@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("token_file: token\n", {}),
        ("token_file: ${WHERE}/token\n", {"WHERE": "."}),
        ("", {"TWILIO_AUTH_TOKEN_FILE": "{}/token"}),
        ("token: ${TWILIO_AUTH_TOKEN}\n", {"TWILIO_AUTH_TOKEN_FILE": "{}/token"}),
        ("token: ${OURS}\n", {"OURS_FILE": "{}/token", "TWILIO_AUTH_TOKEN": "other"}),
    ],
    ids=["setting", "expanded", "variable", "reference", "own-reference"],
)
def test_a_file_holds_the_token(content: str, text: str, variables: dict[str, str], folder: Path) -> None:
    """One newline at the end, and a mark at the beginning, are the editor's, not the token's."""
    write(folder / "token", content.encode())
    given = {name: value.format(folder) for name, value in variables.items()}
    config = config_of(folder, text, **given)
    assert config.token
    assert config.token.reveal() == TOKEN
    assert config.warnings == ()
    assert [path.name for path in config.files] == ["twiliodest.yaml", "token"]


def test_a_file_holds_the_account(folder: Path) -> None:
    """As the token, so the account, by setting and by variable."""
    write(folder / "sid", f"{ACCOUNT}\n".encode(), 0o644)
    for text, variables in (
        ("account_file: sid\n", {}),
        ("", {"TWILIO_ACCOUNT_SID_FILE": f"{folder}/sid"}),
    ):
        config = config_of(folder, text, **variables)
        assert (config.account, config.warnings) == (ACCOUNT, ())


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("token: abc\n", {"TWILIO_AUTH_TOKEN": "x", "TWILIO_AUTH_TOKEN_FILE": "/nowhere"}),
        ("token_file: mine\n", {"TWILIO_AUTH_TOKEN": "x"}),
        ("token: ${MINE:-abc}\n", {"MINE_FILE": "/nowhere"}),
    ],
)
def test_the_configuration_comes_before_the_environment(
    text: str, variables: dict[str, str], folder: Path
) -> None:
    """What is set in the configuration is what counts, whatever else there is."""
    write(folder / "mine", b"abc\n")
    config = config_of(folder, text, **variables)
    assert config.token
    assert config.token.reveal() == "abc"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"\n", "the file is empty"),
        (b" \r\n", "the file is empty"),
        (b"\xff\xfe3\x00c\x00", "the file is not text"),
        (b"3c0d\x009a7b", "the file must contain a single line of text"),
        (f"{TOKEN}\nmore\n".encode(), "the file must contain a single line of text"),
        (f"{TOKEN}\n\n".encode(), "the file must contain a single line of text"),
        (f"{TOKEN} \n".encode(), "token contains white space or other characters that a token cannot have"),
        (f"token: {TOKEN}\n".encode(), "token contains white space or other characters that a token"),
        (b"a" * 4097, "the file is larger than 4 KiB, too large for a secret"),
        (None, "this is a directory"),
        ("fifo", "this is not a regular file"),
        ("/dev/zero", "this is not a regular file"),
    ],
)
def test_what_is_no_secret_is_told_in_a_sentence(
    content: bytes | str | None, says: str, folder: Path
) -> None:
    """By setting and by variable; nothing of what is in the file is quoted, and nothing is waited for."""
    path = folder / "odd"
    match content:
        case bytes():
            write(path, content)
        case None:
            path.mkdir()
        case "fifo":
            os.mkfifo(path)
        case _:
            path.symlink_to(content)
    for text, variables in (
        ("token_file: odd\n", {}),
        ("", {"TWILIO_AUTH_TOKEN_FILE": str(path)}),
    ):
        (said,) = faults(folder, text, **variables)
        assert said.startswith(f"{'token_file' if text else 'TWILIO_AUTH_TOKEN_FILE'}: {says}")
        assert TOKEN[:6] not in said


@pytest.mark.parametrize(
    ("text", "variables", "says"),
    [
        ("token: abc\ntoken_file: token\n", {}, "token and token_file cannot be combined"),
        ("account: ${A}\naccount_file: sid\n", {}, "account and account_file cannot be combined"),
        (
            "",
            {"TWILIO_AUTH_TOKEN": "x", "TWILIO_AUTH_TOKEN_FILE": "y"},
            "the environment variables TWILIO_AUTH_TOKEN and TWILIO_AUTH_TOKEN_FILE are both set",
        ),
        (
            "token: ${T}\n",
            {"T": "x", "T_FILE": "y"},
            "the environment variables T and T_FILE are both set",
        ),
        ("token_file: [a, b]\n", {}, '"token_file" must be text'),
        ('token_file: ""\n', {}, '"token_file" has no value'),
    ],
)
def test_two_sources_are_a_problem(text: str, variables: dict[str, str], says: str, folder: Path) -> None:
    """Nobody has to guess which of two tokens is used."""
    assert faults(folder, text, **variables) == [says]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_cannot_be_read_is_a_warning(folder: Path) -> None:
    """A dry run needs no token, wherever it would be."""
    (folder / "token").chmod(0)
    (warning,) = config_of(folder, "token_file: token\n").warnings
    assert warning.message == "token_file: the file cannot be read: Permission denied"


def test_a_file_that_is_missing_concerns_only_a_real_send(folder: Path) -> None:
    """A preview runs without the secret; a send says which file is not there, and what it would hold is not shown."""
    config = config_of(folder, f"account: {ACCOUNT}\ntoken_file: {TOKEN}\n")
    (warning,) = config.warnings
    assert (warning.message, warning.hint) == ("token_file: there is no such file", "a real send needs token")
    with pytest.raises(UsageError, match=r"the token is missing \(token_file: there is no such file\)"):
        account_of(config, None)
    assert TOKEN not in f"{config!r}{warning!r}"


def test_a_file_that_others_can_read_is_a_warning(folder: Path) -> None:
    """A token that lies open on this machine is pointed out; the account's SID is no secret."""
    (folder / "token").chmod(0o644)
    (warning,) = config_of(folder, "token_file: token\n").warnings
    assert warning.message == "token_file: others can read this file (-rw-r--r--)"


def test_a_send_uses_the_token_and_shows_it_nowhere(folder: Path) -> None:
    """Sent with a token from a file, and refused where the file is the wrong one; the file is never overwritten."""
    (folder / "twiliodest.yaml").write_text(f"account: {ACCOUNT}\ntoken_file: token\n{REST}")
    with Sandbox() as sandbox:
        to = ("send", "-", "-y", "--api-base", sandbox.url)
        done = run(*to, cwd=folder, stdin=EVENT)
        assert (done.returncode, len(sandbox.messages())) == (0, 1), done.stderr
        assert TOKEN.encode() not in done.stdout + done.stderr
        done = run(*to, "--rejects", "token", cwd=folder, stdin=EVENT)
        assert (done.returncode, b"part of the configuration" in done.stderr) == (2, True), done.stderr
    assert (folder / "token").read_text() == TOKEN
