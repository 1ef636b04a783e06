"""The admin, as an operator who has logged in."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.support import images as made

PNG = made.encoded("png")


@pytest.fixture
def operator(db: None, client: Client) -> Client:
    """Without a password, whose hash would take half a second."""
    client.force_login(User.objects.create_superuser("operator"))
    return client
