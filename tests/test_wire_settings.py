"""The client's settings: arguments, the environment, timeouts."""

import subprocess
import sys
from typing import Any

import httpx
import pytest

from progimage import Client, errors
from tests.support.clients import IMAGE, KEY, URL, Script, answering
from tests.test_layout import ROOT

ID = IMAGE["id"]


class TestConfiguration:
    @pytest.mark.parametrize(
        ("statement", "has_httpx"),
        [("from progimage import operations, Image", False), ("from progimage import *", True)],
    )
    def test_who_needs_no_client_imports_none(self, statement: str, has_httpx: bool) -> None:
        """The children that render have the vocabulary, and nothing that opens connections."""
        code = f"{statement}\nimport sys; print('httpx' in sys.modules)"
        ran = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert ran.stdout.strip() == str(has_httpx)

    def test_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PROGIMAGE_URL", f"{URL}/")
        monkeypatch.setenv("PROGIMAGE_API_KEY", f"{KEY}\n")
        script = Script(answering(200, IMAGE))
        with Client(transport=script.transport) as client:
            assert client.get(ID).format == "png"
            assert client.url(ID) == f"{URL}/images/{ID}"
        assert script.requests[0].headers["Authorization"] == f"Bearer {KEY}"

    @pytest.mark.parametrize(
        ("given", "name"),
        [
            ({"api_key": KEY}, "PROGIMAGE_URL"),
            ({"url": URL}, "PROGIMAGE_API_KEY"),
            ({"url": "images.example"}, "http"),
        ],
    )
    def test_what_is_missing_is_named(
        self, given: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("PROGIMAGE_URL", raising=False)
        monkeypatch.delenv("PROGIMAGE_API_KEY", raising=False)
        with pytest.raises(errors.ParameterError, match=name):
            Client(**given)

    def test_timeouts(self) -> None:
        client, _ = Script().client(timeout_s=3)
        assert client._http.timeout == httpx.Timeout(3, connect=5)
        assert KEY.partition(".")[2] not in repr(client)
