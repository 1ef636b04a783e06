"""New help texts. They are part of the models alone: no table changes."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0005_transforms"),
    ]

    operations = [
        migrations.AlterField(
            model_name="image",
            name="focal_x",
            field=models.FloatField(
                blank=True,
                help_text="from 0, the left edge, to 1, the right edge of the upright image",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="image",
            name="focal_y",
            field=models.FloatField(
                blank=True,
                help_text="from 0, the top edge, to 1, the bottom edge of the upright image",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="image",
            name="height",
            field=models.PositiveIntegerField(help_text="px as stored"),
        ),
        migrations.AlterField(
            model_name="image",
            name="missing_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="when its bytes were first found to be missing from storage",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="image",
            name="parent",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                help_text="the image to which the transform was applied, if that image was stored",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="images.image",
            ),
        ),
        migrations.AlterField(
            model_name="image",
            name="transform",
            field=models.JSONField(
                editable=False,
                help_text="all defaults written out; empty if the image was uploaded",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="image",
            name="width",
            field=models.PositiveIntegerField(
                help_text="px as stored; an orientation from 5 to 8 swaps width and height on display"
            ),
        ),
        migrations.AlterField(
            model_name="rendition",
            name="hits",
            field=models.PositiveBigIntegerField(default=0, help_text="number of times it was delivered"),
        ),
        migrations.AlterField(
            model_name="rendition",
            name="lease",
            field=models.UUIDField(help_text="token of the request that renders it", null=True),
        ),
        migrations.AlterField(
            model_name="rendition",
            name="lease_until",
            field=models.DateTimeField(help_text="when another request may take over or retry", null=True),
        ),
        migrations.AlterField(
            model_name="rendition",
            name="others",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.UUIDField(),
                default=list,
                help_text="ids of the other images that it shows",
                size=None,
            ),
        ),
        migrations.AlterField(
            model_name="uploadurl",
            name="description",
            field=models.JSONField(help_text="filename, tags, metadata and visibility of the future image"),
        ),
        migrations.AlterField(
            model_name="uploadurl",
            name="locked_until",
            field=models.DateTimeField(help_text="an upload under way holds the URL until then", null=True),
        ),
        migrations.AlterField(
            model_name="uploadurl",
            name="media_types",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40),
                help_text="media types that the URL accepts",
                size=None,
            ),
        ),
    ]
