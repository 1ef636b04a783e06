"""The one rule for file names, whichever way a client gives one.

A name is text to show, and never part of a path. Control characters and those that change the direction of
the text could make it look like another name, so they are left out."""

import re
import unicodedata

from progimage.errors import ParameterError

_SEPARATORS = re.compile(r"[/\\]")
_LEFT_OUT = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's categories of control characters, halves of surrogate pairs, and separators of lines."""
_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""The characters of Unicode's Bidi_Control (UAX 9, section 2)."""


def clean_filename(text: str, *, pointer: str = "/filename") -> str:
    """Return the last segment of a client's file name in one line, without misleading characters.

    It may be empty, and longer than an image's name may be. Raise ParameterError if the name contains NUL."""
    if "\0" in text:
        raise ParameterError("Expected a file name without NUL characters", pointer=pointer)
    last_segment = _SEPARATORS.split(text)[-1]
    name = "".join(filter(_is_kept, last_segment)).strip()
    return "" if name in (".", "..") else name


def _is_kept(character: str) -> bool:
    return unicodedata.category(character) not in _LEFT_OUT and character not in _BIDIRECTIONAL
