"""Requests with an Idempotency-Key, and the responses to them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from .accounts import Account


class IdempotentRequest(models.Model):
    """A request with an Idempotency-Key: its response, or the lease of the attempt that works on it."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="idempotent_requests")
    name = models.CharField(max_length=255, help_text="The value of the Idempotency-Key header.")
    fingerprint = models.CharField(max_length=64, help_text="The sha256 of method, path, fields and content.")
    ids = ArrayField(
        models.UUIDField(),
        help_text="Ids of the objects that the request creates, the same in every attempt.",
    )
    lease = models.UUIDField(help_text="The token of the attempt that works on the request.")
    locked_until = models.DateTimeField()
    status = models.PositiveSmallIntegerField(
        null=True, help_text="The response's status. It is empty while the request is in progress."
    )
    answer = models.JSONField(null=True)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["account", "name"], name="idempotent_once"),)
        indexes = (models.Index(fields=["expires_at"], name="idempotent_expiry"),)

    def __str__(self) -> str:
        return self.name
