"""Renditions are found by image and cache key, so an index of the image alone is one to write for nothing."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("images", "0016_overviews")]

    operations = [
        migrations.AlterField(
            model_name="rendition",
            name="image",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="renditions",
                to="images.image",
            ),
        ),
    ]
