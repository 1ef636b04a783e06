from django.urls import path

from .views.archive import ArchiveView
from .views.collection import ImagesView
from .views.images import ImageView, MetadataView, RenditionView
from .views.operations import OperationsView
from .views.renditions import RenditionsView
from .views.transforms import OperationView, PlanView, TransformsView
from .views.upload_urls import UploadUrlsView, UploadUrlView

urlpatterns = [
    path("images", ImagesView.as_view()),
    path("images/archive", ArchiveView.as_view()),
    path("images/<uuid:image_id>", ImageView.as_view()),
    path("images/<uuid:image_id>/renditions", RenditionsView.as_view()),
    path("images/<uuid:image_id>.json", MetadataView.as_view()),
    path("images/<uuid:image_id>.<str:extension>", RenditionView.as_view()),
    path("transforms", TransformsView.as_view()),
    path("transforms/plan", PlanView.as_view()),
    path("transforms/<str:operation>", OperationView.as_view()),
    path("operations", OperationsView.as_view()),
    path("uploads", UploadUrlsView.as_view()),
    path("uploads/<uuid:upload_id>", UploadUrlView.as_view()),
]
