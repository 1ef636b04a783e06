"""Parse, call one service, answer."""

from .archive import ArchiveView
from .collection import ImagesView
from .operations import OperationsView
from .renditions import RenditionsView
from .single import ImageView, MetadataView, RenditionView
from .transforms import NoOperationView, PlanView, TransformsView, view_of
from .upload_urls import UploadUrlsView, UploadUrlView

__all__ = [
    "ArchiveView",
    "ImageView",
    "ImagesView",
    "MetadataView",
    "NoOperationView",
    "OperationsView",
    "PlanView",
    "RenditionView",
    "RenditionsView",
    "TransformsView",
    "UploadUrlView",
    "UploadUrlsView",
    "view_of",
]
