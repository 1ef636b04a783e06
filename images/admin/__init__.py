"""The admin of images, overviews and renditions. Django finds it by the name of this package."""

from . import images, overviews, renditions

__all__ = ["images", "overviews", "renditions"]
