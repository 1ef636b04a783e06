"""Headers of responses with images, those that pages of other origins may read, and how long one may be."""

IF_MATCH = "If-Match"
IF_NONE_MATCH = "If-None-Match"
SIZES = ("Image-Width", "Image-Height", "Image-Frames")
CACHE_KEY = "Transform-Key"
SAFETY = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_EXPOSED = (
    "ETag",
    "Content-Range",
    "Content-Disposition",
    *SIZES,
    "Repr-Digest",
    CACHE_KEY,
    "Link",
    "Retry-After",
    "X-Request-ID",
)
ANY_ORIGIN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": ", ".join(_EXPOSED),
}
"""Headers that let a page of any origin read a response: it has no key, but a signature or a public image."""
MAX_HEADER_BYTES = 2_000
"""The longest value of a header. nginx has 4 KB for all headers of a response, and answers 502 beyond it."""
_MAX_FILENAME_BYTES = 600
_MAX_EXTENSION_BYTES = 20


def shorten_filename(name: str) -> str:
    """Return a file name whose percent-encoded form fits into a header. It keeps its extension."""
    if len(name.encode()) <= _MAX_FILENAME_BYTES:
        return name
    _, point, extension = name.rpartition(".")
    suffix = point + extension
    if len(suffix.encode()) > _MAX_EXTENSION_BYTES:
        suffix = ""
    stem_bytes = name.encode()[: _MAX_FILENAME_BYTES - len(suffix.encode())]
    return stem_bytes.decode(errors="ignore") + suffix
