"""Tags in Unicode's form NFC. Those that become equal are one, at the place of the first."""

from django.db import migrations, models

import images.models.exact_json

# Some letters are longer in NFC, so a name is cut to the length of the column.
JOIN = """
DELETE FROM images_tag later USING images_tag earlier
WHERE later.image_id IN (SELECT image_id FROM images_tag WHERE name IS NOT NFC NORMALIZED)
    AND earlier.image_id = later.image_id AND earlier.id < later.id
    AND left(normalize(earlier.name, NFC), 64) = left(normalize(later.name, NFC), 64);
UPDATE images_tag SET name = left(normalize(name, NFC), 64) WHERE name IS NOT NFC NORMALIZED;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0007_ready_id"),
    ]

    operations = [
        migrations.RunSQL(JOIN, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="image",
            name="metadata",
            field=models.JSONField(blank=True, default=dict, encoder=images.models.exact_json.ExactFloats),
        ),
        migrations.AlterField(
            model_name="uploadurl",
            name="description",
            field=models.JSONField(
                encoder=images.models.exact_json.ExactFloats,
                help_text="filename, tags, metadata and visibility of the future image",
            ),
        ),
    ]
