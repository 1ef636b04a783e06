"""The only writers of rows. Here stand the functions of the API, the admin and commands.

Sweeps, reconciliation and the renderer import theirs from the modules of this package."""

from .changing import change
from .deleting import delete, finish_purge, purge_renditions, remove_derived, remove_renditions, restore
from .finding import (
    check_own_images,
    find_own_image,
    find_successor,
    get_own_image,
    get_visible_image,
)
from .integrity import is_intact, is_stored, mark_back, mark_missing
from .storing import Description, finish, store
from .upload_urls import Terms, open_upload, uploading

__all__ = [
    "Description",
    "Terms",
    "change",
    "check_own_images",
    "delete",
    "find_own_image",
    "find_successor",
    "finish",
    "finish_purge",
    "get_own_image",
    "get_visible_image",
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
