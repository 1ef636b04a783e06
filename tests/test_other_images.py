"""Images that operations name beside their source: who may name which, and the end of renditions that show them."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.db.models.functions import Now

from images.models import Image, Rendition
from images.renditions import rendering
from images.services import deleting
from images.storage import ObjectStorage, renditions
from images.upkeep.sweeps import SWEEPS
from progimage.signing import sign_url
from tests.conftest import Api
from tests.support import images as made
from tests.support.archives import ask, members
from tests.support.remote_servers import Remote, respond
from tests.support.transform_requests import (
    LOGO,
    PNG,
    WITH_OTHERS,
    id_of,
    image_parameters,
    remote,
    send_form,
    send_json,
    send_raw,
)

__all__ = ["remote"]
MISSING = "01890000-0000-7000-8000-000000000000"
PUBLIC = "?visibility=public"


def showing(path: str, reference: str) -> str:
    return f"{path}.png?transform=composite:image={quote(quote(reference, safe=''))}"


@pytest.mark.parametrize("name", WITH_OTHERS)
def test_by_id_by_address_and_as_a_part_it_is_the_same(api: Api, remote: Remote, name: str) -> None:
    (parameter,) = image_parameters(name)

    def ask_by(reference: str, **files: bytes) -> Any:
        path = f"/transforms/{name}?{parameter}={quote(reference)}&format=png"
        return send_form(api, path, {"file": PNG, **files})

    answers = [ask_by(id_of(api, LOGO)), ask_by(remote.url("/logo.png")), ask_by("part:x", x=LOGO)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert len({(answer.body, answer["Transform-Key"]) for answer in answers}) == 1
    assert answers[0].body != send_raw(api, "/transforms?format=png").body


def test_other_bytes_are_another_result(api: Api) -> None:
    path = api.stored(PNG)
    ids = [id_of(api, made.encoded_flat("png", 8, 8, color)) for color in ("#ff0000", "#00ff00")]
    one, other = (api.get(showing(path, image_id)) for image_id in ids)
    assert one["Transform-Key"] != other["Transform-Key"]
    assert made.pixels(one.body)[40, 60].tolist() == [255, 0, 0]
    assert made.pixels(other.body)[40, 60].tolist() == [0, 255, 0]


def test_its_bytes_are_read_for_a_render_alone(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    path, logo = api.stored(PNG), id_of(api, LOGO)
    first = api.get(showing(path, logo))
    monkeypatch.setattr(
        "images.renditions.sources.original_path", lambda image: pytest.fail("an original was opened")
    )
    again = api.get(showing(path, logo))
    assert (again.status_code, again.body) == (200, first.body)


class TestWho:
    @pytest.mark.parametrize(
        ("source", "other", "statuses"),
        [
            pytest.param(PUBLIC, PUBLIC, (200, 200, 200), id="both public"),
            pytest.param(PUBLIC, "", (200, 404, 401), id="a private one on a public one"),
            pytest.param("", PUBLIC, (200, 404, 401), id="a public one on a private one"),
        ],
    )
    def test_may_see_what_shows_another(
        self, api: Api, other_api: Api, anonymous: Api, source: str, other: str, statuses: tuple[int, ...]
    ) -> None:
        """Also if it was rendered before for a caller who may see it."""
        url = showing(api.stored(PNG, query=source), id_of(api, LOGO, query=other))
        assert tuple(caller.get(url).status_code for caller in (api, other_api, anonymous)) == statuses

    def test_answer_is_for_shared_caches_only_where_all_are_public(self, api: Api) -> None:
        path = api.stored(PNG, query=PUBLIC)
        for query, kept in ((PUBLIC, "public"), ("", "private")):
            answer = api.get(showing(path, id_of(api, LOGO, query=query)))
            assert answer["Cache-Control"].partition(",")[0] == kept
            assert ("Vary" in answer, "Access-Control-Allow-Origin" in answer) == (
                kept == "private",
                kept == "public",
            )

    def test_foreign_one_is_as_a_missing_one(self, api: Api, other_api: Api) -> None:
        source, foreign = id_of(api), id_of(other_api, LOGO)
        doors: dict[str, Callable[[str], Any]] = {
            "/operations/0/image": lambda reference: api.get(showing(f"/images/{source}", reference)),
            "/image": lambda reference: send_raw(api, f"/transforms/composite?image={reference}"),
            "/transform/operations/0/image": lambda reference: send_json(
                api, "/transforms", {"id": source, "transform": f"composite:image={reference}"}
            ),
        }
        for pointer, ask_for in doors.items():
            one, other = (ask_for(reference).json() | {"request_id": ""} for reference in (foreign, MISSING))
            assert one == other
            assert (one["status"], one["detail"], one["pointer"]) == (
                404,
                "There is no image with the id in composite.image",
                pointer,
            )

    def test_every_fault_of_another_image_has_a_pointer(self, api: Api, remote: Remote) -> None:
        source = id_of(api)
        remote.answers["/text.png"] = respond(b"no image")
        remote.answers["/damaged.png"] = respond(LOGO[:-40])
        references = {
            MISSING: 404,
            remote.url("/none.png"): 422,
            remote.url("/text.png"): 415,
            remote.url("/damaged.png"): 422,
            "http://10.0.0.1:99/a.png": 400,
            "part:none": 400,
        }
        for reference, status in references.items():
            operations = [{"op": "grayscale"}, {"op": "composite", "image": reference}]
            body = {"id": source, "transform": {"operations": operations}}
            for _ in range(2):  # the second answer of a failure is a remembered one
                answer = send_json(api, "/transforms", body)
                assert (answer.status_code, answer.json().get("pointer")) == (
                    status,
                    "/transform/operations/1/image",
                ), (reference, answer.json())

    def test_address_is_for_callers_with_a_key_or_a_signature(
        self, api: Api, anonymous: Api, remote: Remote
    ) -> None:
        url = showing(api.stored(PNG, query=PUBLIC), remote.url("/logo.png"))
        assert (anonymous.get(url).status_code, remote.requests) == (401, [])
        assert api.get(url).status_code == 200
        assert (
            anonymous.get(sign_url(url, api_key=api.key, expires_at=int(time.time()) + 60)).status_code == 200
        )


class TestRefused:
    @pytest.mark.parametrize(
        "reference",
        ["sha256:" + "0" * 64, "part:logo", "http://127.0.0.1/logo.png", "file:///etc/passwd", "logo"],
    )
    def test_references(self, api: Api, reference: str) -> None:
        source, composite = id_of(api), {"op": "composite", "image": reference}
        answers = {
            "/operations/0/image": api.get(showing(f"/images/{source}", reference)),
            "/transform/operations/0/image": send_json(
                api, "/transforms", {"id": source, "transform": {"operations": [composite]}}
            ),
            "/image": send_raw(api, f"/transforms/composite?image={quote(reference)}"),
        }
        for pointer, answer in answers.items():
            assert (answer.status_code, answer.json()["pointer"]) == (400, pointer)
        archive = ask(api, ids=[source], format="png", transform={"operations": [composite]})
        assert (archive.status_code, archive.json()["pointer"]) == (400, "/transform/operations/0/image")
        assert not Rendition.objects.exists()

    def test_more_addresses_than_a_thread_may_wait_for(self, api: Api, remote: Remote) -> None:
        for number in range(5):
            remote.answers[f"/{number}.png"] = respond(LOGO)
        steps = [f"composite:image={quote(remote.url(f'/{n}.png'), safe='')}" for n in (0, 0, 1, 2, 3, 4)]
        five, four = (
            send_raw(api, f"/transforms?transform={quote('/'.join(some))}") for some in (steps, steps[:5])
        )
        assert (four.status_code, five.status_code, five.json()["pointer"]) == (
            200,
            400,
            "/operations/5/image",
        )

    @pytest.mark.parametrize(
        ("content", "status"), [(b"<svg/>", 415), (PNG[:-40], 422)], ids=["no image", "half an image"]
    )
    def test_content(self, api: Api, content: bytes, status: int) -> None:
        answer = send_form(api, "/transforms/composite?image=part:logo", {"file": PNG, "logo": content})
        assert answer.status_code == status
        assert answer.json()["detail"].startswith("Of another image that the transform names")


def test_archive_shows_stored_ones(api: Api) -> None:
    source, logo = id_of(api), id_of(api, LOGO)
    answer = ask(api, ids=[source], format="png", transform=f"composite:image={logo}")
    files, _ = members(answer)
    assert api.get(showing(f"/images/{source}", logo)).body in files.values()


class TestDeleted:
    """Renditions that show an image are deleted with it, also those of other accounts' images."""

    @pytest.mark.parametrize("purge", ["", "?purge=true"])
    def test_renditions_go(self, api: Api, storage: ObjectStorage, purge: str) -> None:
        path, logo = api.stored(PNG), id_of(api, LOGO)
        url = showing(path, logo)
        assert api.get(url).status_code == api.get(f"{path}.png").status_code == 200
        name = Rendition.objects.exclude(others=[]).get().storage_name
        assert api.request("DELETE", f"/images/{logo}{purge}").status_code == 204
        assert api.get(url).status_code == 404
        assert Rendition.objects.get().others == []
        assert renditions().find_object(name) is None
        assert api.get(f"{path}.png").status_code == 200

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_render_in_flight_ends_as_not_found(
        self, api: Api, monkeypatch: pytest.MonkeyPatch, when: str
    ) -> None:
        """Also if its row was written after the deletion had looked for rows."""
        path, logo = api.stored(PNG), id_of(api, LOGO)
        render: Callable[..., Any] = rendering.render

        def meanwhile(*args: Any) -> Any:
            rows = [] if when == "before" else list(Rendition.objects.all())
            result = render(*args)
            deleting.delete(Image.objects.get(pk=logo).pk, account=api.account)
            Rendition.objects.bulk_create(rows)
            return result

        monkeypatch.setattr(rendering, "render", meanwhile)
        assert api.get(showing(path, logo)).status_code == 404
        assert not Rendition.objects.exists()

    def test_what_a_crash_left_goes_with_the_sweep(self, api: Api) -> None:
        path, logo = api.stored(PNG), id_of(api, LOGO)
        api.get(showing(path, logo))
        Image.objects.filter(pk=logo).update(state=Image.State.DELETED, deleted_at=Now())
        assert sum(sweep.run() for sweep in SWEEPS) == 1
        assert not Rendition.objects.exists()

    def test_ledger_names_no_url_that_nobody_can_ask(self, api: Api) -> None:
        path, logo = api.stored(PNG), id_of(api, LOGO)
        api.get(showing(path, logo))
        (kept,) = api.get(f"{path}/renditions").json()["renditions"]
        assert (kept["url"], kept["transform"]["operations"][0]["image"]) == (None, logo)
