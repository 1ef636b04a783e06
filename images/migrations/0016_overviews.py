"""Overviews of large originals, and the columns by which a request knows that one is ready.

An overview that is no longer there changes answers, so web servers are told of it: see 0015. One that comes to be
is not told: the renditions that it supersedes are removed, and that is told."""

import django.db.models.deletion
from django.db import migrations, models

STATES = [("waiting", "waiting"), ("making", "making"), ("ready", "ready"), ("refused", "refused")]

OVERVIEWS = """
CREATE TRIGGER tell_overview_gone AFTER UPDATE OF overview_version ON images_image
FOR EACH ROW WHEN (OLD.overview_version > 0 AND OLD.overview_version IS DISTINCT FROM NEW.overview_version)
EXECUTE FUNCTION progimage_image_changed();
"""
NO_OVERVIEWS = "DROP TRIGGER tell_overview_gone ON images_image;"


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0015_tell_of_changes"),
    ]

    operations = [
        migrations.AddField(
            model_name="image",
            name="overview_version",
            field=models.PositiveSmallIntegerField(
                editable=False,
                help_text="of the recipe of its overview, which is ready; 0 if it has none; empty if not known",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="image",
            name="overview_bytes",
            field=models.PositiveIntegerField(editable=False, help_text="size of its overview", null=True),
        ),
        migrations.CreateModel(
            name="Overview",
            fields=[
                (
                    "image",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="overview",
                        serialize=False,
                        to="images.image",
                    ),
                ),
                ("state", models.CharField(choices=STATES, default="waiting", max_length=10)),
                (
                    "version",
                    models.PositiveSmallIntegerField(help_text="of the recipe by which it is made"),
                ),
                ("lease", models.UUIDField(help_text="token of the worker that makes it", null=True)),
                (
                    "lease_until",
                    models.DateTimeField(help_text="when another worker may take over", null=True),
                ),
                ("reason", models.TextField(blank=True, default="", help_text="why the image has none")),
                ("width", models.PositiveIntegerField(help_text="px, upright", null=True)),
                ("height", models.PositiveIntegerField(help_text="px, upright", null=True)),
                ("size_bytes", models.PositiveBigIntegerField(null=True)),
                ("sha256", models.CharField(blank=True, default="", max_length=64)),
                (
                    "created_at",
                    models.DateTimeField(auto_now_add=True, help_text="when it was first asked for"),
                ),
            ],
            options={
                "ordering": ("pk",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ("waiting", "making"))),
                        fields=["created_at"],
                        name="overview_unfinished",
                    )
                ],
            },
        ),
        migrations.RunSQL(OVERVIEWS, NO_OVERVIEWS),
    ]
