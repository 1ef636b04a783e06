"""The marker: an object in the storage that names the installation to which the storage belongs.

A storage that is not mounted, misspelt or another installation's lacks it. Then no object counts as missing,
because its absence would only show that the storage is the wrong one."""

from functools import cache
from uuid import UUID

from images.models import Installation
from progimage.errors import Unavailable

MARKER = ".progimage-storage"
"""The name of the marker. Its content is the id of the installation.

An empty marker is one of an earlier version, or one that an operator made. It fits every installation."""
PROBES = ".progimage-probes"
"""The folder of the objects by which `create_storage` tries the storage. They are removed at once."""


@cache
def installation_id() -> UUID:
    """Return the id of this installation. Raise Unavailable if `create_storage` has never made one."""
    storage_id = Installation.objects.values_list("storage_id", flat=True).first()
    if storage_id is None:
        raise Unavailable("The storage has not been made: run manage.py create_storage", retry_after_s=5)
    return storage_id
