"""docker-compose.yml and .env.example: every setting gets through, and no process shows a password in its arguments."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.granian_server import ROOT

COMPOSITION: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
EXAMPLE = (ROOT / ".env.example").read_text()
MADE_HERE = {
    "DATABASE_URL",
    "VALKEY_URL",
    "S3_BUCKET",
    "S3_ENDPOINT_URL",
    "S3_REGION",
    "S3_ACCESS_KEY_ID",
}
"""The composition itself makes these, for its own services."""
NOT_HERE = {"DEBUG", "STORAGE_ROOT"}
"""DEBUG is for development, STORAGE_ROOT stands in place of S3_BUCKET."""


def settings() -> set[str]:
    code = (ROOT / "config" / "settings.py").read_text()
    return set(re.findall(r'env\.\w+\(\s*"([A-Z][A-Z0-9_]+)"', code))


def test_every_setting_gets_through() -> None:
    passed = set(COMPOSITION["x-app"]["environment"])
    assert settings() - NOT_HERE == passed


def test_every_setting_is_in_the_example() -> None:
    named = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", EXAMPLE, re.MULTILINE))
    assert settings() - NOT_HERE - MADE_HERE - named == set()
    variables = set(re.findall(r"\$\{([A-Z0-9_]+)", (ROOT / "docker-compose.yml").read_text()))
    assert variables - named == set()
    assert named - settings() - variables == set()


def test_override_of_the_guide_reaches_every_service_of_the_image() -> None:
    guide = (ROOT / "docs" / "deploying.md").read_text()
    (example,) = re.findall(r"^      x-own-s3: .*?^      services: .*?$", guide, re.MULTILINE | re.DOTALL)
    override = yaml.safe_load(example)
    image = COMPOSITION["x-app"]["image"]
    own = {name for name, service in COMPOSITION["services"].items() if service["image"] == image}
    assert set(override["services"]) == own
    for service in override["services"].values():
        assert set(service["environment"]) <= set(COMPOSITION["x-app"]["environment"])
        assert any(not (COMPOSITION["networks"][name] or {}).get("internal") for name in service["networks"])


CHECKS = {
    name: service["healthcheck"]["test"]
    for name, service in COMPOSITION["services"].items()
    if service.get("healthcheck", {}).get("test", [""])[0] == "CMD-SHELL"
}


@pytest.mark.parametrize("name", CHECKS)
def test_health_checks_show_no_secret_to_other_users(name: str, tmp_path: Path) -> None:
    """Every user of the machine can read the arguments of a process."""
    # not Python, whose path may have a space, which no first line of a script can hold
    recorder = f"#!/bin/sh\nprintf '%s\\n' \"$0\" \"$@\" >> '{tmp_path}/arguments'\n"
    for program in ("celery", "valkey-cli", "weed", "find", "grep"):
        (tmp_path / program).write_text(recorder)
        (tmp_path / program).chmod(0o755)
    secrets = {
        "VALKEY_URL": "redis://:swordfish@valkey:6379/0",
        "VALKEY_PASSWORD": "swordfish",
        "HOSTNAME": "worker-1",
    }
    command = CHECKS[name][1].replace("$$", "$")
    assert "swordfish" not in json.dumps(command)
    subprocess.run(["/bin/sh", "-c", command], env=secrets | {"PATH": str(tmp_path)}, check=False)
    arguments = (tmp_path / "arguments").read_text()
    assert "swordfish" not in arguments


def test_health_check_of_the_worker_knows_its_broker() -> None:
    assert CHECKS["worker"][1].startswith('CELERY_BROKER_URL="$$VALKEY_URL" celery ')
    code = "from celery import Celery; print(Celery().conf.broker_url)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"CELERY_BROKER_URL": "redis://:swordfish@valkey:6379/0"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "redis://:swordfish@valkey:6379/0"


def test_bucket_is_made_after_the_tables() -> None:
    """Its marker names a row of the database."""
    assert COMPOSITION["services"]["bucket"]["depends_on"]["migrate"] == {
        "condition": "service_completed_successfully"
    }
