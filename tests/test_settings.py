"""A wrong setting stops the start with a sentence that names it."""

import ast
from itertools import groupby

import pytest

from tests.support.starts import CHECK, COMPLETE, SERVER, run

WRONG = [
    ("SECRET_KEY", "short"),
    ("DATABASE_URL", "mysql://x/y"),
    ("VALKEY_URL", "localhost:6379"),
    ("PUBLIC_URL", "images.example.com"),
    ("PUBLIC_URL", "https://example.com/images"),
    ("DATABASE_URL", "postgres://one:5432,two:x/name"),
    ("VALKEY_URL", "rediss://h/0?retry_on_timeout=1"),
    ("MAX_UPLOAD_BYTES", "25MB"),
    ("MAX_IMAGE_PIXELS", "200000000"),
    ("RENDER_TIMEOUT_S", "0"),
    ("DEBUG", "perhaps"),
    ("LOG_LEVEL", "info"),
    ("DATABASE_URL", "postgres://u:p@h:notaport/x"),
    ("VALKEY_URL", "redis://h:nope/0"),
    ("STORAGE_ROOT", "relative"),
    ("ALLOWED_HOSTS", ""),
    ("RENDER_PROCESSES", "0"),
    ("RENDER_SPARE_PROCESSES", "-1"),
    ("TEMP_DIR", "/nowhere"),
    ("FETCH_PORTS", "http"),
    ("FETCH_PORTS", "80,0"),
    ("IGNORED_PARAMETERS", "utm_*,a b"),
    ("FETCH_ALLOWED_NETWORKS", "10.0.0.1/8"),
    ("FETCH_DENIED_NETWORKS", "10.0.0.0/8,private"),
    ("TRUSTED_PROXIES", "10.0.0.1/8"),
    ("TRUSTED_PROXIES", "localhost"),
]


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """Start the server with all wrong values, and return the lines that it prints.

    A variable has one value in a start: the second value of a variable takes part in a second start. A start that
    names all variables at once and prints no traceback costs two seconds; 21 starts would take a minute."""
    printed: list[str] = []
    ordered = sorted(WRONG, key=lambda setting: setting[0])
    values = {name: [value for _, value in group] for name, group in groupby(ordered, lambda it: it[0])}
    for turn in range(max(map(len, values.values()))):
        wrong = {name: given[turn] for name, given in values.items() if turn < len(given)}
        status, text = run(SERVER, **COMPLETE | wrong)
        assert status == 1
        assert "Traceback" not in text
        assert text.count("\n") == len(wrong)
        printed += text.splitlines()
    return printed


@pytest.mark.slow
@pytest.mark.parametrize("code", [SERVER, CHECK], ids=["server", "check"])
def test_complete_environment(code: list[str]) -> None:
    assert run(code, **COMPLETE)[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize(("name", "value"), WRONG)
def test_wrong_setting_is_named(name: str, value: str, lines: list[str]) -> None:
    named = [line for line in lines if line.startswith(f"{name}: ")]
    assert len(named) == [wrong_name for wrong_name, _ in WRONG].count(name)


def test_empty_endpoint_and_region_are_the_defaults() -> None:
    """An override of docker-compose.yml can empty a variable, but not remove it."""
    code = "from django.conf import settings; print(settings.STORAGES['originals']['OPTIONS'])"
    empty = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "S3_BUCKET": "b",
        "S3_ENDPOINT_URL": "",
        "S3_REGION": "",
    }
    status, text = run(["-c", code], **COMPLETE | empty)
    assert status == 0
    options = ast.literal_eval(text)
    assert (options["endpoint_url"], options["region_name"]) == (None, None)
