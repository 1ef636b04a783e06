"""Texts for people alone: no SQL."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_repository"),
    ]

    operations = [
        migrations.AlterField(
            model_name="account",
            name="is_active",
            field=models.BooleanField(
                default=True, help_text="The server refuses the API keys of an inactive account."
            ),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="expires_at",
            field=models.DateTimeField(
                blank=True, help_text="If empty, the key is valid until it is revoked.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="last_used_at",
            field=models.DateTimeField(
                blank=True, editable=False, help_text="Recorded at most once a minute.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="name",
            field=models.CharField(help_text="The application or person that uses this key.", max_length=100),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("read", "read: fetch images and metadata"),
                        ("write", "write: upload, change and delete"),
                        ("admin", "admin: manage the account as a whole"),
                    ],
                    max_length=10,
                ),
                size=None,
            ),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="signing_secret",
            field=models.TextField(
                blank=True, editable=False, help_text="The secret that signs URLs, encrypted."
            ),
        ),
        migrations.AlterField(
            model_name="idempotentrequest",
            name="fingerprint",
            field=models.CharField(
                help_text="The sha256 of method, path, fields and content.", max_length=64
            ),
        ),
        migrations.AlterField(
            model_name="idempotentrequest",
            name="ids",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.UUIDField(),
                help_text="Ids of the objects that the request creates, the same in every attempt.",
                size=None,
            ),
        ),
        migrations.AlterField(
            model_name="idempotentrequest",
            name="lease",
            field=models.UUIDField(help_text="The token of the attempt that works on the request."),
        ),
        migrations.AlterField(
            model_name="idempotentrequest",
            name="name",
            field=models.CharField(help_text="The value of the Idempotency-Key header.", max_length=255),
        ),
        migrations.AlterField(
            model_name="idempotentrequest",
            name="status",
            field=models.PositiveSmallIntegerField(
                help_text="The response's status. It is empty while the request is in progress.", null=True
            ),
        ),
    ]
