from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0008_nfc_tags_and_exact_floats"),
    ]

    operations = [
        migrations.AddField(
            model_name="rendition",
            name="failure_pointer",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                help_text="JSON pointer into the transform, to the parameter that the failure is about",
            ),
        ),
    ]
