"""JSON whose numbers come back from Postgres as they were given."""

import json
import re
from decimal import Decimal
from typing import Any

_TEXT_OR_EXPONENT = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9.]+e[+-]?[0-9]+')


class ExactFloats(json.JSONEncoder):
    """Writes floats without an exponent, and with a point.

    jsonb keeps decimal digits: of 1e23 it makes a whole number of 24 digits, which Python reads as another
    number than the float. The text is as long as the one that Postgres keeps."""

    def encode(self, o: Any) -> str:
        return _TEXT_OR_EXPONENT.sub(_without_exponent, super().encode(o))


def _without_exponent(match: re.Match[str]) -> str:
    token = match[0]
    if token.startswith('"'):
        return token
    digits = f"{Decimal(token):f}"
    return digits if "." in digits else f"{digits}.0"
