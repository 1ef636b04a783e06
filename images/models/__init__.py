"""Database rows: images, tags, renditions, upload URLs, orphaned objects and the installation itself."""

from .exact_json import ExactFloats
from .images import MAX_FILENAME, UPRIGHT_HEIGHT, UPRIGHT_WIDTH, Image, Tag, Visibility, normalize_tag
from .installations import Installation
from .orphans import Orphan
from .renditions import Rendition
from .upload_urls import UploadUrl

__all__ = [
    "MAX_FILENAME",
    "UPRIGHT_HEIGHT",
    "UPRIGHT_WIDTH",
    "ExactFloats",
    "Image",
    "Installation",
    "Orphan",
    "Rendition",
    "Tag",
    "UploadUrl",
    "Visibility",
    "normalize_tag",
]
