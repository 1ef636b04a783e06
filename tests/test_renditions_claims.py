"""The claim of a rendition and its end: one statement each, and no commit of theirs waits for the disk."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from images.models import Image, Rendition
from images.services import renditions as rows
from tests.conftest import Api
from tests.support import images as made

PNG = made.encoded("png")
FACTS = {"width": 4, "height": 3, "frames": 1, "size_bytes": 9, "sha256": "5" * 64}


@pytest.fixture
def image(api: Api) -> Image:
    api.stored(PNG)
    return Image.objects.get()


def new_row(image: Image, **changes: Any) -> Rendition:
    fields: dict[str, Any] = {
        "cache_key": "c0ffee",
        "transform": {"operations": [], "output": {"format": "gif", "quality": 1.5}},
        "others": [],
        "format": "gif",
    }
    return Rendition(image=image, **fields | changes)


def test_one_of_two_claims_wins(image: Image, django_assert_num_queries: Any) -> None:
    lease = uuid.uuid4()
    with django_assert_num_queries(1):
        claim = rows.claim(new_row(image), lease)
    assert claim is not None
    with django_assert_num_queries(1):
        assert rows.claim(new_row(image), uuid.uuid4()) is None
    row = Rendition.objects.get()
    assert (row.pk, row.state, row.lease) == (claim.row.pk, Rendition.State.RENDERING, lease)
    assert row.transform == new_row(image).transform
    assert row.created_at - timezone.now() < timedelta(minutes=1)


def test_claim_whose_answer_was_lost_may_be_repeated(image: Image) -> None:
    lease = uuid.uuid4()
    claims = [rows.claim(new_row(image), lease) for _ in range(2)]
    assert [claim.row.pk for claim in claims if claim] == [Rendition.objects.get().pk] * 2
    assert rows.claim(new_row(image), uuid.uuid4()) is None


@pytest.mark.parametrize("state", [Rendition.State.RENDERING, Rendition.State.FAILED])
@pytest.mark.parametrize(("seconds", "is_won"), [(-1, True), (60, False)])
def test_lease_is_taken_over_when_it_has_lapsed(
    image: Image, state: Rendition.State, seconds: int, is_won: bool
) -> None:
    first = rows.claim(new_row(image), uuid.uuid4())
    assert first is not None
    lease_until = timezone.now() + timedelta(seconds=seconds)
    shown = uuid.uuid4()
    Rendition.objects.update(state=state, lease_until=lease_until, others=[shown])
    second = rows.claim(new_row(image), uuid.uuid4())
    assert (second is not None) == is_won
    if second is not None:
        assert (second.row.pk, second.row.others) == (first.row.pk, [shown])
        assert not rows.mark_ready(first, FACTS)
        assert rows.is_leased(second)


def test_ready_rendition_is_not_claimed(image: Image) -> None:
    claim = rows.claim(new_row(image), uuid.uuid4())
    assert claim is not None
    assert rows.mark_ready(claim, FACTS)
    assert rows.claim(new_row(image), uuid.uuid4()) is None
    row = Rendition.objects.get()
    assert (row.state, row.lease, row.lease_until) == (Rendition.State.READY, None, None)
    assert {name: getattr(row, name) for name in FACTS} == FACTS
    assert {name: getattr(claim.row, name) for name in FACTS} == FACTS


@pytest.mark.parametrize("is_other", [False, True], ids=["the image itself", "another that it shows"])
def test_rendition_of_a_deleted_image_does_not_become_ready(api: Api, image: Image, is_other: bool) -> None:
    api.stored(made.encoded("png", made.picture(6, 4)))
    other = Image.objects.exclude(pk=image.pk).get()
    claim = rows.claim(new_row(image, others=[other.pk]), uuid.uuid4())
    assert claim is not None
    deleted = other if is_other else image
    Image.objects.filter(pk=deleted.pk).update(state=Image.State.DELETED)
    assert not rows.mark_ready(claim, FACTS)
    assert Rendition.objects.get().state == Rendition.State.RENDERING


class TestCommits:
    def _setting(self) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SHOW synchronous_commit")
            return str(cursor.fetchone()[0])

    def test_do_not_wait_for_the_disk(self, image: Image) -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit = on")
            claim = rows.claim(new_row(image), uuid.uuid4())
            assert self._setting() == "off"
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit = on")
            assert claim is not None
            rows.mark_ready(claim, FACTS)
            assert self._setting() == "off"

    @pytest.mark.django_db(transaction=True)
    def test_of_anything_else_do(self, api: Api) -> None:
        """The setting ends with the statement: the next user of the connection finds its own."""
        api.stored(PNG)
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = on")
        try:
            claim = rows.claim(new_row(Image.objects.get()), uuid.uuid4())
            assert self._setting() == "on"
            assert claim is not None
            assert rows.mark_ready(claim, FACTS)
            assert self._setting() == "on"
        finally:
            connection.close()
