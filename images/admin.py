"""Images and their renditions, for operators to look at, delete and restore."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.urls.resolvers import URLPattern
from django.utils.html import format_html

from progimage.errors import NotFound
from progimage.operations import Output, Resize, Transform

from . import services
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
    list_filter = ("state", ("missing_at", admin.EmptyFieldListFilter), "visibility", "format", "account")
    list_select_related = ("account",)
    list_per_page = 50
    search_fields = ("=id", "filename", "=sha256")
    readonly_fields = ("thumbnail",)
    show_full_result_count = False
    actions = ("delete_images", "restore_images", "purge_images", "purge_renditions")

    def has_dispose_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("images.delete_image")

    @admin.action(description="Delete selected images", permissions=["dispose"])
    def delete_images(self, request: HttpRequest, images: QuerySet[Image]) -> TemplateResponse | None:
        if "confirmed" not in request.POST:
            warning = "They are not found from now on. They may be restored while the grace period lasts."
            return self._ask(request, images, warning)
        self._do(request, images, _delete)
        return None

    @admin.action(description="Restore selected images", permissions=["dispose"])
    def restore_images(self, request: HttpRequest, images: QuerySet[Image]) -> None:
        self._do(request, images, lambda image: services.restore(image.pk))

    @admin.action(description="Purge selected images now", permissions=["dispose"])
    def purge_images(self, request: HttpRequest, images: QuerySet[Image]) -> TemplateResponse | None:
        if "confirmed" not in request.POST:
            return self._ask(request, images, "Their bytes are removed now. Nobody can restore them.")
        self._do(request, images, _purge)
        return None

    @admin.action(description="Purge renditions of selected images", permissions=["dispose"])
    def purge_renditions(self, request: HttpRequest, images: QuerySet[Image]) -> None:
        self._do(request, images, lambda image: services.purge_renditions(image.pk, account=image.account))

    def _ask(self, request: HttpRequest, images: QuerySet[Image], warning: str) -> TemplateResponse:
        context = self.admin_site.each_context(request) | {
            "title": "Are you sure?",
            "opts": self.opts,
            "images": images[: self.list_per_page],
            "warning": warning,
            "action": request.POST["action"],
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/images/image/confirm.html", context)

    def _do(self, request: HttpRequest, images: QuerySet[Image], act: Callable[[Image], None]) -> None:
        """A page at a time: each image is a change of its own, and a request must end."""
        chosen, done = images[: self.list_per_page], 0
        for image in chosen:
            with suppress(NotFound):
                act(image)
                done += 1
        self.message_user(
            request, f"Done for {done} of {len(chosen)} images; the state of others forbids it."
        )

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


def _delete(image: Image) -> None:
    services.delete(image.pk, account=image.account)


def _purge(image: Image) -> None:
    services.delete(image.pk, account=image.account, purge=True)


@admin.register(Rendition)
class RenditionAdmin(_LookOnly):
    list_display = (
        "cache_key",
        "image",
        "format",
        "width",
        "height",
        "size_bytes",
        "state",
        "hits",
        "last_accessed_at",
        "created_at",
    )
    list_filter = ("state", "format")
    list_per_page = 50
    search_fields = ("=image__id", "=cache_key")
    show_full_result_count = False
