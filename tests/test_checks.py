"""System checks of the environment: all missing settings by name, at once, and Django's own checks of a deployment."""

import pytest

from tests.support.starts import CHECK, COMPLETE, SERVER, run

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("code", [SERVER, CHECK], ids=["server", "check"])
def test_every_missing_setting_is_named_at_once(code: list[str]) -> None:
    status, text = run(code)
    assert status == 1
    assert all(f"{name}: Environment variable not set." in text for name in COMPLETE)
    assert "Traceback" not in text


def test_half_a_pair_of_s3_keys() -> None:
    status, text = run(SERVER, **COMPLETE | {"S3_BUCKET": "b", "S3_ACCESS_KEY_ID": "x"})
    assert (status, text) == (1, "S3_SECRET_ACCESS_KEY: Environment variable not set.\n")


def test_deploy_checks_are_clean() -> None:
    """AD-2."""
    secure = COMPLETE | {
        "PUBLIC_URL": "https://images.example.com",
        "ALLOWED_HOSTS": "images.example.com",
        "SECRET_KEY": "kJ8s0fLq2mNv4bXc6zAw1eRt3yUi5oPa7sDf9gHj_klZxCvBnM-qWe",
    }
    status, text = run(["manage.py", "check", "--deploy", "--fail-level", "WARNING"], **secure)
    assert (status, text) == (0, "System check identified no issues (2 silenced).\n")
