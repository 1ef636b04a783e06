"""An index by which the sweep finds waiting renditions. Requests go on while it is made."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

# A migration that was broken off leaves an index that is not valid, and whose name is taken.
REMOVE_INVALID = "DROP INDEX CONCURRENTLY IF EXISTS rendition_waiting"


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("images", "0014_waiting_renditions"),
    ]

    operations = [
        migrations.RunSQL(REMOVE_INVALID, migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="rendition",
            index=models.Index(
                fields=["asked_by", "due_at"],
                name="rendition_waiting",
                condition=models.Q(("state", "waiting")),
            ),
        ),
    ]
