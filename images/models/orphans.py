"""Objects in storage to which no row belongs."""

from django.db import models
from django.utils import timezone


class Orphan(models.Model):
    """An object in storage to which no row belonged at the last reconciliation.

    A later reconciliation that still finds it removes the object."""

    name = models.CharField(max_length=200, primary_key=True)
    first_seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
