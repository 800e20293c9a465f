"""A text's encoding and segment count, as Twilio bills them.

The rules are those of Twilio's message-segment-calculator (npm `sms-segments-calculator` 1.3). What is never split
follows a newer Unicode here, so that a long text of emoji or Indic letters may differ by one segment at most.
"""

from __future__ import annotations

import re
import unicodedata

_BASIC = "\n\r !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_BASIC += "¡£¤¥§¿ÄÅÆÉÑÖØÜßàäåæÇèéìñòöøùüΓΔΘΛΞΠΣΦΨΩ"
_EXTENSION = "\f[\\]^{|}~€"
_is_basic = re.compile(f"[{re.escape(_BASIC)}]*").fullmatch
_is_gsm7 = re.compile(f"[{re.escape(_BASIC + _EXTENSION)}]*").fullmatch


def measure(text: str) -> tuple[str, int]:
    """The encoding, `GSM-7` or `UCS-2`, and the number of segments; 1 for an empty text.

    One character outside GSM-7 makes the whole text UCS-2. What a reader sees as one character (an emoji, a
    letter with its accents) and an extension pair are never split, not even if larger than a segment.
    """
    if _is_basic(text):
        return "GSM-7", 1 if len(text) <= 160 else -(len(text) // -153)
    if _is_gsm7(text):
        return "GSM-7", _pack([2 if char in _EXTENSION else 1 for char in text], single=160, part=153)
    if utf16_length(text) <= 70:
        return "UCS-2", 1
    sizes = [1 if len(it) == 1 and it <= "\uffff" else utf16_length(it) for it in _clusters(text)]
    return "UCS-2", _pack(sizes, single=70, part=67)


def utf16_length(text: str) -> int:
    """The number of UTF-16 code units, in which the limit of 1,600 and UCS-2 segments are counted."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def first_outside_gsm7(text: str) -> tuple[int, str] | None:
    """The offset of the first character that needs UCS-2, and that character with its accents and joiners."""
    if _is_gsm7(text):
        return None
    offset = 0
    for cluster in _clusters(text):
        if not _is_gsm7(cluster):
            break
        offset += len(cluster)
    return offset, cluster


def describe(character: str) -> str:
    """`"’" (U+2019 RIGHT SINGLE QUOTATION MARK)`; what cannot be printed is named but not shown.

    Of a character made of many code points the first four are shown and named.
    """
    shown = character[:4]
    names = " + ".join(f"U+{ord(char):04X} {_name(char)}" for char in shown)
    if len(character) > len(shown):
        names += " + …"
    return f'"{shown}" ({names})' if shown.isprintable() else names


def smart_encode(text: str) -> str:
    """The text after Twilio's Smart Encoding: look-alikes of GSM-7 characters replaced, all else as it is."""
    return text.translate(_SMART_ENCODING)


def _pack(sizes: list[int], *, single: int, part: int) -> int:
    """How many segments hold pieces of these sizes, in order: one of `single` units, or several of `part`.

    The calculator fills a first segment with `single` units. If that is not all, a header takes the place of
    its last pieces: these move on with the next piece, and are not measured again in the second segment.
    """
    if sum(sizes) <= single:
        return 1
    segments, used, before = 1, 0, 0
    for size in sizes:
        moved = segments == 2 and before <= single
        if used + size > part and not moved:
            segments, used = segments + 1, 0
        used += size
        before += size
    return segments


def _clusters(text: str) -> list[str]:
    """The grapheme clusters; CRLF counts as two."""
    import regex  # only a text outside GSM-7 needs it

    # By itself \X looks back over a run of flags at each flag of it.
    flag = r"[\U0001F1E6-\U0001F1FF]{2}[\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}]*"
    return regex.findall(rf"\r|{flag}|\X", text)


def _name(char: str) -> str:
    kinds = {"Cc": "control character", "Cs": "surrogate", "Co": "private use"}
    return unicodedata.name(char, kinds.get(unicodedata.category(char), "unassigned"))


# Replacement: the code points that it replaces, in the calculator's SmartEncodingMap 1.3. Its oddities stay:
# most Unicode spaces become two, a tab becomes seven.
_REPLACED_BY = {
    '"': "00ab 00bb 201c 201d 02ba 02ee 201f 201e 275d 275e 301d 301e",
    "'": "2018 2019 02bb 02c8 02bc 02bd 02b9 201b 00b4 02ca 0060 02cb 275b 275c 0313 0314 fe10 fe11",
    "/": "00f7 29f8 0337 0338 2044 2215",
    "1/4": "00bc",
    "1/2": "00bd",
    "3/4": "00be",
    "\\": "29f9 29f5 20e5 fe68",
    "_": "0332 2017",
    "|": "20d2 20d3 2223 23b8 23b9 23d0 239c 239f",
    "-": "23bc 23bd 2015 fe63 2010 2043 2014 2013 2022",
    "@": "fe6b",
    "$": "fe69",
    "!": "01c3 fe15 fe57",
    "#": "fe5f",
    "%": "fe6a",
    "&": "fe60",
    ",": "201a 0326 fe50 fe51 ff64 3001",
    "(": "2768 276a fe59 27ee 2985",
    ")": "2769 276b fe5a 27ef 2986",
    "*": "204e 2217 229b 2722 2723 2724 2725 2731 2732 2733 273a 273b 273c 273d 2743 2749 274a 274b "
    "29c6 fe61",
    "+": "02d6 fe62",
    ".": "3002 fe52 ff61",
    ":": "02d0 02f8 2982 a789 fe13",
    ";": "204f fe14 fe54",
    "<": "fe64 2039",
    "=": "0347 a78a fe66",
    ">": "fe65 203a",
    "?": "fe16 fe56",
    "^": "02c6 0302 1dcd",
    "{": "2774 fe5b",
    "}": "2775 fe5c",
    "~": "02dc 02f7 0303 0330 0334 223c",
    "  ": "00a0 2000 2002 2003 2004 2005 2006 2007 2008 2009 200a 202f 205f 3000 008d 009f 0080 0090 009b",
    "": "0010 0000 0003 0004 0017 0019 0011 0012 0013 0014 2060 200b 200c feff",
    "       ": "0009",
    "!!": "203c",
    " ": "2028 2029 2001",
    "...": "2026",
}
_SMALL_CAPITALS = (  # of A to Z without Q and X
    "1d00 0299 1d04 1d05 1d07 a730 0262 029c 026a 1d0a 1d0b 029f 1d0d 0274 1d0f 1d18 0280 a731 "
    "1d1b 1d1c 1d20 1d21 028f 1d22"
)
# The full-width forms follow ASCII; the calculator leaves the lower-case letters alone.
_FULL_WIDTH = {0xFF00 + n: chr(0x20 + n) for n in (*range(0x01, 0x40), *range(0x5B, 0x5F))}
_SMALL = dict(zip("ABCDEFGHIJKLMNOPRSTUVWYZ", _SMALL_CAPITALS.split(), strict=True))
_SMART_ENCODING = _FULL_WIDTH | {
    int(point, 16): replacement
    for replacement, points in (_REPLACED_BY | _SMALL).items()
    for point in points.split()
}
