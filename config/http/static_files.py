"""The files of the admin and of the API's page. A refusal is a problem, as everywhere else."""

import re
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]

from progimage.errors import MethodNotAllowed, RangeNotSatisfiable

from .problems import problem_response


class StaticFiles(WhiteNoiseMiddleware):
    """WhiteNoise, whose own refusals are streams without a length."""

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = WhiteNoiseMiddleware.serve(static_file, request)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            refusal = problem_response(
                MethodNotAllowed(f"Expected one of {response['Allow']} here but received {request.method}")
            )
            refusal["Allow"] = response["Allow"]
            return refusal
        if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            size = int(re.sub("[^0-9]", "", response["Content-Range"]))
            return problem_response(
                RangeNotSatisfiable(f"Expected a range within the {size} bytes of the file", size=size)
            )
        return response
