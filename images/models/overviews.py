"""Overviews: reduced copies of large originals, from which renditions are decoded."""

from django.db import models
from django.db.models import Q

from transforms.planning.overview_recipe import find_overview_size

from .image_headers import header_of
from .images import Image
from .storage_names import overview_name


class Overview(models.Model):
    """The overview of an image, or the reason why it has none.

    The image's own row says as well whether its overview is ready, so that a request reads no other row."""

    class State(models.TextChoices):
        """The life of an overview.

        Waiting: a worker makes it when it has time. Making: a worker holds the lease. Ready: its bytes are
        stored. Refused: the image has none, and it is not tried again."""

        WAITING = "waiting", "waiting"
        MAKING = "making", "making"
        READY = "ready", "ready"
        REFUSED = "refused", "refused"

    image = models.OneToOneField(
        Image,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="overview",
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    version = models.PositiveSmallIntegerField(help_text="of the recipe by which it is made")
    lease = models.UUIDField(null=True, help_text="token of the worker that makes it")
    lease_until = models.DateTimeField(null=True, help_text="when another worker may take over")
    reason = models.TextField(blank=True, default="", help_text="why the image has none")
    width = models.PositiveIntegerField(null=True, help_text="px, upright")
    height = models.PositiveIntegerField(null=True, help_text="px, upright")
    size_bytes = models.PositiveBigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True, help_text="when it was first asked for")

    class Meta:
        ordering = ("pk",)
        indexes = (
            models.Index(
                fields=["created_at"],
                name="overview_unfinished",
                condition=Q(state__in=("waiting", "making")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.image_id} v{self.version}"

    @property
    def has_ended(self) -> bool:
        """Whether the overview is ready or refused."""
        return self.state in (Overview.State.READY, Overview.State.REFUSED)

    @property
    def storage_name(self) -> str:
        """Name of the object in storage, made of the image's id and the recipe's version."""
        return overview_name(self.image_id, self.version)


def can_have_overview(image: Image) -> bool:
    """Whether the image is large, and of a kind of which overviews are made."""
    return find_overview_size(header_of(image)) is not None
