"""The row that tells this database from those of other installations."""

from uuid import uuid4

from django.db import models
from django.db.models import Q


class Installation(models.Model):
    """This installation: a single row. Its storage has a marker with the same id."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    storage_id = models.UUIDField(default=uuid4, editable=False)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(pk=1), name="installation_is_single"),)

    def __str__(self) -> str:
        return str(self.storage_id)
