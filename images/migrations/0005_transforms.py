import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_repository"),
        ("images", "0004_sha256"),
    ]

    operations = [
        migrations.AddField(
            model_name="image",
            name="parent",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                help_text="the image that `transform` made this one of, where that was stored",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="images.image",
            ),
        ),
        migrations.AddField(
            model_name="image",
            name="transform",
            field=models.JSONField(
                editable=False, help_text="with all defaults; empty for an upload", null=True
            ),
        ),
        migrations.AddField(
            model_name="rendition",
            name="others",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.UUIDField(),
                default=list,
                help_text="images, beside its own, that it shows",
                size=None,
            ),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
                condition=models.Q(("parent__isnull", False)), fields=["parent"], name="image_parent"
            ),
        ),
        migrations.AddIndex(
            model_name="rendition",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("others", []), _negated=True),
                fastupdate=False,
                fields=["others"],
                name="rendition_others",
            ),
        ),
    ]
