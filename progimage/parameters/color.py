"""Colours as CSS writes them: #rgb, #rgba, #rrggbb, #rrggbbaa, rgb(), rgba(), a few names, transparent.

Source: CSS Color Module Level 4, the hexadecimal notations and the sRGB colour names of CSS 2.1."""

import re

_NAMES = {
    "transparent": "#00000000",
    "black": "#000000ff",
    "silver": "#c0c0c0ff",
    "gray": "#808080ff",
    "white": "#ffffffff",
    "maroon": "#800000ff",
    "red": "#ff0000ff",
    "purple": "#800080ff",
    "fuchsia": "#ff00ffff",
    "green": "#008000ff",
    "lime": "#00ff00ff",
    "olive": "#808000ff",
    "yellow": "#ffff00ff",
    "navy": "#000080ff",
    "blue": "#0000ffff",
    "teal": "#008080ff",
    "aqua": "#00ffffff",
    "orange": "#ffa500ff",
}
_HEX = re.compile(r"#?([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_RGB = re.compile(
    r"rgba?\(\s*([0-9]{1,3})\s*[, ]\s*([0-9]{1,3})\s*[, ]\s*([0-9]{1,3})\s*"
    r"(?:[,/]\s*([01]|0?\.[0-9]{1,4})\s*)?\)"
)

expected_color = "a CSS colour such as #ff8800, #ff880080, rgb(255, 136, 0) or orange"


def normalize_color(text: str) -> str | None:
    """Return a colour as #rrggbbaa, so that each colour has one spelling; None if `text` is no colour.

    The # may be left out, because in a URL it starts the fragment."""
    lowered = text.strip().lower()
    if lowered in _NAMES:
        return _NAMES[lowered]
    if match := _HEX.fullmatch(lowered):
        return _normalize_hex(match[1])
    if match := _RGB.fullmatch(lowered):
        return _normalize_rgb(match)
    return None


def color_channels(color: str) -> tuple[int, int, int, int]:
    """Return red, green, blue and alpha, each 0-255, of a colour that is spelled #rrggbbaa."""
    red, green, blue, alpha = bytes.fromhex(color[1:])
    return red, green, blue, alpha


def _normalize_hex(digits: str) -> str:
    if len(digits) <= 4:
        digits = "".join(digit * 2 for digit in digits)
    return f"#{digits:f<8}"


def _normalize_rgb(match: re.Match[str]) -> str | None:
    red = int(match[1])
    green = int(match[2])
    blue = int(match[3])
    alpha = round(255 * float(match[4])) if match[4] else 255
    if max(red, green, blue) > 255:
        return None
    return f"#{red:02x}{green:02x}{blue:02x}{alpha:02x}"
