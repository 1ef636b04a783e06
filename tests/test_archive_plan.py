"""What an archive decides before its first byte: the files that it has, and the time in which it makes them."""

from types import SimpleNamespace
from typing import Any

import pytest

from images.delivery import archive_plan
from images.models import Image
from images.renditions import rendering
from images.services.integrity import mark_missing
from images.storage import ObjectStorage
from progimage.errors import TakesTooLong
from tests.conftest import Api
from tests.support import images as made
from tests.support.archives import ask, errors_in, members, stored
from tests.support.renders import failing


def test_an_original_that_came_back_is_sent(api: Api, storage: ObjectStorage) -> None:
    image_id = stored(api, made.encoded("png"))
    mark_missing(Image.objects.get(pk=image_id))
    assert errors_in(members(ask(api, ids=[image_id]))[1]) == [None]
    assert Image.objects.get().missing_at is None


def test_renditions_are_made_first_and_kept_for_the_repetition(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of the first request ends after two of three renditions. The first needs no time left."""
    ids = [stored(api, made.encoded("png")) for _ in range(3)]
    looks = iter([True, False])
    monkeypatch.setattr(archive_plan.Budget, "allows", lambda budget: next(looks, True))
    answers = [ask(api, ids=ids, format="gif") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [503, 200]
    assert (answers[0]["Retry-After"], answers[0].json()["code"]) == ("1", "renditions_pending")
    assert answers[0].json()["detail"].startswith("1 renditions are still to be made")
    assert errors_in(members(answers[1])[1]) == [None] * 3
    assert next(looks, "looked") == "looked"


def test_failures_that_are_forgotten_in_turn_do_not_keep_an_archive_from_its_end(
    api: Api, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """Each takes the whole time of a request, and may be tried again before the last one was tried."""
    ids = [stored(api, made.encoded("png")) for _ in range(3)]
    settings.RENDITION_FAILURE_TTL_S = 0
    monkeypatch.setattr(archive_plan.Budget, "allows", lambda budget, pause_s=0: False)
    with monkeypatch.context() as patch:
        patch.setattr(rendering, "render", failing(TakesTooLong("Too slow")))
        answers = [ask(api, ids=ids, format="gif") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert errors_in(members(answers[-1])[1]) == ["takes_too_long"] * 3
    # Each repetition has the time to try one of them again. Perhaps it can be made now.
    for made_count in (1, 2, 3):
        manifest = members(ask(api, ids=ids, format="gif"))[1]
        assert errors_in(manifest).count(None) == made_count


def test_a_failed_render_is_an_entry_and_harms_no_other(api: Api) -> None:
    """A crop beyond the edge of the small image only."""
    ids = [stored(api, made.encoded("png", made.picture(*size))) for size in ((20, 20), (200, 200))]
    found, manifest = members(ask(api, ids=ids, transform="crop:left=50,top=50,width=90,height=90"))
    assert (len(found), [code is None for code in errors_in(manifest)]) == (1, [False, True])


def test_lost_originals_do_not_keep_an_archive_of_renditions_from_its_end(
    api: Api, storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without time left an original that was missing is taken for missing, and one rendition is made all the same."""
    ids = [stored(api, made.encoded("png")) for _ in range(3)]
    for image in Image.objects.filter(pk__in=ids[:2]):
        storage.delete(image.storage_name)
        mark_missing(image)
    monkeypatch.setattr(archive_plan.Budget, "allows", lambda budget, pause_s=0: False)
    found, manifest = members(ask(api, ids=ids, format="gif"))
    assert (len(found), errors_in(manifest)) == (1, ["object_missing", "object_missing", None])


def test_the_time_begins_with_the_first_render(monkeypatch: pytest.MonkeyPatch) -> None:
    clock_s = [100.0]
    monkeypatch.setattr(archive_plan, "time", SimpleNamespace(monotonic=lambda: clock_s[0]))
    budget = archive_plan.Budget(10)

    def render() -> str:
        clock_s[0] += 11
        return "made"

    assert budget.retry(render) == "made"
    assert not budget.allows()
