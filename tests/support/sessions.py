"""Sessions of Postgres, made as the server makes them."""

from django.db import connection

from config.database_connection import Connection


def connect(**changes: str) -> Connection:
    """Connect as the server does, with other parameters."""
    known = connection.settings_dict
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    parameters = {name: known[key] for key, name in names.items() if known[key]}
    options = {name: value for name, value in known["OPTIONS"].items() if name != "pool"}
    return Connection.connect(**parameters | options | changes)
