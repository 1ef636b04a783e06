"""Images and their renditions, for operators to look at."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.template.defaultfilters import filesizeformat
from django.urls import path, reverse
from django.urls.resolvers import URLPattern
from django.utils.html import format_html

from progimage.operations import Output, Resize, Transform

from .delivery import Asked, deliver_rendition
from .models import Image, Rendition

_THUMBNAIL = Transform((Resize(width=160, height=120),), Output(format="webp"))


class _LookOnly(admin.ModelAdmin):
    """Rows here describe bytes in storage: nothing is added, changed or deleted behind the services' back."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Image)
class ImageAdmin(_LookOnly):
    list_display = ("thumbnail", "id", "account", "filename", "facts", "visibility", "state", "created_at")
    list_display_links = ("thumbnail", "id")
    list_filter = ("state", "visibility", "format", "account")
    list_select_related = ("account",)
    list_per_page = 50
    search_fields = ("=id", "filename", "=sha256")
    readonly_fields = ("thumbnail",)
    show_full_result_count = False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.thumbnail_view, cacheable=True)
        return [path("<uuid:image_id>/thumbnail", view, name="image_thumbnail"), *super().get_urls()]

    def thumbnail_view(self, request: HttpRequest, image_id: UUID) -> HttpResponseBase:
        """The operator's session has no API key, so the admin delivers thumbnails itself."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        image = Image.objects.filter(pk=image_id, state=Image.State.READY).first()
        if image is None:
            raise Http404
        return deliver_rendition(request, image, _THUMBNAIL, Asked())

    @admin.display(description="original")
    def facts(self, image: Image) -> str:
        return f"{image.format} {image.width} x {image.height}, {filesizeformat(image.size_bytes)}"

    @admin.display(description="")
    def thumbnail(self, image: Image) -> str:
        if image.state != Image.State.READY:
            return ""
        url = reverse("admin:image_thumbnail", args=[image.pk])
        style = "max-width:160px;max-height:120px"
        return format_html('<img src="{}" alt="" loading="lazy" style="{}">', url, style)


@admin.register(Rendition)
class RenditionAdmin(_LookOnly):
    list_display = ("cache_key", "image", "format", "width", "height", "size_bytes", "state", "created_at")
    list_filter = ("state", "format")
    list_per_page = 50
    search_fields = ("=image__id", "=cache_key")
    show_full_result_count = False
