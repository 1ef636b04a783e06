"""The argument --account of commands that may look at the images of one account alone."""

from django.core.management.base import CommandError

from accounts.models import Account


def get_account(name: str | None) -> Account | None:
    """Return the account with this name, or None for no name. Raise CommandError if no account has it."""
    if name is None:
        return None
    account = Account.objects.filter(name=name).first()
    if account is None:
        raise CommandError(f"Expected the name of an account but received {name!r}", returncode=2)
    return account
