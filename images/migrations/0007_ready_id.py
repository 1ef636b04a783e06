"""The order of lists: by when an image became ready. Until now it was the order of the ids."""

import django.utils.timezone
from django.db import migrations, models
from django.db.models import F, Q

# Of images that exist nobody knows more than their ids say. Their order, and cursors that clients hold, stay right.
FILL = """
UPDATE images_image SET ready_id = id WHERE state <> 'pending';
UPDATE images_tag SET ready_id = image_id
FROM images_image WHERE images_image.id = image_id AND images_image.state <> 'pending';
"""
INDEXES = {
    "image_listed": (),
    "image_by_format": ("format",),
    "image_by_visibility": ("visibility",),
    "image_by_sha256": ("sha256",),
}


def index_of_ready(name, *columns):
    index = models.Index(
        F("account"), *map(F, columns), F("ready_id"), name=name, condition=Q(("state", "ready"))
    )
    return migrations.AddIndex(model_name="image", index=index)


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0006_help_texts"),
    ]

    operations = [
        *(migrations.RemoveIndex(model_name="image", name=name) for name in INDEXES),
        migrations.AlterField(
            model_name="image",
            name="created_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now, editable=False, help_text="when all its bytes were stored"
            ),
        ),
        migrations.AddField(
            model_name="image",
            name="ready_id",
            field=models.UUIDField(
                editable=False,
                help_text="a UUID of version 7 from the moment when it became ready: its place in lists",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="tag",
            name="ready_id",
            field=models.UUIDField(editable=False, help_text="that of the image", null=True),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="image",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "ready"), _negated=True) | models.Q(("ready_id__isnull", False)),
                name="image_ready_has_place",
            ),
        ),
        *(index_of_ready(name, *columns) for name, columns in INDEXES.items()),
        migrations.AddIndex(
            model_name="tag",
            index=models.Index(fields=["account", "name", "ready_id"], include=("image",), name="tag_listed"),
        ),
    ]
