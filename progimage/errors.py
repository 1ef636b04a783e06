"""The tree of errors, which the server raises and sends, and which the client catches.

    ProgImageError
    ├── ParameterError          400 invalid_parameter
    │   └── UrlNotAllowed       400 url_not_allowed
    ├── NotAuthenticated        401 not_authenticated
    ├── PermissionDenied        403 permission_denied
    │   └── SignatureRefused    403 signature_refused
    ├── NotFound                404 not_found
    ├── MethodNotAllowed        405 method_not_allowed
    ├── RequestTimeout          408 request_timeout
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
    │   ├── ResultTooLarge      422 result_too_large
    │   ├── TakesTooLong        422 takes_too_long
    │   └── RendererEnded       422 renderer_ended
    ├── FetchFailed             422 fetch_failed
    ├── IdempotencyMismatch     422 idempotency_mismatch
    ├── InternalError           500 internal_error
    ├── ObjectMissing           502 object_missing
    ├── Unavailable             503 unavailable
    │   └── RenditionsPending   503 renditions_pending
    │   The client alone raises these:
    ├── ConnectionFailed          0 connection_failed: no response of ProgImage came
    ├── FileChanged               0 file_changed: a file changed while it was sent
    └── FileUnreadable            0 file_unreadable: a file cannot be read; it is an OSError, too
        └── FileMissing           0 file_missing: it is a FileNotFoundError, too

Each class has a stable `code`, an HTTP `status` and a `summary`. A message is shown to the caller.
Therefore it never holds a secret, and details for operators alone go to the log.
"""

# mypy exports them by their aliases.
from .client_errors import ConnectionFailed as ConnectionFailed  # noqa: PLC0414
from .client_errors import FileChanged as FileChanged  # noqa: PLC0414
from .client_errors import FileMissing as FileMissing  # noqa: PLC0414
from .client_errors import FileUnreadable as FileUnreadable  # noqa: PLC0414
from .image_errors import ImageTooLarge as ImageTooLarge  # noqa: PLC0414
from .image_errors import RendererEnded as RendererEnded  # noqa: PLC0414
from .image_errors import ResultTooLarge as ResultTooLarge  # noqa: PLC0414
from .image_errors import TakesTooLong as TakesTooLong  # noqa: PLC0414
from .image_errors import UnprocessableImage as UnprocessableImage  # noqa: PLC0414
from .root_error import ProgImageError as ProgImageError  # noqa: PLC0414


class ParameterError(ProgImageError):
    """A parameter is unknown, repeated, of the wrong type or out of range.

    `pointer` is the JSON pointer (RFC 6901) to it: /operations/0/width in a transform, /w in a query."""

    code = "invalid_parameter"
    status = 400
    summary = "A parameter is invalid"

    def __init__(self, message: str, *, pointer: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer


class UrlNotAllowed(ParameterError):
    """A text is no URL that the server fetches from, or its host is not public, or has no IP address.

    Of a host the message hides which: it would tell of names and hosts behind the server."""

    code = "url_not_allowed"
    summary = "The server does not fetch from this address"


class NotAuthenticated(ProgImageError):
    code = "not_authenticated"
    status = 401
    summary = "An API key is needed"

    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer realm="ProgImage"'}


class PermissionDenied(ProgImageError):
    code = "permission_denied"
    status = 403
    summary = "The API key may not do this"


class SignatureRefused(PermissionDenied):
    code = "signature_refused"
    summary = "The signature of the URL is not valid"


class NotFound(ProgImageError):
    """There is no such thing. `pointer` is the JSON pointer to the parameter that names it, if one does."""

    code = "not_found"
    status = 404
    summary = "There is nothing here"

    def __init__(self, message: str, *, pointer: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer


class MethodNotAllowed(ProgImageError):
    code = "method_not_allowed"
    status = 405
    summary = "The method is not allowed here"


class RequestTimeout(ProgImageError):
    """The body of the request arrived too slowly."""

    code = "request_timeout"
    status = 408
    summary = "The body arrived too slowly"


class Conflict(ProgImageError):
    code = "conflict"
    status = 409
    summary = "The present state does not allow this"


class AlreadyUsed(Conflict):
    code = "already_used"
    summary = "The resource may be used once, and has been used"


class InProgress(Conflict):
    """Another request with the same effect is in progress. Retry after `retry_after_s` seconds."""

    code = "in_progress"
    summary = "The same request is in progress"

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after_s)}


class LengthRequired(ProgImageError):
    code = "length_required"
    status = 411
    summary = "The request needs a Content-Length"


class PreconditionFailed(ProgImageError):
    code = "precondition_failed"
    status = 412
    summary = "The resource is not the expected one"


class BodyTooLarge(ProgImageError):
    code = "body_too_large"
    status = 413
    summary = "The body is too large"


class UnsupportedFormat(ProgImageError):
    code = "unsupported_format"
    status = 415
    summary = "The format is not supported"


class RangeNotSatisfiable(ProgImageError):
    """A requested byte range lies outside the file, which has `size` bytes."""

    code = "range_not_satisfiable"
    status = 416
    summary = "The range lies outside the image"

    def __init__(self, message: str, *, size: int) -> None:
        super().__init__(message)
        self.size = size

    def headers(self) -> dict[str, str]:
        return {"Content-Range": f"bytes */{self.size}"}


class FetchFailed(ProgImageError):
    code = "fetch_failed"
    status = 422
    summary = "The address did not return an image"


class IdempotencyMismatch(ProgImageError):
    code = "idempotency_mismatch"
    status = 422
    summary = "The idempotency key was used for another request"


class InternalError(ProgImageError):
    code = "internal_error"
    status = 500
    summary = "Something went wrong"


class ObjectMissing(ProgImageError):
    code = "object_missing"
    status = 502
    summary = "The stored bytes are missing"


class Unavailable(ProgImageError):
    """The service is overloaded, or part of it is down. Retry after `retry_after_s` seconds."""

    code = "unavailable"
    status = 503
    summary = "The service is busy"

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after_s)}


class RenditionsPending(Unavailable):
    code = "renditions_pending"
    summary = "Renditions are still to be made: repeat the request to go on"
