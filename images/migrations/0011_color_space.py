"""Facts about colours. Images that exist have none until `manage.py read_headers` has read their bytes again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0010_installation"),
    ]

    operations = [
        migrations.AddField(
            model_name="image",
            name="is_hdr",
            field=models.BooleanField(
                editable=False,
                help_text="whether it has light beyond the white of a page; empty until read_headers has read it",
                null=True,
                verbose_name="HDR",
            ),
        ),
        migrations.AddField(
            model_name="image",
            name="color_space",
            field=models.JSONField(
                editable=False,
                help_text="transfer, primaries, bit_depth, profile_name; empty until read_headers has read it",
                null=True,
            ),
        ),
    ]
