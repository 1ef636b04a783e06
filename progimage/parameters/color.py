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
    """Return `text` as #rrggbbaa, so that one colour has one spelling; None where it is no colour.

    The # may be left out: it starts a fragment in a URL."""
    lowered = text.strip().lower()
    if lowered in _NAMES:
        return _NAMES[lowered]
    if match := _HEX.fullmatch(lowered):
        digits = match[1] if len(match[1]) > 4 else "".join(digit * 2 for digit in match[1])
        return f"#{digits:f<8}"
    if match := _RGB.fullmatch(lowered):
        red, green, blue = (int(channel) for channel in match.groups()[:3])
        alpha = round(255 * float(match[4])) if match[4] else 255
        return None if max(red, green, blue) > 255 else f"#{red:02x}{green:02x}{blue:02x}{alpha:02x}"
    return None


def color_channels(color: str) -> tuple[int, int, int, int]:
    """Return red, green, blue and alpha, each 0-255, of a colour in its normal spelling #rrggbbaa."""
    red, green, blue, alpha = bytes.fromhex(color[1:])
    return red, green, blue, alpha
