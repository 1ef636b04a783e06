"""Renditions know which version of the renderer made them. Those that exist have 0, which is earlier than all."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0011_color_space"),
    ]

    operations = [
        migrations.AddField(
            model_name="rendition",
            name="render_version",
            field=models.PositiveSmallIntegerField(
                db_default=0,
                default=0,
                help_text="RENDER_VERSION of the server that made it; 0 if it is from before this was recorded",
            ),
        ),
    ]
