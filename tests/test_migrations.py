"""Migrations and models say the same."""

import pytest
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    """The command ends the process with status 1 if one is."""
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_each_migration_can_be_named() -> None:
    """`migrate images NAME` takes a name for its beginning, and finds none if another one begins with it."""
    names = sorted(MigrationLoader(None).disk_migrations)
    ambiguous = [
        (app, name)
        for app, name in names
        if any(app == other_app and other.startswith(f"{name}_") for other_app, other in names)
    ]
    assert ambiguous == []
