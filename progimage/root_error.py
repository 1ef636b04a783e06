"""The root of the tree of errors: how any error is shown, put into a response, and pickled."""

from typing import ClassVar


class ProgImageError(Exception):
    """The base class of all errors that ProgImage raises on purpose.

    A client raises it directly if no subclass fits the response. In a client, `code` and `status` are those
    of the response, and the server's log names the same `request_id`."""

    code: str = "error"
    status: int = 500
    summary: ClassVar[str] = "Something went wrong"
    is_lasting: ClassVar[bool] = True
    """Whether its status says that the same request would get it again. False for an error that blames the
    request by its status, although it depends on the server as well: no Idempotency-Key keeps it."""
    request_id: str = ""
    pointer: str = ""
    """The JSON pointer (RFC 6901) to the parameter that the error is about; empty if there is none."""
    retry_after_s: int | None = None

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        if self.request_id:
            return f"{self.message} (request {self.request_id})"
        return self.message

    def members(self) -> dict[str, str | int]:
        """Return the members that this error adds to the JSON of an RFC 9457 response."""
        return {"pointer": self.pointer} if self.pointer else {}

    def headers(self) -> dict[str, str]:
        """Return the HTTP headers that this error adds to a response."""
        return {}

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle all attributes, those of subclasses included, for the way through a process pool."""
        arguments = (type(self), self.message, self.__dict__)
        return rebuild, arguments


def rebuild(
    error_class: type[ProgImageError],
    message: str,
    state: dict[str, object],
) -> ProgImageError:
    """Return an error with the given attributes, without a call of its class's __init__."""
    error = error_class.__new__(error_class, message)
    for name, value in state.items():
        setattr(error, name, value)
    return error
