"""The admin pages of images, for operators to look at, delete and restore them."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.urls.resolvers import URLPattern
from django.utils.formats import date_format
from django.utils.html import format_html

from images.delivery.delivery_options import DeliveryOptions
from images.delivery.responses import deliver_rendition
from images.models import Image
from images.renditions.preparing import prepare_recipe
from images.renditions.sources import Recipe
from images.services import deleting
from progimage.errors import NotFound
from progimage.operations import Output, Resize
from progimage.transform import Transform

from .read_only import SHA256_PATTERN, UUID_PATTERN, FormatFilter, ReadOnlyAdmin

_THUMBNAIL = Transform((Resize(width=160, height=120),), Output(format="webp"))


@admin.register(Image)
class ImageAdmin(ReadOnlyAdmin):
    list_display = ("thumbnail", "id", "account", "filename", "facts", "visibility", "state", "created_at")
    list_display_links = ("thumbnail", "id")
    list_filter = (
        "state",
        ("missing_at", admin.EmptyFieldListFilter),
        "visibility",
        FormatFilter,
        "account",
    )
    list_select_related = ("account",)
    exact_searches: ClassVar = {UUID_PATTERN: "pk", SHA256_PATTERN: "sha256"}
    search_fields = ("filename",)
    search_help_text = "Search by an id, a sha256, or a part of a file name."
    readonly_fields = (
        "thumbnail",
        "tag_list",
        "is_hdr",
        "color_space",
        "parent",
        "transform",
        "created_at",
        "deleted_at",
        "restorable_until",
        "missing_at",
    )
    actions = ("delete_images", "restore_images", "purge_images", "purge_renditions")

    def has_dispose_permission(self, request: HttpRequest) -> bool:
        """Return whether the operator may run the actions below."""
        return request.user.has_perm("images.delete_image")

    @admin.action(description="Delete selected images", permissions=["dispose"])
    def delete_images(self, request: HttpRequest, images: QuerySet[Image]) -> TemplateResponse | None:
        if not _is_confirmed(request):
            return self._ask(
                request,
                images,
                title="Delete these images?",
                warning="No request finds them any more. They can be restored until the grace period ends.",
            )
        self._run_action(request, images, _delete, past_tense="Deleted")
        return None

    @admin.action(description="Restore selected images", permissions=["dispose"])
    def restore_images(self, request: HttpRequest, images: QuerySet[Image]) -> None:
        self._run_action(request, images, _restore, past_tense="Restored")

    @admin.action(description="Purge selected images now", permissions=["dispose"])
    def purge_images(self, request: HttpRequest, images: QuerySet[Image]) -> TemplateResponse | None:
        if not _is_confirmed(request):
            return self._ask(
                request,
                images,
                title="Purge these images?",
                warning="Their bytes are removed at once. Nobody can restore them.",
            )
        self._run_action(request, images, _purge, past_tense="Purged")
        return None

    @admin.action(description="Purge renditions of selected images", permissions=["dispose"])
    def purge_renditions(self, request: HttpRequest, images: QuerySet[Image]) -> None:
        self._run_action(request, images, _purge_renditions, past_tense="Purged the renditions of")

    def _ask(
        self, request: HttpRequest, images: QuerySet[Image], *, title: str, warning: str
    ) -> TemplateResponse:
        """Return a page that asks the operator to confirm the action."""
        context = self.admin_site.each_context(request)
        context |= {
            "title": title,
            "opts": self.opts,
            "images": images[: self.list_per_page],
            "warning": warning,
            "action": request.POST["action"],
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/images/image/confirm.html", context)

    def _run_action(
        self,
        request: HttpRequest,
        images: QuerySet[Image],
        act: Callable[[Image], None],
        *,
        past_tense: str,
    ) -> None:
        """Apply `act` to at most a page of images, each by itself, and tell the operator the result.

        The bound lets the request end in time."""
        selected = images[: self.list_per_page]
        skipped = Counter[str]()
        for image in selected:
            try:
                act(image)
            except NotFound as error:
                skipped[error.message] += 1
        count = len(selected) - skipped.total()
        noun = "image" if count == 1 else "images"
        sentences = [f"{past_tense} {count} {noun}."]
        for reason, skipped_count in skipped.items():
            sentences.append(f"Skipped {skipped_count}: {reason}.")
        level = messages.WARNING if skipped else messages.SUCCESS
        self.message_user(request, " ".join(sentences), level)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.thumbnail_view, cacheable=True)
        thumbnail = path("<uuid:image_id>/thumbnail", view, name="image_thumbnail")
        return [thumbnail, *super().get_urls()]

    def thumbnail_view(self, request: HttpRequest, image_id: UUID) -> HttpResponseBase:
        """Deliver a thumbnail to the operator, whose session has no API key for the API's own URLs."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        image = Image.objects.ready().filter(pk=image_id).first()
        if image is None:
            raise Http404
        prepared = prepare_recipe(image, Recipe(_THUMBNAIL))
        options = DeliveryOptions(method=request.method or "", headers=request.headers)
        return deliver_rendition(prepared, options)

    @admin.display(description="original")
    def facts(self, image: Image) -> str:
        size = filesizeformat(image.size_bytes)
        return f"{image.format} {image.width} x {image.height}, {size}"

    @admin.display(description="tags")
    def tag_list(self, image: Image) -> str:
        return ", ".join(image.tag_names)

    @admin.display(description="may be restored until")
    def restorable_until(self, image: Image) -> str:
        if image.state != Image.State.DELETED or image.deleted_at is None:
            return "-"
        grace_period = timedelta(seconds=settings.DELETED_GRACE_S)
        return date_format(image.deleted_at + grace_period, "DATETIME_FORMAT")

    @admin.display(description="thumbnail")
    def thumbnail(self, image: Image) -> str:
        if image.state != Image.State.READY:
            return "-"
        url = reverse("admin:image_thumbnail", args=[image.pk])
        style = "max-width:160px;max-height:120px"
        return format_html('<img src="{}" alt="" loading="lazy" style="{}">', url, style)


def _is_confirmed(request: HttpRequest) -> bool:
    return "confirmed" in request.POST


def _delete(image: Image) -> None:
    deleting.delete(image.pk, account=image.account)


def _restore(image: Image) -> None:
    deleting.restore(image.pk)


def _purge(image: Image) -> None:
    deleting.delete(image.pk, account=image.account, purge=True)


def _purge_renditions(image: Image) -> None:
    deleting.purge_renditions(image.pk, account=image.account)
