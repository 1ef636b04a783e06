"""The WSGI application, with a time limit for the bodies of its requests."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from images.database import release_connection
from images.receiving.uploads import read_length

from .connection_guard import guard
from .exchanges import Exchange, Phase, begin, end
from .timed_body import TimedBody

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


def limit_slow_clients(application: Application) -> Application:
    """Return the application with a time limit for the bodies of its requests."""

    def limited(environ: Environ, start_response: Any) -> Iterable[bytes]:
        guard(int(environ.get("SERVER_PORT") or 0))
        exchange = begin(environ.get("REMOTE_ADDR", ""))
        try:
            length_bytes = read_length(environ.get("CONTENT_LENGTH") or "0")
            environ["wsgi.input"] = TimedBody(environ["wsgi.input"], exchange, length_bytes)
            response = application(environ, start_response)
            release_connection()  # the client may be slow
        except BaseException:
            end(exchange)
            raise
        if isinstance(response, list):  # granian takes it whole, and waits for the client by itself
            end(exchange)
            return response
        exchange.enter(Phase.SENDING)
        return _Response(response, exchange)

    return limited


class _Response:
    """A WSGI response whose exchange ends when the server closes it."""

    def __init__(self, content: Iterable[bytes], exchange: Exchange) -> None:
        self._content = content
        self._exchange = exchange

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._content:
            yield chunk
            self._exchange.enter(Phase.SENDING)

    def close(self) -> None:
        try:
            close_body(self._content)
        finally:
            end(self._exchange)


def close_body(body: Iterable[bytes]) -> None:
    """Close the body of a response, if it can be closed."""
    close = getattr(body, "close", None)
    if close:
        close()
