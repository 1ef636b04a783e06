"""An original that storage has lost is reported, and is served again when it is back."""

import pytest

from images.models import Image
from images.storage import ObjectStorage
from tests.conftest import Api, body
from tests.support.deletion import PNG
from tests.support.drift import put


class TestOriginalThatIsLost:
    def test_is_our_fault_and_flagged_until_it_is_back(
        self, api: Api, storage: ObjectStorage, caplog: pytest.LogCaptureFixture
    ) -> None:
        """F-5."""
        path = api.stored(PNG)
        image = Image.objects.get()
        storage.delete(image.storage_name)
        for suffix in ("", ".webp"):
            answer = api.get(path + suffix)
            assert (answer.status_code, answer.json()["code"]) == (502, "object_missing")
            assert answer["Cache-Control"] == "no-store"
        image.refresh_from_db()
        assert (image.state, image.missing_at is not None) == ("ready", True)
        alarms = [record for record in caplog.records if record.levelname == "ERROR"]
        assert [record.getMessage() for record in alarms] == ["an original is missing from storage"]
        put(storage, image.storage_name, PNG)
        assert (body(api.get(path)), api.get(f"{path}.webp").status_code) == (PNG, 200)
