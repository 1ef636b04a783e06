"""An index by which the sweep finds renditions of earlier versions. Requests go on while it is made."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

# A migration that was broken off leaves an index that is not valid, and whose name is taken.
REMOVE_INVALID = "DROP INDEX CONCURRENTLY IF EXISTS rendition_by_version"


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("images", "0012_render_version"),
    ]

    operations = [
        migrations.RunSQL(REMOVE_INVALID, migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="rendition",
            index=models.Index(
                fields=["render_version", "id"],
                name="rendition_by_version",
                condition=models.Q(("state", "ready")),
            ),
        ),
    ]
