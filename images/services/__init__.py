"""The only writers of images: views, admin, commands and tasks call these."""

from .finding import find_image, find_own_image, find_successor
from .storing import Description, store

__all__ = ["Description", "find_image", "find_own_image", "find_successor", "store"]
