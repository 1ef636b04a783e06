"""The server held to its own OpenAPI by generated requests: no server error, no undocumented answer."""

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.wsgi import application
from tests.conftest import Api

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


# Of a whole transform this phase would make thousands of requests, each operation's parameters in turn.
WITHOUT_COVERAGE = [
    {"include-path": path, "phases": {"coverage": {"enabled": False}}}
    for path in ("/transforms", "/transforms/plan", "/transforms/{operation}")
]
schema = schemathesis.openapi.from_wsgi(
    "/schema",
    application,
    headers={"Host": "testserver"},
    config=schemathesis.Config.from_dict({"operations": WITHOUT_COVERAGE}),
)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@schema.parametrize()
@settings(
    max_examples=30,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
    ],
)
def test_generated_requests(case: schemathesis.Case, api: Api) -> None:
    # The client of WSGI asks for gzip, and does not unpack it.
    answer = case.call(headers={"Authorization": f"Bearer {api.key}", "Accept-Encoding": "identity"})
    case.validate_response(answer, checks=CHECKS)
