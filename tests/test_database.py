"""The connection to the database, while a request has other work to wait for."""

import pytest
from django.db import connection

from accounts.models import Account
from images.remote.download import download
from tests.support.fetching import ACCOUNT, remote
from tests.support.remote_servers import (
    Remote,
)

__all__ = ["remote"]


@pytest.mark.django_db(transaction=True)
def test_no_database_connection_is_held(remote: Remote) -> None:
    Account.objects.count()
    assert connection.connection is not None
    with download(remote.url("/a.png"), account=ACCOUNT):
        assert connection.connection is None
