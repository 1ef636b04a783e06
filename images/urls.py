from django.urls import path

from . import views

urlpatterns = [
    path("images", views.ImagesView.as_view()),
    path("images/<uuid:image_id>", views.ImageView.as_view()),
    path("images/<uuid:image_id>.json", views.MetadataView.as_view()),
    path("images/<uuid:image_id>.<str:extension>", views.RenditionView.as_view()),
]
