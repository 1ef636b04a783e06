"""manage.py restore_image brings a deleted image back during its grace period."""

import pytest
from django.core.management import CommandError, call_command

from images.models import Image
from images.services import deleting
from progimage.errors import NotFound
from tests.conftest import Api, body
from tests.support.deletion import PNG, delete, id_of, statuses


class TestRestore:
    def test_brings_the_image_back(self, api: Api, capsys: pytest.CaptureFixture[str]) -> None:
        path = api.stored(PNG, query="?tags=kept")
        delete(api, path)
        call_command("restore_image", str(id_of(path)))
        assert (body(api.get(path)), statuses(api, path)) == (PNG, {200})
        assert api.get(f"{path}.json").json()["tags"] == ["kept"]
        assert Image.objects.get().deleted_at is None
        assert delete(api, path) == 204

    @pytest.mark.parametrize("query", [None, "?purge=true"], ids=["not deleted", "purged"])
    def test_is_refused(self, api: Api, query: str | None) -> None:
        path = api.stored(PNG)
        if query:
            delete(api, path, query)
        with pytest.raises(CommandError, match="no deleted image"):
            call_command("restore_image", str(id_of(path)))
        with pytest.raises(NotFound):
            deleting.restore(id_of(path))
