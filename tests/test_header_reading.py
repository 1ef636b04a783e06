"""Headers of stored originals, read again: which images, what is written, and what a failure stops."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from images.models import Image
from images.services import deleting, header_facts
from images.services.reading import original_path
from images.storage import ObjectStorage, originals
from images.upkeep import header_reading
from images.upkeep.header_reading import HeaderReading
from progimage.errors import Unavailable
from tests.conftest import Api, make_api
from tests.support import images as made
from tests.support.deletion import PNG, id_of
from tests.support.drift import replace
from transforms.workers.pool import pool

UNKNOWN: dict[str, Any] = {"is_hdr": None, "color_space": None}


def forget_colors(**values: Any) -> None:
    """As images are that an earlier release stored."""
    Image.objects.update(**UNKNOWN | values)


def facts() -> list[tuple[Any, Any]]:
    return list(Image.objects.order_by("pk").values_list("is_hdr", "color_space"))


def read(**options: Any) -> HeaderReading:
    reading = HeaderReading(**options)
    list(reading.run())
    return reading


class TestWhichImages:
    def test_those_without_facts_about_colors(self, api: Api, storage: ObjectStorage) -> None:
        paths = [api.stored(PNG) for _ in range(3)]
        before = facts()
        Image.objects.exclude(pk=id_of(paths[0])).update(**UNKNOWN)
        result = read()
        assert (result.read, result.changed, result.corrections, result.failures) == (2, 2, {}, {})
        assert facts() == before
        assert read().read == 0

    def test_all(self, api: Api) -> None:
        for _ in range(2):
            api.stored(PNG)
        Image.objects.filter(pk=Image.objects.earliest("pk").pk).update(**UNKNOWN)
        result = read(reads_all=True)
        assert (result.read, result.changed) == (2, 1)

    def test_of_one_account(self, api: Api, other_api: Api) -> None:
        path = api.stored(PNG)
        other_api.stored(PNG)
        forget_colors()
        reading = HeaderReading(account=api.account)
        assert reading.count() == 1
        assert list(reading.run()) == [id_of(path)]
        assert not Image.objects.filter(account=other_api.account).exclude(color_space__isnull=True).exists()

    def test_in_windows(self, api: Api, other_api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(header_reading, "_WINDOW_ROWS", 2)
        ids = [id_of(api.stored(PNG)) for _ in range(5)]
        ids.append(id_of(other_api.stored(PNG)))
        forget_colors()
        reading = HeaderReading()
        assert list(reading.run()) == ids
        assert (reading.count(), reading.read) == (6, 6)

    def test_no_deleted_ones(self, api: Api) -> None:
        path = api.stored(PNG)
        forget_colors()
        api.request("DELETE", path)
        assert read().read == 0
        deleting.restore(id_of(path))
        assert read().read == 1

    def test_an_index_finds_the_windows(self, api: Api) -> None:
        api.stored(PNG)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        rows = Image.objects.ready().filter(account=api.account).order_by("ready_id")
        plan = rows.filter(ready_id__gt=Image.objects.get().ready_id)[:9].explain()
        assert "image_listed" in plan
        assert "Sort" not in plan


class TestWhatIsWritten:
    def test_every_fact_that_this_release_reads_otherwise(self, api: Api) -> None:
        api.stored(made.encoded_oriented(6))
        (before,) = Image.objects.values()
        Image.objects.update(
            width=7, height=9, frames=3, has_alpha=True, orientation=1, format="png", **UNKNOWN
        )
        result = read()
        assert Image.objects.values().get() == before
        assert set(result.corrections) == {"width", "height", "frames", "has_alpha", "orientation", "format"}

    def test_facts_about_colors_that_are_others_now(self, api: Api) -> None:
        api.stored(PNG)
        (before,) = facts()
        Image.objects.update(is_hdr=True, color_space={"transfer": "pq"})
        assert read().changed == 0
        result = read(reads_all=True)
        assert (result.changed, facts()) == (1, [before])
        assert result.corrections == {"is_hdr": 1, "color_space": 1}

    def test_nothing_in_a_dry_run(self, api: Api) -> None:
        api.stored(PNG)
        forget_colors(width=7)
        result = read(is_dry=True)
        assert (result.read, result.changed, result.corrections) == (1, 1, {"width": 1})
        assert facts() == [(None, None)]

    def test_nothing_of_an_image_that_is_deleted_meanwhile(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = api.stored(PNG)
        forget_colors()
        probe = pool().probe

        def delete_first(path_of_bytes: Path, **options: Any) -> Any:
            api.request("DELETE", f"{path}?purge=true")
            return probe(path_of_bytes, **options)

        monkeypatch.setattr(pool(), "probe", delete_first)
        result = read()
        assert (result.read, result.failures) == (0, {})
        assert facts() == [(None, None)], "a tombstone got facts"

    def test_the_client_sees_it(self, api: Api) -> None:
        path = api.stored(PNG)
        before = api.get(f"{path}.json")
        forget_colors()
        unknown = api.get(f"{path}.json")
        assert (unknown.json()["hdr"], unknown.json()["color_space"]) == (None, None)
        assert unknown["ETag"] != before["ETag"]
        read()
        assert api.get(f"{path}.json").body == before.body


class TestFailures:
    def test_are_named_and_stop_no_other(self, api: Api, storage: ObjectStorage) -> None:
        ids = [id_of(api.stored(PNG)) for _ in range(3)]
        forget_colors()
        storage.delete(Image.objects.get(pk=ids[1]).storage_name)
        result = read()
        assert result.read == 2
        assert [(pk, error.code) for pk, error in result.failures.items()] == [(ids[1], "object_missing")]
        assert [color_space is None for _, color_space in facts()] == [False, True, False]
        assert Image.objects.get(pk=ids[1]).missing_at is not None

    def test_bytes_that_this_release_refuses(self, api: Api, storage: ObjectStorage) -> None:
        api.stored(PNG)
        forget_colors()
        replace(storage, Image.objects.get().storage_name, b"x" * len(PNG))
        result = read()
        assert [error.code for error in result.failures.values()] == ["unsupported_format"]
        assert facts() == [(None, None)]

    def test_one_object_that_storage_refuses(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        ids = [id_of(api.stored(PNG)) for _ in range(2)]
        forget_colors()
        bad = Image.objects.get(pk=ids[0])

        @contextmanager
        def refuse_one(image: Image) -> Iterator[Path]:
            if image.pk == bad.pk:
                raise Unavailable("The storage refused a request (AccessDenied)")
            with original_path(image) as path:
                yield path

        monkeypatch.setattr(header_reading, "original_path", refuse_one)
        result = read()
        assert (result.read, list(result.failures)) == (1, [ids[0]])

    def test_storage_that_is_away_ends_the_run(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        api.stored(PNG)
        forget_colors()

        def refuse(*_: Any) -> None:
            raise Unavailable("away")

        for name in ("local_path", "check"):
            monkeypatch.setattr(type(originals()), name, refuse)
        with pytest.raises(Unavailable):
            read()

    def test_run_that_is_broken_off_keeps_what_it_has_written(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(3):
            api.stored(PNG)
        forget_colors()
        written: list[bool] = []

        def write_two(image: Image, facts: dict[str, Any]) -> bool:
            if len(written) == 2:
                raise KeyboardInterrupt
            written.append(set_facts(image, facts))
            return True

        set_facts = header_facts.set_facts
        monkeypatch.setattr(header_reading, "set_facts", write_two)
        with pytest.raises(KeyboardInterrupt):
            read()
        monkeypatch.setattr(header_reading, "set_facts", set_facts)
        assert [color_space is None for _, color_space in facts()] == [False, False, True]
        assert read().read == 1


@pytest.mark.django_db(transaction=True)
def test_several_at_once_hold_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    api = make_api("alice")
    ids = [id_of(api.stored(PNG)) for _ in range(6)]
    forget_colors()
    originals().delete(Image.objects.get(pk=ids[2]).storage_name)
    held: list[bool] = []

    @contextmanager
    def look(image: Image) -> Iterator[Path]:
        with original_path(image) as path:
            held.append(connection.connection is not None)
            yield path

    monkeypatch.setattr(header_reading, "original_path", look)
    result = read(concurrency=2)
    assert (result.read, list(result.failures)) == (5, [ids[2]])
    assert held == [False] * 5
    assert Image.objects.get(pk=ids[2]).missing_at is not None
    assert Image.objects.filter(color_space__isnull=True).count() == 1
