"""Database rows: images, tags, overviews, renditions, upload URLs, orphaned objects and the installation."""

from .exact_json import ExactFloats
from .image_headers import color_space_of, facts_of, header_of
from .images import MAX_FILENAME, UPRIGHT_HEIGHT, UPRIGHT_WIDTH, Image, Visibility
from .installations import Installation
from .orphans import Orphan
from .overviews import Overview, can_have_overview
from .renditions import Rendition
from .tags import Tag, normalize_tag
from .upload_urls import UploadUrl

__all__ = [
    "MAX_FILENAME",
    "UPRIGHT_HEIGHT",
    "UPRIGHT_WIDTH",
    "ExactFloats",
    "Image",
    "Installation",
    "Orphan",
    "Overview",
    "Rendition",
    "Tag",
    "UploadUrl",
    "Visibility",
    "can_have_overview",
    "color_space_of",
    "facts_of",
    "header_of",
    "normalize_tag",
]
