"""Renditions may wait for workers, at the request of an account. No row waits yet."""

import django.db.models.deletion
from django.db import migrations, models

import images.models.exact_json


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_known_logins"),
        ("images", "0013_rendition_by_version"),
    ]

    operations = [
        migrations.AddField(
            model_name="rendition",
            name="asked_by",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                help_text="the account that asked for it ahead of its first visitor",
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="accounts.account",
            ),
        ),
        migrations.AddField(
            model_name="rendition",
            name="attempts",
            field=models.PositiveSmallIntegerField(
                db_default=0,
                default=0,
                help_text="number of times a worker began to make it",
            ),
        ),
        migrations.AddField(
            model_name="rendition",
            name="due_at",
            field=models.DateTimeField(
                help_text="when a waiting rendition is sent to the workers again",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="rendition",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "waiting"),
                    ("rendering", "rendering"),
                    ("ready", "ready"),
                    ("failed", "failed"),
                ],
                default="rendering",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="uploadurl",
            name="eager",
            field=models.JSONField(
                db_default=[],
                default=list,
                encoder=images.models.exact_json.ExactFloats,
                help_text="transforms of the renditions that are made ahead of their first visitor",
            ),
        ),
    ]
