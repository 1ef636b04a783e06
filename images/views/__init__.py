"""Parse, call one service, answer."""

from .archive import ArchiveView
from .collection import ImagesView
from .renditions import RenditionsView
from .single import ImageView, MetadataView, RenditionView
from .upload_urls import UploadUrlsView, UploadUrlView

__all__ = [
    "ArchiveView",
    "ImageView",
    "ImagesView",
    "MetadataView",
    "RenditionView",
    "RenditionsView",
    "UploadUrlView",
    "UploadUrlsView",
]
