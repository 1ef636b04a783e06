"""The admin pages of renditions, for operators to look at."""

from typing import ClassVar

from django.contrib import admin

from images.models import Rendition

from .read_only import SHA256_PATTERN, UUID_PATTERN, FormatFilter, ReadOnlyAdmin


@admin.register(Rendition)
class RenditionAdmin(ReadOnlyAdmin):
    list_display = (
        "cache_key",
        "image",
        "format",
        "width",
        "height",
        "size_bytes",
        "state",
        "render_version",
        "hits",
        "last_accessed_at",
        "created_at",
    )
    list_filter = ("state", FormatFilter)
    exact_searches: ClassVar = {UUID_PATTERN: "image", SHA256_PATTERN: "cache_key"}
    search_fields = ("=cache_key",)
    search_help_text = "Search by the id of an image, or by a cache key."
