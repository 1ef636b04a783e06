"""Objects in storage that no row knows."""

from django.db import models
from django.utils import timezone


class Orphan(models.Model):
    """An object in storage that no row knew when it was last looked for. Two sightings make it waste."""

    name = models.CharField(max_length=200, primary_key=True)
    first_seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
