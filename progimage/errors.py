"""One tree of errors: what the server raises and answers, the client catches.

    ProgImageError
    ├── ParameterError          400 invalid_parameter
    │   └── UrlNotAllowed       400 url_not_allowed
    ├── NotAuthenticated        401 not_authenticated
    ├── PermissionDenied        403 permission_denied
    │   └── SignatureRefused    403 signature_refused
    ├── NotFound                404 not_found
    ├── MethodNotAllowed        405 method_not_allowed
    ├── Conflict                409 conflict
    │   ├── AlreadyUsed         409 already_used
    │   └── InProgress          409 in_progress
    ├── LengthRequired          411 length_required
    ├── PreconditionFailed      412 precondition_failed
    ├── BodyTooLarge            413 body_too_large
    ├── UnsupportedFormat       415 unsupported_format
    ├── RangeNotSatisfiable     416 range_not_satisfiable
    ├── UnprocessableImage      422 unprocessable_image
    │   ├── ImageTooLarge       422 image_too_large
    │   └── ResultTooLarge      422 result_too_large
    ├── FetchFailed             422 fetch_failed
    ├── IdempotencyMismatch     422 idempotency_mismatch
    ├── InternalError           500 internal_error
    ├── ObjectMissing           502 object_missing
    ├── Unavailable             503 unavailable
    └── ConnectionFailed          0 connection_failed: the client's own, for want of an answer

Each class has a stable `code`, an HTTP `status` and a `summary`. A message never holds a secret
and is fit to be shown to the caller; what only operators may read goes to the log.
"""

import re
from typing import ClassVar


class ProgImageError(Exception):
    """The base of every error that ProgImage raises on purpose; itself where a client has no class for it.

    In a client `code` and `status` are the answer's, and the server's log knows the `request_id`."""

    code: str = "error"
    status: int = 500
    summary: ClassVar[str] = "Something went wrong"
    request_id: str = ""
    retry_after_s: int | None = None

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return f"{self.message} (request {self.request_id})" if self.request_id else self.message

    def members(self) -> dict[str, str | int]:
        """Return what this error adds to the problem's JSON."""
        return {}

    def headers(self) -> dict[str, str]:
        """Return the headers of HTTP that belong to the answer."""
        return {}

    def __reduce__(self) -> tuple[object, ...]:
        """Come whole through a process pool, with what subclasses add."""
        return rebuild, (type(self), self.message, self.__dict__)


def rebuild(error: type[ProgImageError], message: str, state: dict[str, object]) -> ProgImageError:
    """Make an error again from what it held, whatever its class asks for to be built."""
    rebuilt = error.__new__(error, message)
    rebuilt.__dict__.update(state)
    return rebuilt


class ParameterError(ProgImageError):
    """A parameter is unknown, repeated, of the wrong type or out of range.

    `pointer` is a JSON pointer (RFC 6901) to it: /operations/0/width in a transform, /w in a query."""

    code, status, summary = "invalid_parameter", 400, "A parameter is not right"

    def __init__(self, message: str, *, pointer: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer

    def members(self) -> dict[str, str | int]:
        return {"pointer": self.pointer} if self.pointer else {}


class UrlNotAllowed(ParameterError):
    """An address that is not of a public host, or whose host has no address: no answer tells which."""

    code, summary = "url_not_allowed", "The address may not be fetched from"


class NotAuthenticated(ProgImageError):
    code, status, summary = "not_authenticated", 401, "An API key is needed"

    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer realm="ProgImage"'}


class PermissionDenied(ProgImageError):
    code, status, summary = "permission_denied", 403, "The API key may not do this"


class SignatureRefused(PermissionDenied):
    code, summary = "signature_refused", "The signature of the URL is not valid"


class NotFound(ProgImageError):
    code, status, summary = "not_found", 404, "There is nothing here"


class MethodNotAllowed(ProgImageError):
    code, status, summary = "method_not_allowed", 405, "The method is not allowed here"


class Conflict(ProgImageError):
    code, status, summary = "conflict", 409, "What is there already does not allow this"


class AlreadyUsed(Conflict):
    code, summary = "already_used", "What may be used once has been used"


class InProgress(Conflict):
    """The same request is being worked on. Ask again after `retry_after_s` seconds."""

    code, summary = "in_progress", "The same request is being worked on"

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after_s)}


class LengthRequired(ProgImageError):
    code, status, summary = "length_required", 411, "The request needs a Content-Length"


class PreconditionFailed(ProgImageError):
    code, status, summary = "precondition_failed", 412, "The image is not the one that was meant"


class BodyTooLarge(ProgImageError):
    code, status, summary = "body_too_large", 413, "The body is too large"


class UnsupportedFormat(ProgImageError):
    code, status, summary = "unsupported_format", 415, "The format is not supported"


class RangeNotSatisfiable(ProgImageError):
    """`size` is the length in bytes of what a range was asked of."""

    code, status, summary = "range_not_satisfiable", 416, "The range lies outside the image"

    def __init__(self, message: str, *, size: int) -> None:
        super().__init__(message)
        self.size = size

    def headers(self) -> dict[str, str]:
        return {"Content-Range": f"bytes */{self.size}"}


class UnprocessableImage(ProgImageError):
    """`pointer` is a JSON pointer to the parameter that asks for too much, where there is one."""

    code, status, summary = "unprocessable_image", 422, "The image cannot be processed"

    def __init__(self, message: str, *, pointer: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer

    def members(self) -> dict[str, str | int]:
        return {"pointer": self.pointer} if self.pointer else {}


class ImageTooLarge(UnprocessableImage):
    code, summary = "image_too_large", "The image is too large"


class ResultTooLarge(UnprocessableImage):
    """No quality has few enough bytes. The message says last how many there are at least."""

    code, summary = "result_too_large", "The result cannot be made small enough"

    @property
    def smallest_bytes(self) -> int | None:
        """Read from the message, which is all that is remembered of a failure."""
        found = re.search(r"([0-9]+) bytes$", self.message)
        return int(found[1]) if found else None

    def members(self) -> dict[str, str | int]:
        smallest = {"smallest_bytes": self.smallest_bytes} if self.smallest_bytes else {}
        return super().members() | smallest


class FetchFailed(ProgImageError):
    code, status, summary = "fetch_failed", 422, "The address did not give an image"


class IdempotencyMismatch(ProgImageError):
    code, status, summary = "idempotency_mismatch", 422, "The idempotency key was used for another request"


class InternalError(ProgImageError):
    code, status, summary = "internal_error", 500, "Something went wrong"


class ObjectMissing(ProgImageError):
    code, status, summary = "object_missing", 502, "The stored bytes are missing"


class Unavailable(ProgImageError):
    """Try again after `retry_after_s` seconds."""

    code, status, summary = "unavailable", 503, "The service is busy"

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after_s)}


class ConnectionFailed(ProgImageError):
    """The server could not be reached or was too slow, or what came is not its whole answer."""

    code, status, summary = "connection_failed", 0, "The server did not answer"
