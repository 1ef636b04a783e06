"""The views: each reads its request, calls a service and responds."""

from .archive import ArchiveView
from .collection import ImagesView
from .images import ImageView, MetadataView, RenditionView
from .operations import OperationsView
from .renditions import RenditionsView
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
