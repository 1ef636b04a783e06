import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0009_failure_pointer"),
    ]

    operations = [
        migrations.CreateModel(
            name="Installation",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("storage_id", models.UUIDField(default=uuid.uuid4, editable=False)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="installation_is_single")
                ],
            },
        ),
    ]
