"""The format of a response: the extension's, the query's, or `auto`."""

from dataclasses import replace

from progimage.errors import ParameterError, UnsupportedFormat
from progimage.transform import Transform
from transforms.formats.table import FORMATS, WRITABLE, Format, format_by_extension


def read_extension(extension: str) -> Format:
    """Return the format of an extension. Raise UnsupportedFormat if it is never written."""
    format = format_by_extension(extension)
    if format is not None and format.can_write:
        return format
    extensions = ", ".join(known for name in WRITABLE for known in FORMATS[name].extensions)
    raise UnsupportedFormat(
        f"Expected one of {extensions}, json as extension but received {extension[:20]!r}"
    )


def with_format(transform: Transform, format: Format) -> Transform:
    """Return the transform with the extension's format. Raise ParameterError if it names another.

    A transform with the format "auto" stays as it is."""
    named = transform.output.format
    if named == "auto":
        return transform
    if named not in (None, format.name):
        raise ParameterError(
            f"Expected no format but auto beside the extension, which says {format.name}, "
            f"but received {named!r}",
            pointer="/format",
        )
    output = replace(transform.output, format=format.name)  # type: ignore[arg-type]
    return Transform(transform.operations, output)
