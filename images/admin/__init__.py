"""The admin of images and renditions. Django finds it by the name of this package."""

from . import images, renditions

__all__ = ["images", "renditions"]
