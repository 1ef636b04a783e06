"""The admin pages of overviews, for operators to look at."""

from typing import ClassVar

from django.contrib import admin

from images.models import Overview

from .read_only import UUID_PATTERN, ReadOnlyAdmin


@admin.register(Overview)
class OverviewAdmin(ReadOnlyAdmin):
    list_display = ("image", "state", "version", "width", "height", "size_bytes", "reason", "created_at")
    list_filter = ("state",)
    exact_searches: ClassVar = {UUID_PATTERN: "image"}
    search_fields = ("=reason",)
    search_help_text = "Search by the id of an image, or by the reason why it has none."
