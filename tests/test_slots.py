"""Slots: only so many archives are sent at once, of one account and of all."""

from contextlib import ExitStack, closing
from typing import Any
from uuid import UUID

from images.delivery import zip_stream
from tests.conftest import Api
from tests.support import images as made
from tests.support.archives import ask, members, stored


def test_places_are_few_for_an_account_and_for_all(api: Api, other_api: Api, settings: Any) -> None:
    settings.ARCHIVE_STREAMS = 3
    with ExitStack() as unread:
        statuses = []
        for account in (api.account, api.account, other_api.account):
            unread.enter_context(closing(zip_stream.open_archive([], account, None).stream))
            statuses.append([ask(caller, query={}).status_code for caller in (api, other_api)])
        assert statuses == [[200, 200], [503, 200], [503, 503]]
    assert {ask(caller, query={}).status_code for caller in (api, other_api)} == {200}


def test_places_of_an_account_are_given_back(api: Api, settings: Any) -> None:
    image_id = stored(api, made.encoded("png"))
    ids = [UUID(image_id)]
    of_account = range(settings.ARCHIVE_STREAMS_PER_ACCOUNT)
    sent = [zip_stream.open_archive(ids, api.account, None).stream for _ in of_account]
    refused = ask(api, ids=[image_id])
    assert (refused.status_code, refused["Retry-After"]) == (503, "10")
    sent[0].close()  # unread, as when a client goes away
    assert members(ask(api, ids=[image_id]))
    for chunks in sent[1:]:
        assert len(b"".join(chunks)) > 100
