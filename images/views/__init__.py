"""Parse, call one service, answer."""

from .collection import ImagesView
from .single import ImageView, MetadataView, RenditionView

__all__ = ["ImageView", "ImagesView", "MetadataView", "RenditionView"]
