"""Files that hold one secret, as containers mount them. What is in them, or might be, is never quoted."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import NamedTuple

LARGEST = 4096  # bytes


class SecretFileError(Exception):
    """Why a file gives no secret. `is_absent`: there may be one, but not here and now."""

    def __init__(self, fault: str, *, is_absent: bool = False) -> None:
        super().__init__(fault)
        self.is_absent = is_absent


class SecretFile(NamedTuple):
    """The text of a file, without the line's end; and its mode bits if others can get at it on this machine."""

    text: str
    exposed: int | None


def read_secret(path: Path) -> SecretFile:
    """What a file holds. Raises `SecretFileError`.

    Mounts are read-only and often open to everybody in their container, which is nothing to be told of.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # what is not a file would be waited for
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                what = "a directory" if stat.S_ISDIR(status.st_mode) else "not a regular file"
                raise SecretFileError(f"this is {what}")
            content = os.read(descriptor, LARGEST + 1)
            is_mounted = bool(os.fstatvfs(descriptor).f_flag & os.ST_RDONLY)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise SecretFileError("there is no such file", is_absent=True) from None
    except OSError as error:
        raise SecretFileError(f"the file cannot be read: {error.strerror}", is_absent=True) from None
    exposed = status.st_mode if status.st_mode & 0o077 and not is_mounted else None
    return SecretFile(_text(content), exposed)


def _text(content: bytes) -> str:
    if len(content) > LARGEST:
        raise SecretFileError(f"the file is larger than {LARGEST // 1024} KiB, too large for a secret")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SecretFileError("the file is not text") from None
    text = re.sub(r"\r?\n\Z", "", text)
    if not text.strip():
        raise SecretFileError("the file is empty")
    if not text.isprintable():
        raise SecretFileError("the file must contain a single line of text")
    return text
