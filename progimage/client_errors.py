"""Errors that only a client raises. Their status is 0: they describe no response."""

from .root_error import ProgImageError, rebuild


class ConnectionFailed(ProgImageError):
    """The client got no complete response: no connection, a timeout, or one cut off, damaged or foreign."""

    code = "connection_failed"
    status = 0
    summary = "The server did not answer"


class FileChanged(ProgImageError):
    """A file grew or shrank while it was sent. The server has kept nothing of it."""

    code = "file_changed"
    status = 0
    summary = "The file changed while it was sent"


class FileUnreadable(ProgImageError, OSError):
    """A file to be sent cannot be read: it is a directory, or the client may not read it.

    It is an OSError, too, with Python's `errno`, `strerror` and `filename`."""

    code = "file_unreadable"
    status = 0
    summary = "The file cannot be read"

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the facts that OSError keeps outside of the attributes, too."""
        own = {name: getattr(self, name) for name in ("errno", "strerror", "filename")}
        return rebuild, (type(self), self.message, self.__dict__ | own)


class FileMissing(FileUnreadable, FileNotFoundError):
    """A file to be sent does not exist, or no longer."""

    code = "file_missing"
    summary = "The file does not exist"
