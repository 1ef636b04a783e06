"""Names of objects in storage. They are made of ids, keys and versions alone, so that no change moves one."""

from uuid import UUID

from transforms.formats.table import FORMATS


def original_name(image_id: UUID) -> str:
    """Return the name of an original. Its folder is the last two hex digits of the id.

    These digits are random in a UUID of version 7, so the names spread evenly over the folders."""
    return f"originals/{image_id.hex[-2:]}/{image_id}"


def rendition_name(image_id: UUID, cache_key: str, format: str) -> str:
    """Return the name of a rendition, below the folder of its image."""
    extension = FORMATS[format].extensions[0]
    return f"renditions/{image_id.hex[-2:]}/{image_id}/{cache_key}.{extension}"


def overview_name(image_id: UUID, version: int) -> str:
    """Return the name of the overview that an image has by this version of the recipe."""
    return f"overviews/{image_id.hex[-2:]}/{image_id}/v{version}.jpg"
