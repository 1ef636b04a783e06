import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0003_listing"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="image",
            index=django.contrib.postgres.indexes.HashIndex(fields=["sha256"], name="image_sha256"),
        ),
    ]
