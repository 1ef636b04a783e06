"""The only writers of images: views, admin, commands and tasks call these."""

from .changing import change
from .deleting import delete, finish_purge, purge_renditions, remove_derived, remove_renditions, restore
from .finding import find_image, find_own_image, find_successor
from .integrity import is_intact, is_stored, report_back, report_missing
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
    "open_upload",
    "purge_renditions",
    "remove_derived",
    "remove_renditions",
    "report_back",
    "report_missing",
    "restore",
    "store",
    "uploading",
]
