"""Parse, call one service, answer."""

from images.api.views.archive import ArchiveView
from images.api.views.collection import ImagesView
from images.api.views.operations import OperationsView
from images.api.views.renditions import RenditionsView
from images.api.views.single import ImageView, MetadataView, RenditionView
from images.api.views.transforms import NoOperationView, PlanView, TransformsView, view_of
from images.api.views.upload_urls import UploadUrlsView, UploadUrlView

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
