from django.contrib import admin
from django.urls import include, path

from config.http import error_pages
from config.http.health import HealthView, ReadyView
from config.http.index import IndexView
from config.http.schema_view import DocsView, SchemaView

admin.site.site_header = "ProgImage"
admin.site.site_title = "ProgImage"
admin.site.index_title = "Operations"
admin.site.site_url = None  # hides the link "View site": there is no end-user site

urlpatterns = [
    path("", IndexView.as_view()),
    path("", include("images.api.urls")),
    path("healthz", HealthView.as_view()),
    path("readyz", ReadyView.as_view()),
    path("schema", SchemaView.as_view(), name="schema"),
    path("docs", DocsView.as_view()),
    path(error_pages.PATH, error_pages.ErrorsPageView.as_view()),
    path("admin/", admin.site.urls),
]
handler400 = "config.http.problems.bad_request"
handler403 = "config.http.problems.permission_denied"
handler404 = "config.http.problems.not_found"
handler500 = "config.http.problems.server_error"
