"""Every error leaves the server here, as application/problem+json (RFC 9457), and is never cacheable."""

import errno
import logging
import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from psycopg.errors import ReadOnlySqlTransaction
from psycopg_pool import PoolTimeout, TooManyRequests
from rest_framework import exceptions

from progimage import errors

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
    PermissionDenied: lambda: errors.PermissionDenied("This is not allowed"),
    RequestDataTooBig: lambda: errors.BodyTooLarge("Expected at most 1 MB of text fields in a form"),
    DataError: lambda: errors.ParameterError("A value cannot be stored: it is too large or holds NUL"),
    UnreadablePostError: lambda: errors.ParameterError("Expected the whole body but the connection ended"),
    SuspiciousOperation: lambda: errors.ParameterError("The request is not well-formed"),
    BadRequest: lambda: errors.ParameterError("The request is not well-formed"),
}
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_DATABASE_IS_AWAY = (OperationalError, InterfaceError, PoolTimeout, TooManyRequests)


def answer(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Answer an exception that left a DRF view. None passes an unexpected one on to `server_error`."""
    problem = as_problem(error)
    return problem_response(problem) if problem else None


def as_problem(error: Exception) -> errors.ProgImageError | None:
    """Return the error of the tree that `error` is for the caller; None where it is unexpected."""
    if isinstance(error, errors.ProgImageError):
        return error
    if isinstance(error, exceptions.ValidationError):
        return _invalid(error)
    if isinstance(error, exceptions.APIException):
        known = errors.InternalError if error.status_code >= 500 else errors.ParameterError
        return _BY_STATUS.get(error.status_code, known)(str(error.detail))
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        log.error("temporary folder cannot be written", exc_info=error)
        return errors.Unavailable("There is no room for temporary files", retry_after_s=5)
    # Postgres may be written to again when another server has taken over
    if isinstance(error, _DATABASE_IS_AWAY) or isinstance(error.__cause__, ReadOnlySqlTransaction):
        log.error("database unavailable", exc_info=error)
        return errors.Unavailable("The database does not answer", retry_after_s=2)
    return next((problem() for cause, problem in _BY_CAUSE.items() if isinstance(error, cause)), None)


def problem_response(error: errors.ProgImageError) -> HttpResponse:
    problem = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,  # as RFC 9457, section 4.2.1, has it for about:blank
        "status": error.status,
        "detail": error.message,
        "code": error.code,
        "request_id": structlog.contextvars.get_contextvars().get("request_id", ""),
    }
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return JsonResponse(
        problem | error.members(),
        status=error.status,
        content_type="application/problem+json",
        headers=headers | error.headers(),
    )


def _invalid(error: exceptions.ValidationError) -> errors.ParameterError:
    """The first of a serializer's complaints, with a pointer to its field."""
    detail: Any = error.detail
    pointer = ""
    while isinstance(detail, dict | list) and detail:
        if isinstance(detail, dict):
            step = next(iter(detail))
            pointer, detail = f"{pointer}/{step}", detail[step]
        else:
            detail = detail[0]
    return errors.ParameterError(str(detail), pointer=pointer.removesuffix("/non_field_errors"))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem_response(as_problem(exception) or errors.ParameterError("The request is not well-formed"))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return bad_request(request, PermissionDenied())


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return bad_request(request, Http404())


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer what left a view that is not DRF's, as the admin's are. What is unexpected goes to the log under
    the request's id, never to the caller."""
    error = sys.exc_info()[1]
    problem = as_problem(error) if isinstance(error, Exception) else None
    if problem:
        return problem_response(problem)
    log.critical("unexpected error", exc_info=True)  # noqa: LOG014 - Django calls this while it handles
    return problem_response(
        errors.InternalError("Something unexpected went wrong; the log knows the request_id")
    )
