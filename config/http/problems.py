"""Error responses: every error becomes application/problem+json (RFC 9457), which no cache may keep."""

import errno
import logging
import sys
from collections.abc import Callable
from typing import Any

import structlog
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from psycopg.errors import ReadOnlySqlTransaction
from psycopg_pool import PoolTimeout, TooManyRequests
from rest_framework import exceptions

from images.database_failures import detail_of, explain
from progimage import errors

from .error_pages import link_to
from .redirects import find_redirect

log = logging.getLogger("progimage.error")

_BY_STATUS: dict[int, type[errors.ProgImageError]] = {
    400: errors.ParameterError,
    401: errors.NotAuthenticated,
    403: errors.PermissionDenied,
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
    413: errors.BodyTooLarge,
    415: errors.UnsupportedFormat,
}
_BY_CAUSE: dict[type[Exception], Callable[[], errors.ProgImageError]] = {
    Http404: lambda: errors.NotFound("There is nothing at this address"),
    PermissionDenied: lambda: errors.PermissionDenied("This request is not allowed"),
    RequestDataTooBig: lambda: errors.BodyTooLarge("Expected at most 1 MB of text fields in a form"),
    DataError: lambda: errors.ParameterError("A value cannot be stored: it is too large or contains NUL"),
    UnreadablePostError: lambda: errors.ParameterError("Expected the whole body but the connection ended"),
    SuspiciousOperation: lambda: errors.ParameterError("The request is not well-formed"),
    BadRequest: lambda: errors.ParameterError("The request is not well-formed"),
}
_DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_DATABASE_IS_DOWN = (OperationalError, InterfaceError, PoolTimeout, TooManyRequests)


def handle_exception(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Return the response to an exception that a DRF view raised. If it is unexpected, return None.

    Django then raises the exception again, and `server_error` responds."""
    if isinstance(error, exceptions.MethodNotAllowed):
        return problem_response(_as_wrong_method(context))
    problem = as_problem(error)
    return problem_response(problem) if problem else None


def as_problem(error: Exception) -> errors.ProgImageError | None:
    """Return the error that the client is told about. If `error` is unexpected, return None."""
    if isinstance(error, errors.ProgImageError):
        return error
    if isinstance(error, exceptions.ValidationError):
        return _as_invalid(error)
    if isinstance(error, exceptions.APIException):
        return _as_status(error)
    if isinstance(error, OSError) and error.errno in _DISK_IS_FULL:
        log.error("temporary folder cannot be written (%s)", error.strerror)
        return errors.Unavailable("There is no room for temporary files", retry_after_s=5)
    # Postgres is read-only during a failover: a retry succeeds when another server has taken over.
    if isinstance(error, _DATABASE_IS_DOWN) or isinstance(error.__cause__, ReadOnlySqlTransaction):
        log.error("database unavailable: %s", explain(error), extra={"reason": detail_of(error)})
        return errors.Unavailable("The database does not answer", retry_after_s=2)
    return _as_cause(error)


def problem_response(error: errors.ProgImageError) -> HttpResponse:
    """Return the response for `error`, with its status and its own headers."""
    problem = {
        "type": link_to(error.code),
        "title": error.summary,
        "status": error.status,
        "detail": error.message,
        "code": error.code,
        "request_id": structlog.contextvars.get_contextvars().get("request_id", ""),
    }
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    response = JsonResponse(
        problem | error.members(),
        status=error.status,
        content_type="application/problem+json",
        headers=headers | error.headers(),
    )
    # Some problems are made outside of Django's middleware, which would set it.
    response["Content-Length"] = str(len(response.content))
    return response


def _as_wrong_method(context: dict[str, Any]) -> errors.MethodNotAllowed:
    """Return the error of a method that the view of a request does not have."""
    methods = ", ".join(context["view"].allowed_methods)
    return errors.MethodNotAllowed(f"Expected one of {methods} here but received {context['request'].method}")


def _as_status(error: exceptions.APIException) -> errors.ProgImageError:
    default = errors.InternalError if error.status_code >= 500 else errors.ParameterError
    error_class = _BY_STATUS.get(error.status_code, default)
    return error_class(str(error.detail))


def _as_cause(error: Exception) -> errors.ProgImageError | None:
    for cause, make_problem in _BY_CAUSE.items():
        if isinstance(error, cause):
            return make_problem()
    return None


def _as_invalid(error: exceptions.ValidationError) -> errors.ParameterError:
    """Return the first error of a serializer, with a pointer to its field."""
    detail: Any = error.detail
    pointer = ""
    while isinstance(detail, dict | list) and detail:
        if isinstance(detail, dict):
            field = next(iter(detail))
            pointer = f"{pointer}/{field}"
            detail = detail[field]
        else:
            detail = detail[0]
    return errors.ParameterError(str(detail), pointer=pointer.removesuffix("/non_field_errors"))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem_response(as_problem(exception) or errors.ParameterError("The request is not well-formed"))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return bad_request(request, PermissionDenied())


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return find_redirect(request) or bad_request(request, Http404())


def server_error(request: HttpRequest) -> HttpResponse:
    """Return the response to an exception of a view that is not DRF's, such as the admin's.

    An unexpected exception is logged with the request's id. The client sees that id and no detail."""
    error = sys.exc_info()[1]
    problem = as_problem(error) if isinstance(error, Exception) else None
    if problem:
        return problem_response(problem)
    return problem_response(unexpected(error))


def unexpected(error: BaseException | None) -> errors.InternalError:
    """Log an exception that nobody expected, and return the error that the client is told about."""
    log.critical("unexpected error", exc_info=error)
    return errors.InternalError("An unexpected error occurred; the log has it under this request_id")
