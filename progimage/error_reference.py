"""The meaning of each error, and advice: for docs/errors.md, and for the page that `type` links to.

A test demands an entry for each class of errors.py, and holds `is_retryable` to the client's own rule."""

from collections.abc import Sequence
from dataclasses import dataclass

from . import errors
from .errors import ProgImageError

MEMBERS = {
    "smallest_bytes": "the size of the smallest result that can be had",
}
"""Members that some errors add to the JSON of their response."""
HEADERS = {
    "Retry-After": "the seconds to wait",
    "WWW-Authenticate": "how to authenticate",
    "Content-Range": "the size of the image: `bytes */<size>`",
    "Allow": "the methods that the address takes",
}
"""Headers that some errors add to their response."""


@dataclass(frozen=True, kw_only=True)
class ErrorEntry:
    """One kind of error, as a user reads about it. Text between backticks is code."""

    error: type[ProgImageError]
    meaning: str
    advice: str
    is_retryable: bool = False
    """Whether the same request may succeed later, without a change by its sender."""
    members: Sequence[str] = ()
    headers: Sequence[str] = ()

    @property
    def code(self) -> str:
        return self.error.code

    @property
    def extras(self) -> list[tuple[str, str]]:
        """The members and headers that this error adds, each with its meaning."""
        members = [(name, MEMBERS[name]) for name in self.members]
        return members + [(name, HEADERS[name]) for name in self.headers]


ENTRIES = (
    ErrorEntry(
        error=errors.ParameterError,
        meaning="A parameter, field or member is unknown, repeated, of the wrong type or out of its "
        "range, or the request is not well-formed.",
        advice="Correct the value that `pointer` names. `detail` says what was expected and what came.",
    ),
    ErrorEntry(
        error=errors.UrlNotAllowed,
        meaning="The server does not fetch from this address: it is no http or https URL, its port is not "
        "allowed, or its host is private or unknown. The answer is the same for a private and an unknown "
        "host, so that nobody explores a private network by it.",
        advice="Give a public http or https address, or send the bytes themselves.",
    ),
    ErrorEntry(
        error=errors.NotAuthenticated,
        meaning="No API key came, or one that is malformed, unknown, revoked or expired. Private images "
        "answer so as well, if the request has neither a key nor a signature.",
        advice="Send `Authorization: Bearer <prefix>.<secret>` with a valid key.",
        headers=("WWW-Authenticate",),
    ),
    ErrorEntry(
        error=errors.PermissionDenied,
        meaning="The API key lacks the scope that the request needs. `detail` names it.",
        advice="Use a key with this scope, or ask an operator for one.",
    ),
    ErrorEntry(
        error=errors.SignatureRefused,
        meaning="The signature of the URL does not fit it, has expired, or was made by a key that "
        "ended. The method, the path and the whole query are signed, as they are spelled.",
        advice="Use the URL unchanged, or sign a new one. docs/signing.md has the algorithm.",
    ),
    ErrorEntry(
        error=errors.NotFound,
        meaning="There is nothing at this address, or no image with this id that the key may see. An "
        "image of another account looks like a missing one.",
        advice="Check the address and the id. A deleted image can be restored by an operator for some days.",
    ),
    ErrorEntry(
        error=errors.MethodNotAllowed,
        meaning="The address exists, and does not take this method.",
        advice="Use one of the methods that `Allow` names.",
        headers=("Allow",),
    ),
    ErrorEntry(
        error=errors.RequestTimeout,
        meaning="The body of the request arrived too slowly, or not at all. The server ends the connection "
        "with this answer.",
        advice="Send the request again over a faster connection, or in smaller parts: one file in a request.",
        is_retryable=True,
    ),
    ErrorEntry(
        error=errors.Conflict,
        meaning="The present state does not allow the change: for example the image to replace has a "
        "successor already, or the image of this id was deleted.",
        advice="Read the image again, and decide by its state.",
    ),
    ErrorEntry(
        error=errors.AlreadyUsed,
        meaning="A URL for one upload has stored its image already.",
        advice="Get the image by the id that the URL has. Make another URL for another image.",
    ),
    ErrorEntry(
        error=errors.InProgress,
        meaning="The same request is being worked on: one with the same Idempotency-Key, or an upload "
        "to the same URL.",
        advice="Send the request again, unchanged, after `Retry-After`. It then gets the first one's result.",
        is_retryable=True,
        headers=("Retry-After",),
    ),
    ErrorEntry(
        error=errors.LengthRequired,
        meaning="The request has a body without a Content-Length. Chunked bodies are not taken.",
        advice="Send the length of the body.",
    ),
    ErrorEntry(
        error=errors.PreconditionFailed,
        meaning="The condition of If-Match does not hold: the resource has another ETag.",
        advice="Get it again, and decide with its new state and ETag.",
    ),
    ErrorEntry(
        error=errors.BodyTooLarge,
        meaning="The body, its text fields or the number of its files exceed a limit, which `detail` names.",
        advice="Send less. An operator can raise most limits.",
    ),
    ErrorEntry(
        error=errors.UnsupportedFormat,
        meaning="The bytes are not an image of a known format, the extension names no format, or the "
        "media type of the body is not taken here. Bytes decide, not names.",
        advice="Send or request one of the formats that `detail` lists. docs/formats.md has them all.",
    ),
    ErrorEntry(
        error=errors.RangeNotSatisfiable,
        meaning="The Range header names bytes beyond the end of the image.",
        advice="Request a range below the size, or the whole image without Range.",
        headers=("Content-Range",),
    ),
    ErrorEntry(
        error=errors.UnprocessableImage,
        meaning="The image is damaged or of a kind that is not read, its HDR cannot be kept, or its "
        "processing exceeds the memory that a render may take. `detail` says which.",
        advice="Send another file, or ask for less: a smaller size, fewer operations.",
    ),
    ErrorEntry(
        error=errors.ImageTooLarge,
        meaning="The image, or the result that the transform asks for, has too many pixels, frames or bytes.",
        advice="Send a smaller image, or change the parameter that `pointer` names.",
    ),
    ErrorEntry(
        error=errors.ResultTooLarge,
        meaning="No quality gives a result within `max_bytes`.",
        advice="Allow `smallest_bytes`, or ask for fewer pixels or another format.",
        members=("smallest_bytes",),
    ),
    ErrorEntry(
        error=errors.TakesTooLong,
        meaning="Decoding or rendering needs more CPU time than the server allows. How busy it is does not "
        "count. The failure is remembered for a minute, but under no Idempotency-Key.",
        advice="Ask for less: a smaller size, fewer operations, a faster format. Or send a simpler file.",
    ),
    ErrorEntry(
        error=errors.RendererEnded,
        meaning="The image was tried twice, and both times its process ended: a fault in a decoder, or the "
        "server had too little memory. No Idempotency-Key keeps it.",
        advice="Send the file in another format. If that helps, tell an operator the `request_id`.",
    ),
    ErrorEntry(
        error=errors.FetchFailed,
        meaning="The address is allowed, and sent no image: the server did not answer, answered with an "
        "error, was too slow, or sent too many bytes.",
        advice="Check the address in a browser. If its server had a passing fault, send the request again.",
    ),
    ErrorEntry(
        error=errors.IdempotencyMismatch,
        meaning="The Idempotency-Key was sent with another request before.",
        advice="Use a new key for each request, and the same key only for its retries.",
    ),
    ErrorEntry(
        error=errors.InternalError,
        meaning="A fault of the server, which its log has under this `request_id`.",
        advice="Tell an operator the `request_id`. A retry with the same Idempotency-Key is safe.",
    ),
    ErrorEntry(
        error=errors.ObjectMissing,
        meaning="The server knows the image, and its storage has lost the bytes.",
        advice="Tell an operator: `manage.py reconcile` finds such images. The image must be uploaded again.",
    ),
    ErrorEntry(
        error=errors.Unavailable,
        meaning="The service is overloaded, or a part that it needs does not answer. `detail` says which.",
        advice="Send the request again, unchanged, after `Retry-After`.",
        is_retryable=True,
        headers=("Retry-After",),
    ),
    ErrorEntry(
        error=errors.RenditionsPending,
        meaning="Renditions of the archive are still to be made. Those that were made are kept.",
        advice="Wait for `Retry-After`, then repeat the request: it goes on where this one ended. The Python "
        "client does so by itself.",
        is_retryable=True,
        headers=("Retry-After",),
    ),
    ErrorEntry(
        error=errors.ConnectionFailed,
        meaning="No complete response of ProgImage came: no connection, a timeout, or a response cut off, "
        "damaged or of another server, such as a page to log in. The Python client raises this error, and no "
        "server sends it.",
        advice="Check the address and the network. A retry with the same Idempotency-Key makes nothing "
        "twice.",
        is_retryable=True,
    ),
    ErrorEntry(
        error=errors.FileChanged,
        meaning="A file grew or shrank while the Python client sent it. The server has kept nothing of it.",
        advice="Send the file when no other program writes to it.",
    ),
    ErrorEntry(
        error=errors.FileUnreadable,
        meaning="The Python client cannot read a file that it is to send: it is a directory, or the "
        "permission is missing. The error is an `OSError`, too.",
        advice="Correct the path or the permissions.",
    ),
    ErrorEntry(
        error=errors.FileMissing,
        meaning="A file that the Python client is to send does not exist, or no longer. The error is a "
        "`FileNotFoundError`, too.",
        advice="Correct the path.",
    ),
)
"""In the order of errors.py."""
