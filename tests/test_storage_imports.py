"""A process whose files are on disk does not import the client of S3."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_boto3_is_imported_only_with_the_class_that_needs_it(tmp_path: Path) -> None:
    code = (
        "import sys, django; django.setup(); import images.storage; print('botocore' in sys.modules);"
        "images.storage.S3ObjectStorage; print('botocore' in sys.modules)"
    )
    environment = os.environ | {"S3_BUCKET": "", "STORAGE_ROOT": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("False\nTrue\n", "")
