"""The only writers of image rows. Views, the admin, commands, sweeps and tasks call these functions."""

from .changing import change
from .deleting import delete, finish_purge, purge_renditions, remove_derived, remove_renditions, restore
from .finding import find_image, find_own_image, find_successor
from .integrity import is_intact, is_stored, mark_back, mark_missing
from .storing import Description, finish, store
from .upload_urls import Terms, open_upload, uploading

__all__ = [
    "Description",
    "Terms",
    "change",
    "delete",
    "find_image",
    "find_own_image",
    "find_successor",
    "finish",
    "finish_purge",
    "is_intact",
    "is_stored",
    "mark_back",
    "mark_missing",
    "open_upload",
    "purge_renditions",
    "remove_derived",
    "remove_renditions",
    "restore",
    "store",
    "uploading",
]
