"""Storage that fails, and disks that are full: an upload is kept whole or refused, no wrong byte passes for an image."""

import io
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from PIL import Image as Pillow

from images.models import Image, Rendition
from images.storage import S3ObjectStorage, originals
from tests.conftest import Api, body, skip_or_fail, use_disk
from tests.support import images as made
from tests.support.drift import empty, names_in, no_patience, put, reconcile
from tests.support.faulty_s3 import (
    Fault,
    FaultyS3,
    breaks_off,
    changes_etag,
    faulty,
    resets,
    says,
    sends_half,
    sends_other_bytes,
    silence,
    stores_and_resets,
    stores_something_else,
    swallows,
)
from tests.support.granian_server import serving
from tests.support.servers import S3_MISSING_REASON

pytestmark = pytest.mark.slow
PNG = made.encoded("png", made.photograph(300, 200))
REFUSALS: dict[str, Fault] = {
    "500": says(500, "InternalError"),
    "SlowDown": says(503, "SlowDown"),
    "403": says(403, "AccessDenied"),
    "clock skew": says(403, "RequestTimeTooSkewed"),
    "reset": resets,
    "silence": silence,
}


@pytest.fixture
def s3(settings: Any) -> Iterator[FaultyS3]:
    """A proxy in front of the real S3. The application waits half a second for it."""
    if S3_MISSING_REASON:
        skip_or_fail(S3_MISSING_REASON)
    empty(originals())
    with faulty(os.environ["S3_ENDPOINT_URL"]) as proxy:
        use_endpoint(settings, proxy.url, read_timeout_s=0.5)
        no_patience(settings)
        yield proxy


def use_endpoint(settings: Any, url: str, *, read_timeout_s: float) -> None:
    config = S3ObjectStorage.client_config.merge(Config(read_timeout=read_timeout_s))
    there = {"endpoint_url": url, "client_config": config}
    for name in ("originals", "renditions"):
        known = settings.STORAGES[name]
        settings.STORAGES = settings.STORAGES | {name: known | {"OPTIONS": known["OPTIONS"] | there}}


@contextmanager
def answered_within(seconds: float) -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds


def check_unavailable(answer: Any) -> None:
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer["Retry-After"]) >= 1
    assert answer["Cache-Control"] == "no-store"


def check_all_is_well(api: Api) -> None:
    path = api.stored(PNG)
    assert body(api.get(path)) == PNG
    assert api.get(f"{path}.webp").status_code == 200


class TestUpload:
    """F-1."""

    @pytest.mark.parametrize(
        "fault",
        [*REFUSALS.values(), swallows, stores_something_else],
        ids=[*REFUSALS, "200 and nothing stored", "200 for other bytes"],
    )
    def test_is_refused_and_leaves_a_pending_row(self, api: Api, s3: FaultyS3, fault: Fault) -> None:
        s3.faults["PUT"] = fault
        with answered_within(5):
            check_unavailable(api.upload(PNG))
        assert s3.requests.count("PUT") <= 3
        image = Image.objects.get()
        assert image.state == Image.State.PENDING
        assert api.get(f"/images/{image.pk}").status_code == 404
        s3.faults.clear()
        check_all_is_well(api)

    def test_that_is_sent_again_goes_on(self, api: Api, s3: FaultyS3) -> None:
        """An earlier attempt may have stored the bytes, others, or nothing."""
        again = {"content_type": "image/png", "headers": {"Idempotency-Key": "one"}}
        for fault in (says(500, "InternalError"), resets, swallows):
            s3.faults["PUT"] = fault
            check_unavailable(api.request("POST", "/images", data=PNG, **again))
        s3.faults.clear()
        answer = api.request("POST", "/images", data=PNG, **again)
        assert body(api.get(f"/images/{answer.json()['id']}")) == PNG
        assert Image.objects.count() == 1

    def test_that_is_sent_again_is_not_ready_where_other_bytes_were_stored(
        self, api: Api, s3: FaultyS3
    ) -> None:
        again = {"content_type": "image/png", "headers": {"Idempotency-Key": "one"}}
        s3.faults["PUT"] = says(500, "InternalError")
        check_unavailable(api.request("POST", "/images", data=PNG, **again))
        s3.faults.clear()
        put(originals(), Image.objects.get().storage_name, PNG[:-1])
        check_unavailable(api.request("POST", "/images", data=PNG, **again))
        assert Image.objects.get().state == Image.State.PENDING

    @pytest.mark.parametrize(
        "fault", [stores_and_resets, changes_etag], ids=["answer is lost", "ETag that is no MD5"]
    )
    def test_that_was_stored_is_acknowledged(self, api: Api, s3: FaultyS3, fault: Fault) -> None:
        s3.faults["PUT"] = fault
        path = api.stored(PNG)
        s3.faults.clear()
        assert body(api.get(path)) == PNG
        check_all_is_well(api)

    def test_gives_up_within_10_s(self, api: Api, s3: FaultyS3, settings: Any) -> None:
        """With the timeouts that production has."""
        use_endpoint(settings, s3.url, read_timeout_s=S3ObjectStorage.client_config.read_timeout)  # type: ignore[attr-defined]
        s3.faults["PUT"] = silence
        with answered_within(10):
            check_unavailable(api.upload(PNG))

    def test_nobody_listens(self, api: Api, s3: FaultyS3, settings: Any) -> None:
        use_endpoint(settings, "http://127.0.0.1:1", read_timeout_s=1)
        with answered_within(5):
            check_unavailable(api.upload(PNG))
        use_endpoint(settings, s3.url, read_timeout_s=1)
        check_all_is_well(api)


class TestRendition:
    @pytest.mark.parametrize(
        "fault",
        [
            *REFUSALS.values(),
            breaks_off(True),
            breaks_off(False),
            sends_half,
            sends_other_bytes,
        ],
        ids=[*REFUSALS, "reset mid-body", "closed mid-body", "half a body", "other bytes"],
    )
    def test_original_does_not_come(self, api: Api, s3: FaultyS3, fault: Fault) -> None:
        """The image is not blamed for it, neither now nor when storage is back."""
        path = api.stored(PNG)
        s3.faults["GET"] = fault
        check_unavailable(api.get(f"{path}.webp?w=100"))
        assert not Rendition.objects.exists()
        s3.faults.clear()
        assert Pillow.open(io.BytesIO(body(api.get(f"{path}.webp?w=100")))).size == (100, 67)
        check_all_is_well(api)

    @pytest.mark.parametrize("fault", [resets, swallows], ids=["reset", "200 and nothing stored"])
    def test_result_cannot_be_stored(self, api: Api, s3: FaultyS3, fault: Fault) -> None:
        path = api.stored(PNG)
        s3.faults["PUT"] = fault
        check_unavailable(api.get(f"{path}.webp"))
        assert not Rendition.objects.filter(state="ready").exists()
        s3.faults.clear()
        check_all_is_well(api)


class TestDeletion:
    @pytest.mark.parametrize("name", ["500", "reset"])
    def test_holds_at_once_and_ends_later(self, api: Api, s3: FaultyS3, name: str) -> None:
        """F-4."""
        path = api.stored(PNG)
        assert api.get(f"{path}.webp").status_code == 200
        s3.faults |= dict.fromkeys(("DELETE", "POST"), REFUSALS[name])
        assert api.request("DELETE", f"{path}?purge=true").status_code == 204
        assert {api.get(path).status_code, api.get(f"{path}.webp").status_code} == {404}
        s3.faults.clear()
        check_all_is_well(api)


def test_reconcile_mends_whatever_faults_leave(api: Api, s3: FaultyS3) -> None:
    for fault in (resets, swallows, stores_something_else, says(500, "InternalError")):
        path = api.stored(PNG)
        assert api.get(f"{path}.webp").status_code == 200
        s3.faults |= {"PUT": fault, "DELETE": fault, "POST": fault}
        check_unavailable(api.upload(PNG))
        check_unavailable(api.get(f"{path}.gif"))
        assert api.request("DELETE", f"{path}?purge=true").status_code == 204
        s3.faults.clear()
    assert reconcile()[0] == 1
    reconcile("--fix")
    assert reconcile("--fix")[0] == 0
    assert reconcile() == (0, {})
    assert set(Image.objects.values_list("state", flat=True)) == {"purged"}
    assert names_in(originals()) == set()


@pytest.mark.django_db(transaction=True)
class TestDelivery:
    """Over a real connection: there a client sees whether a response ended or broke off."""

    def test_no_part_passes_for_the_whole(self, s3: FaultyS3, tmp_path: Path) -> None:
        content = made.encoded("bmp", made.photograph(1_000, 700))
        environment = {"S3_BUCKET": os.environ["S3_BUCKET"], "S3_ENDPOINT_URL": s3.url}
        with serving(tmp_path, environment) as server:
            _, _, answer = server.request("POST", "/images", content, **{"Content-Type": "image/bmp"})
            path = f"/images/{json.loads(answer)['id']}"
            status, _, png = server.request("GET", f"{path}.png")
            assert status == 200
            faults = (*map(breaks_off, (True, False)), sends_half)
            for (address, whole), fault in product({path: content, f"{path}.png": png}.items(), faults):
                s3.faults["GET"] = fault
                with suppress(HTTPException, OSError):
                    status, _, received = server.request("GET", address)
                    # A length that is wrong is seen before the first byte: the rendition is made again.
                    assert status == 503 or received == whole
            for fault in (REFUSALS["500"], REFUSALS["403"]):
                s3.faults["GET"] = fault
                assert {server.request("GET", address)[0] for address in (path, f"{path}.png")} == {503}
            s3.faults.clear()
            assert server.request("GET", path)[2] == content


class TestDisk:
    """F-13: on a real file system that is full, or may not be written to."""

    @pytest.fixture
    def small_disk(self, settings: Any, tmp_path: Path) -> Iterator[Path]:
        use_disk(settings, tmp_path / "objects")
        folder = tmp_path / "small"
        folder.mkdir()
        mount("-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", str(folder))
        settings.TEMP_DIR = folder
        yield folder
        subprocess.run(["umount", "-l", folder], check=True)

    def test_that_is_full_refuses_what_does_not_fit(self, api: Api, small_disk: Path) -> None:
        small, large = PNG, made.encoded("bmp", made.photograph(800, 600))
        path = api.stored(small)
        check_unavailable(api.upload(large, media_type="image/bmp"))
        query = "?w=800&enlarge=true&format=bmp"
        check_unavailable(api.request("POST", f"/transforms{query}", data=small, content_type="image/png"))
        assert list(small_disk.iterdir()) == []
        assert api.get(f"{path}.webp").status_code == 200
        assert api.upload(small).status_code == 201

    def test_that_is_full_harms_no_other_request(self, api: Api, small_disk: Path) -> None:
        path = api.stored(PNG)
        with (small_disk / "else's").open("wb") as full:
            full.write(b"x" * (1 << 20))
        check_unavailable(api.upload(PNG))
        assert api.get(f"{path}.webp").status_code == 200, "a rendition is written beside the objects"
        assert body(api.get(path)) == PNG
        assert api.get(f"{path}.json").status_code == 200
        (small_disk / "else's").unlink()
        assert api.get(f"{path}.webp").status_code == 200

    def test_that_is_read_only(self, api: Api, small_disk: Path) -> None:
        path = api.stored(PNG)
        mount("-o", "remount,ro", str(small_disk))
        check_unavailable(api.upload(PNG))
        assert api.get(f"{path}.webp").status_code == 200
        assert body(api.get(path)) == PNG


def mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system may be mounted here: {done.stderr.strip()}")
