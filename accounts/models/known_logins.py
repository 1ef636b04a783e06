"""The addresses from which operators have logged in."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class KnownLogin(models.Model):
    """An address from which an operator has logged in: wrong passwords from elsewhere do not delay it.

    It stands in the database and not in the cache. A cache that lost it would let a stranger lock the
    operator out. The address itself is not stored, only a keyed hash of it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="known_logins")
    address_hmac = models.CharField(max_length=64)
    last_login_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "address_hmac"], name="known_login_once"),)

    def __str__(self) -> str:
        return f"{self.user} ({self.last_login_at:%Y-%m-%d})"
