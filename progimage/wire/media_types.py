"""Media types of responses. Another one than expected shows that somebody else answered, such as a proxy."""

JSON = "application/json"
JSON_SCHEMA = "application/schema+json"
PROBLEM = "application/problem+json"
ZIP = "application/zip"
IMAGE = "image/*"
NOTHING = ""
"""Of a response without a body, which no media type matches."""

_UNLIKE_THEIR_FORMATS = {"ico": "image/vnd.microsoft.icon", "jpg": "image/jpeg", "tif": "image/tiff"}


def image_type(format: str | None) -> str:
    """Return the media type of a result. `format` is the output's; with None or auto the server decides."""
    if format in (None, "auto"):
        return IMAGE
    return _UNLIKE_THEIR_FORMATS.get(format, f"image/{format}")


def matches(content_type: str, expected: str) -> bool:
    """Return whether a Content-Type, with or without parameters, is of the expected media type."""
    media_type = content_type.partition(";")[0].strip().lower()
    if expected == IMAGE:
        return media_type.startswith("image/")
    return media_type == expected != NOTHING
