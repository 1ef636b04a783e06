"""manage.py create_account and create_api_key: the rows that they make, and the arguments that they refuse."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.access.authentication import find_api_key
from accounts.keys import key_text
from accounts.models import Scope


class TestCommands:
    def test_account_and_key(self, db: None, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("create_account", "carol")
        capsys.readouterr()
        call_command("create_api_key", "carol", "--name", "shop", "--scope", "read", "--days", "3")
        text = capsys.readouterr().out.strip()
        parsed = key_text.parse_key(text)
        assert parsed is not None
        found = find_api_key(parsed)
        assert found is not None
        assert found.expires_at is not None
        assert (found.account.name, found.name, found.scopes) == ("carol", "shop", [Scope.READ])
        assert timedelta(days=2) < found.expires_at - timezone.now() < timedelta(days=3)

    @pytest.mark.parametrize(
        ("command", "sentence"),
        [
            (["create_account", "carol"], "already exists"),
            (["create_account", ""], "cannot be blank"),
            (["create_account", "x" * 101], "at most 100 characters"),
            (["create_api_key", "nobody"], "manage.py create_account 'nobody'"),
            (["create_api_key", "carol", "--days", "0"], "Expected 1 to 36500 for --days"),
            (["create_api_key", "carol", "--days", "99999999999"], "Expected 1 to 36500 for --days"),
            (["create_api_key", "carol", "--name", ""], "cannot be blank"),
        ],
    )
    def test_refusals(self, db: None, command: list[str], sentence: str) -> None:
        call_command("create_account", "carol")
        with pytest.raises(CommandError, match=sentence):
            call_command(*command)
