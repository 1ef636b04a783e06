"""The admin of images and renditions. Django finds it by the name of this package."""

from . import images

__all__ = ["images"]
