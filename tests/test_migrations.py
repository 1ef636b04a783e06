"""Migrations and models say the same."""

import pytest
from django.core.management import call_command


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    """The command ends the process with status 1 if one is."""
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
