"""The command line of manage.py: outages and wrong settings end a command with one sentence."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import Error

from images.database_failures import detail_of, explain, is_expected

from .checks import stop_if_wrong


def main() -> None:
    """Run the command. Exit with 1 and a sentence if Postgres cannot be used; --traceback shows where."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured:
        # Commands that check no settings before they connect, such as `migrate`, get here if one is wrong.
        stop_if_wrong()
        raise
    except Error as error:
        if "--traceback" in sys.argv or not is_expected(error):
            raise
        sys.exit(f"{explain(error)}. ({detail_of(error)})")
