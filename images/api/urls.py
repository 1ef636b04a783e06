from django.urls import path

from progimage.operations import operations

from . import views

urlpatterns = [
    path("images", views.ImagesView.as_view()),
    path("images/archive", views.ArchiveView.as_view()),
    path("images/<uuid:image_id>", views.ImageView.as_view()),
    path("images/<uuid:image_id>/renditions", views.RenditionsView.as_view()),
    path("images/<uuid:image_id>.json", views.MetadataView.as_view()),
    path("images/<uuid:image_id>.<str:extension>", views.RenditionView.as_view()),
    path("transforms", views.TransformsView.as_view()),
    path("transforms/plan", views.PlanView.as_view()),
    *(path(f"transforms/{name}", views.view_of(known).as_view()) for name, known in operations().items()),
    path("transforms/<str:name>", views.NoOperationView.as_view()),
    path("operations", views.OperationsView.as_view()),
    path("uploads", views.UploadUrlsView.as_view()),
    path("uploads/<uuid:upload_id>", views.UploadUrlView.as_view()),
]
