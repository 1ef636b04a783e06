"""Words that error messages share: a wrong value, and the name that the client may have meant.

Messages are for clients in any language, so values stand in them as in JSON: null, true, [1, 2]."""

import json
from collections.abc import Iterable
from difflib import get_close_matches

_MAX_CHARACTERS = 60


def show_value(value: object) -> str:
    """Return a value for a message: a text in quotes, anything else as JSON. Long ones are cut."""
    if isinstance(value, str):
        return repr(_cut(value))
    return _cut(json.dumps(value, default=str, ensure_ascii=False))


def suggest(name: str, known_names: Iterable[str]) -> str:
    """Return the end of a message that refuses `name`: the known name that is meant, or an empty text.

    A first letter is enough, so that `w` becomes `width`."""
    names = list(known_names)
    wrong_name = name[:_MAX_CHARACTERS].lower()
    names_that_begin_so = [known for known in names if wrong_name and known.startswith(wrong_name)]
    close_names = get_close_matches(wrong_name, names, n=1)
    for meant in (*names_that_begin_so, *close_names):
        return f": did you mean {meant!r}?"
    return ""


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_CHARACTERS else text[:_MAX_CHARACTERS] + "…"
