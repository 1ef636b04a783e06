"""Fixtures: an account's client, storages of both kinds, a real server."""

import importlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import pytest
from django.core.files.storage import storages
from django.db import connection
from django.test import Client, TransactionTestCase
from PIL import Image
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]

from accounts import services
from accounts.access import authentication
from accounts.models import Account
from accounts.models.sql_rows import fetch_one
from images.delivery.change_listener import listener
from images.delivery.invalidation import changes
from images.fast_path.direct_pool import direct_pool
from images.services import hit_counts
from images.services.worker_messages import outbox
from images.storage import ObjectStorage, S3ObjectStorage, originals
from tests.support.servers import S3_MISSING_REASON, make_storage_root

EMPTY_TABLES = """
DO $$
DECLARE
    name text;
    has_rows boolean;
    filled text[] := '{}';
BEGIN
    FOR name IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = current_schema()
        AND tablename NOT IN ('django_migrations', 'django_content_type', 'auth_permission')
    LOOP
        EXECUTE 'SELECT EXISTS (SELECT FROM ' || name || ')' INTO has_rows;
        IF has_rows THEN
            filled := filled || name;
        END IF;
    END LOOP;
    IF filled <> '{}' THEN
        EXECUTE 'TRUNCATE ' || array_to_string(filled, ', ') || ' CASCADE';
    END IF;
END $$
"""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give each test that schemathesis makes an id of its own, with its operation in it.

    pytest 9 builds ids without the name's suffix. Of 18 tests with one id pytest-xdist runs a single one."""
    if label := getattr(item, "operation_label", None):
        item._id = item.id.with_params(label)


def skip_or_fail(reason: str) -> NoReturn:
    """Skip for want of a tool; in CI, which installs every tool, a skip is a failure."""
    if os.environ.get("PROGIMAGE_REQUIRE_TOOLS"):
        pytest.fail(f"PROGIMAGE_REQUIRE_TOOLS is set but: {reason}")
    pytest.skip(reason)


@dataclass
class Api:
    """An application that holds an API key. It reads every answer to its end, as clients do."""

    account: Account
    key: str
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def request(self, method: str, path: str, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        headers |= options.pop("headers", {})
        return read(self.client.generic(method, path, headers=headers, **options))

    def get(self, path: str, **headers: str) -> Any:
        return self.request("GET", path, headers=headers)

    def upload(self, content: bytes, *, media_type: str = "image/png", query: str = "") -> Any:
        return self.request("POST", f"/images{query}", data=content, content_type=media_type)

    def upload_form(self, **fields: Any) -> Any:
        return self.client.post("/images", fields, headers={"Authorization": f"Bearer {self.key}"})

    def stored(self, content: bytes, *, query: str = "") -> str:
        """Upload and return the new image's path."""
        answer = self.upload(content, query=query)
        assert answer.status_code == 201, answer.content
        return f"/images/{answer.json()['id']}"


def read(answer: Any) -> Any:
    """Read a streamed response to its end. Django's test client closes it only then.

    Every response of every endpoint (tests/test_matrix.py has all) says its length before its first byte: without
    it, a stream that fails half-way would end like a whole one."""
    assert max(map(len, answer.headers.values())) <= 2_000, "a proxy has 4 KB for all headers"
    is_bodiless = answer.status_code in (204, 304)
    assert ("Content-Length" in answer) != is_bodiless, answer.headers
    answer.body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer


def body(answer: Any) -> bytes:
    """The whole body of an answer that an Api received."""
    content: bytes = answer.body
    return content


def make_api(name: str, **options: Any) -> Api:
    account = services.create_account(name)
    return Api(account, str(services.create_api_key(account, name="tests", **options)[1]))


@pytest.fixture(autouse=True, scope="session")
def no_thread_writes_hits() -> Iterator[None]:
    """Tests write hits themselves, so that no thread touches the database between them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hit_counts._writer, "start", lambda work: False)
        yield


@pytest.fixture(autouse=True, scope="session")
def no_thread_sends_messages() -> Iterator[None]:
    """No worker hears of the rows of a test, which are gone when the test ends."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbox.sender, "start", lambda work: False)
        yield


@pytest.fixture(autouse=True)
def no_messages_of_other_tests() -> None:
    outbox.forget()


@pytest.fixture(autouse=True, scope="session")
def no_thread_listens() -> Iterator[None]:
    """Tests of whole WSGI applications start no listener: it would hold a connection to the tests' database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listener, "start", lambda: None)
        # config/wsgi.py may have been imported before, and has the real method then
        patch.setattr(changes, "on_first_use", None)
        yield


@pytest.fixture(autouse=True)
def no_connection_of_the_fast_path_stays() -> Iterator[None]:
    """A connection that stays would keep the tests' database from being removed."""
    yield
    direct_pool.close()


@pytest.fixture(autouse=True)
def no_hits_of_other_tests() -> None:
    """Forget the hits that earlier tests left unwritten, so that rows of this test never get them."""
    hit_counts._counts.clear()


@pytest.fixture(autouse=True)
def pillow_keeps_its_limit() -> Iterator[None]:
    """Give Pillow its own limit of pixels back: each opening of an image sets it for the whole process."""
    max_pixels = Image.MAX_IMAGE_PIXELS
    yield
    Image.MAX_IMAGE_PIXELS = max_pixels


@pytest.fixture(autouse=True, scope="session")
def one_session_of_boto3() -> Iterator[None]:
    """Storages share a session: it reads S3's description, which takes 0.3 s, once and not for every test."""
    create_session: Any = S3ObjectStorage._create_session
    sessions: dict[tuple[str, str], Any] = {}

    def shared(store: Any) -> Any:
        keys = (store.access_key, store.secret_key)
        return sessions.get(keys) or sessions.setdefault(keys, create_session(store))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(S3ObjectStorage, "_create_session", shared)
        yield


@pytest.fixture(autouse=True, scope="session")
def one_search_for_static_files() -> Iterator[None]:
    """Each client of Django's loads the middleware. WhiteNoise then looks at 170 static files, here only once."""
    search: Any = WhiteNoiseMiddleware.add_files_from_finders
    found: dict[str, Any] = {}

    def shared(middleware: Any) -> None:
        if not found:
            search(middleware)
            found.update(middleware.files)
        middleware.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", shared)
        yield


@pytest.fixture(autouse=True, scope="session")
def application_is_set_up() -> None:
    """Import config.wsgi before any test: its first import configures logging anew, and so drops handlers of tests.

    It has API keys found by connections of their own. Those would not see the rows of a test's transaction."""
    importlib.import_module("config.wsgi")
    authentication.find_keys_by(fetch_one)


@pytest.fixture(autouse=True, scope="session")
def rows_go_by_one_statement() -> Iterator[None]:
    """After a test with transactions, empty the tables that have rows.

    Django would truncate all tables, and insert every permission anew: that takes 0.1 s and more for each test."""

    def remove_rows(test_case: TransactionTestCase) -> None:
        with connection.cursor() as cursor:
            cursor.execute(EMPTY_TABLES)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", remove_rows)
        yield


@pytest.fixture
def api(db: None) -> Api:
    return make_api("alice")


@pytest.fixture
def other_api(db: None) -> Api:
    return make_api("bob")


@pytest.fixture
def anonymous(api: Api) -> Api:
    return Api(api.account, "")


@pytest.fixture(params=["s3", "disk"])
def storage(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> ObjectStorage:
    """The storage of originals and renditions: S3 first, disk second."""
    if request.param == "s3" and S3_MISSING_REASON:
        skip_or_fail(S3_MISSING_REASON)
    if request.param == "disk":
        use_disk(settings, tmp_path)
    return originals()


def use_disk(settings: Any, folder: Path) -> None:
    make_storage_root(folder)
    disk = {"BACKEND": "images.storage.DiskObjectStorage", "OPTIONS": {"location": folder}}
    settings.STORAGES = settings.STORAGES | {"originals": disk, "renditions": disk}
    assert getattr(storages["originals"], "location", None) == str(folder)
