"""Images and their renditions, for operators to look at, delete and restore."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, ClassVar, cast
from uuid import UUID

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.urls.resolvers import URLPattern
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.html import format_html

from images import services
from images.delivery.options import DeliveryOptions
from images.delivery.responses import deliver_rendition
from images.models import Image, Rendition
from images.renditions.preparing import prepare_recipe
from images.renditions.sources import Recipe
from progimage.errors import NotFound
from progimage.operations import Output, Resize
from progimage.transform import Transform
from transforms.formats.table import FORMATS

_THUMBNAIL = Transform((Resize(width=160, height=120),), Output(format="webp"))
_UUID = "[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}"
_SHA256 = "[0-9a-f]{64}"
_MOST_LISTED = 5_000


class _ShortPaginator(Paginator):
    """Counts as many rows as anybody looks through: of millions it would read all for their number."""

    @cached_property
    def count(self) -> int:
        return cast("QuerySet[Any]", self.object_list)[:_MOST_LISTED].count()


class _ByFormat(admin.SimpleListFilter):
    """Django's own filter would read all rows for the formats that they have."""

    title = parameter_name = "format"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in FORMATS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(format=self.value()) if self.value() else queryset


class _LookOnly(admin.ModelAdmin):
    """Rows here describe bytes in storage: nothing is added, changed or deleted behind the services' back."""

    exact: ClassVar[Mapping[str, str]]
    """Patterns of what is searched for, and the column whose index has it."""
    list_per_page = 50
    paginator = _ShortPaginator
    show_full_result_count = False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip().lower()
        for pattern, name in self.exact.items():
            if re.fullmatch(pattern, term):
                return queryset.filter(**{name: term}), False
        return super().get_search_results(request, queryset, search_term)

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
    list_filter = ("state", ("missing_at", admin.EmptyFieldListFilter), "visibility", _ByFormat, "account")
    list_select_related = ("account",)
    exact: ClassVar = {_UUID: "pk", _SHA256: "sha256"}
    search_fields = ("filename",)
    search_help_text = "An id, a sha256, or part of a file name."
    readonly_fields = (
        "thumbnail",
        "tag_list",
        "parent",
        "transform",
        "created_at",
        "deleted_at",
        "restorable_until",
        "missing_at",
    )
    actions = ("delete_images", "restore_images", "purge_images", "purge_renditions")

    def has_dispose_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("images.delete_image")

    @admin.action(description="Delete selected images", permissions=["dispose"])
    def delete_images(self, request: HttpRequest, images: QuerySet[Image]) -> TemplateResponse | None:
        if "confirmed" not in request.POST:
            warning = "They are not found from now on. They may be restored while the grace period lasts."
            return self._ask(request, images, warning)
        self._do(request, images, "Deleted", _delete)
        return None

    @admin.action(description="Restore selected images", permissions=["dispose"])
    def restore_images(self, request: HttpRequest, images: QuerySet[Image]) -> None:
        self._do(request, images, "Restored", lambda image: services.restore(image.pk))

    @admin.action(description="Purge selected images now", permissions=["dispose"])
    def purge_images(self, request: HttpRequest, images: QuerySet[Image]) -> TemplateResponse | None:
        if "confirmed" not in request.POST:
            return self._ask(request, images, "Their bytes are removed now. Nobody can restore them.")
        self._do(request, images, "Purged", _purge)
        return None

    @admin.action(description="Purge renditions of selected images", permissions=["dispose"])
    def purge_renditions(self, request: HttpRequest, images: QuerySet[Image]) -> None:
        self._do(request, images, "Purged the renditions of", _purge_renditions)

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

    def _do(
        self, request: HttpRequest, images: QuerySet[Image], done: str, act: Callable[[Image], None]
    ) -> None:
        """A page at a time: each image is a change of its own, and a request must end."""
        chosen, skipped = images[: self.list_per_page], Counter[str]()
        for image in chosen:
            try:
                act(image)
            except NotFound as error:
                skipped[error.message] += 1
        count = len(chosen) - skipped.total()
        told = [f"{done} {count} image{'' if count == 1 else 's'}."]
        told += [f"Skipped {number}: {reason}." for reason, number in skipped.items()]
        self.message_user(request, " ".join(told), messages.WARNING if skipped else messages.SUCCESS)

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
        prepared = prepare_recipe(image, Recipe(_THUMBNAIL))
        options = DeliveryOptions(method=request.method or "", headers=request.headers)
        return deliver_rendition(prepared, image, options)

    @admin.display(description="original")
    def facts(self, image: Image) -> str:
        return f"{image.format} {image.width} x {image.height}, {filesizeformat(image.size_bytes)}"

    @admin.display(description="tags")
    def tag_list(self, image: Image) -> str:
        return ", ".join(image.tag_names)

    @admin.display(description="may be restored until")
    def restorable_until(self, image: Image) -> str:
        if image.state != Image.State.DELETED or image.deleted_at is None:
            return "-"
        return date_format(image.deleted_at + timedelta(seconds=settings.DELETED_GRACE_S), "DATETIME_FORMAT")

    @admin.display(description="thumbnail")
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


def _purge_renditions(image: Image) -> None:
    services.purge_renditions(image.pk, account=image.account)


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
    list_filter = ("state", _ByFormat)
    exact: ClassVar = {_UUID: "image", _SHA256: "cache_key"}
    search_fields = ("=cache_key",)
    search_help_text = "An image's id, or a cache key."
