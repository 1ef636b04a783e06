"""URLs that a key has signed, as a browser sends them: without a key."""

import time
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from accounts import services
from accounts.models import ApiKey
from progimage.signing import derive_signing_secret
from tests.conftest import Api, make_api
from tests.support import images as made
from tests.support.signed import HOUR, get, signed


@pytest.fixture
def stored(api: Api) -> str:
    return api.stored(made.encoded("png"))


@pytest.mark.parametrize("target", ["", ".webp", ".jpg?w=30&h=20&fit=cover", "?download=a.png"])
def test_serves_what_was_signed(api: Api, stored: str, target: str) -> None:
    answer = get(signed(api, stored + target))
    assert answer.status_code == 200
    assert get(signed(api, stored + target), "head").status_code == 200
    assert answer["Cache-Control"].startswith("private, max-age=3")
    assert "immutable" not in answer["Cache-Control"]
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in api.get(stored + target)


@pytest.mark.parametrize(("left_s", "age_s"), [(300, 300), (6 * 24 * HOUR, HOUR)])
def test_is_kept_no_longer_than_it_holds_or_than_others(
    api: Api, stored: str, left_s: int, age_s: int
) -> None:
    answer = get(signed(api, f"{stored}.webp", expires_in_s=left_s))
    assert age_s - 5 <= int(answer["Cache-Control"].removeprefix("private, max-age=")) <= age_s


def test_order_of_the_query_means_nothing(api: Api, stored: str) -> None:
    path, _, query = signed(api, f"{stored}.jpg?w=30&h=20").partition("?")
    assert get(f"{path}?{'&'.join(reversed(query.split('&')))}").status_code == 200


CHANGES: dict[str, Callable[[str], str]] = {
    "a value": lambda url: url.replace("w=30", "w=31"),
    "a value in another spelling": lambda url: url.replace("w=30", "w=%330"),
    "a name in another spelling": lambda url: url.replace("w=30", "%77=30"),
    "a name in another case": lambda url: url.replace("w=30", "W=30"),
    "added": lambda url: url + "&q=10",
    "added by a tracker": lambda url: url + "&utm_source=news",
    "added and empty": lambda url: url + "&",
    "left out": lambda url: url.replace("w=30&", ""),
    "twice": lambda url: url + "&w=30",
    "twice, another value": lambda url: url + "&w=900",
    "sig twice": lambda url: url + "&sig=x",
    "another path": lambda url: url.replace(".jpg", ".png"),
    "extension in another case": lambda url: url.replace(".jpg", ".JPG"),
    "another expiry": lambda url: url.replace("exp=", "exp=9"),
    "expiry later": lambda url: url.replace("exp=1", "exp=2"),
    "no expiry": lambda url: "&".join(part for part in url.split("&") if not part.startswith("exp=")),
    "no key": lambda url: "&".join(part for part in url.split("&") if not part.startswith("kid=")),
    "no signature": lambda url: "&".join(part for part in url.split("&") if not part.startswith("sig=")),
    "empty signature": lambda url: url.partition("sig=")[0] + "sig=",
    "signature none": lambda url: url.partition("sig=")[0] + "sig=none",
    "signature cut": lambda url: url[:-1],
    "signature with padding": lambda url: url + "=",
    "signature not ASCII": lambda url: url.partition("sig=")[0] + "sig=%C3%BC",
    "key with NUL": lambda url: url.replace("kid=pi_", "kid=%00pi_"),
    "key raw not ASCII": lambda url: url.replace("kid=pi_", "kid=pü_"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_manipulated_url_is_refused(api: Api, stored: str, change: Callable[[str], str]) -> None:
    """SIG-1, SIG-2."""
    url = signed(api, f"{stored}.jpg?w=30&h=20")
    assert get(url).status_code == 200
    changed = change(url)
    assert changed != url
    answer = get(changed)
    assert (answer.status_code, answer.json()["code"]) == (403, "signature_refused")
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["//images", "/images/"])
def test_other_paths_do_not_serve(api: Api, stored: str, path: str) -> None:
    """SIG-1: an extra slash. The answer leads to the URL that was signed, and to no other."""
    url = signed(api, stored)
    changed, _, query = url.replace("/images", path, 1).partition("?")
    answer = Client().get("/", PATH_INFO=changed, QUERY_STRING=query)
    assert (answer.status_code, answer.content) == (308, b"")
    assert answer["Location"] == f"{django_settings.PUBLIC_URL}{url}"


def resigned(api: Api, stored: str, expires: str) -> str:
    """Return a URL with a right signature over any `exp`, as the holder of the key might make it."""
    secret = api.key.partition(".")[2]
    prefix = api.key.partition(".")[0]
    from progimage.signing import _sign

    pairs = [f"exp={expires}", f"kid={prefix}"]
    return f"{stored}?{'&'.join(pairs)}&sig={_sign(derive_signing_secret(secret), 'GET', stored, pairs)}"


@pytest.mark.parametrize(
    "expires",
    ["0", "-1", "1e99", "", "nan", "99999999999", "9" * 400, "1700000000", "٣٣٣٣٣٣٣٣٣٣", "0x7fffffff"],
)
def test_expiry_must_be_a_moment_soon(api: Api, stored: str, expires: str) -> None:
    """SIG-3."""
    answer = get(resigned(api, stored, expires))
    assert (answer.status_code, answer.json()["code"]) == (403, "signature_refused")


def test_a_url_of_a_second_ago_has_expired(api: Api, stored: str) -> None:
    assert get(resigned(api, stored, str(int(time.time()) - 1))).status_code == 403


@pytest.mark.parametrize(("ahead_s", "status"), [(7 * 24 * HOUR + 30, 200), (7 * 24 * HOUR + 90, 403)])
def test_life_of_seven_days_and_a_clock_one_minute_ahead(
    api: Api, stored: str, ahead_s: int, status: int
) -> None:
    assert get(resigned(api, stored, str(int(time.time()) + ahead_s))).status_code == status


def test_another_key_of_the_account_serves_too_until_it_is_revoked(api: Api, stored: str) -> None:
    row, text = services.create_api_key(api.account, name="next")
    url = signed(Api(api.account, str(text)), stored)
    assert [get(url).status_code, get(signed(api, stored)).status_code] == [200, 200]
    services.revoke(row)
    assert [get(url).status_code, get(signed(api, stored)).status_code] == [403, 200]


@pytest.mark.parametrize("end", ["revoked", "expired", "inactive"])
def test_ends_with_its_key(api: Api, stored: str, end: str) -> None:
    url, key = signed(api, stored), ApiKey.objects.get(account=api.account)
    if end == "revoked":
        services.revoke(key)
    elif end == "expired":
        ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        api.account.is_active = False
        api.account.save()
    assert get(url).status_code == 403


def test_anothers_key_opens_nothing(api: Api, other_api: Api, stored: str) -> None:
    """AUTH-2: like an image that is not there."""
    answer = get(signed(other_api, stored))
    missing = get(signed(other_api, "/images/01890000-0000-7000-8000-000000000000"))
    assert answer.status_code == missing.status_code == 404
    assert {**answer.json(), "request_id": ""} == {**missing.json(), "request_id": ""}


def test_key_without_read_signs_nothing(db: None) -> None:
    writer = make_api("writer", scopes=["write"])
    stored = writer.stored(made.encoded("png"))
    assert get(signed(writer, stored)).status_code == 403


@pytest.mark.parametrize("method", ["patch", "delete", "put", "post"])
def test_signature_for_reading_changes_nothing(api: Api, stored: str, method: str) -> None:
    """SIG-4: nor does a signature over that very method, if a route takes keys alone."""
    for url in (signed(api, stored), signed(api, stored, method=method.upper())):
        assert get(url, method).status_code in (401, 403, 405)
    assert api.get(stored).status_code == 200


def test_signature_and_key_at_once_are_refused(api: Api, stored: str) -> None:
    assert get(signed(api, stored), Authorization=f"Bearer {api.key}").status_code == 403


@pytest.mark.parametrize("path", ["/images", "{}.json"])
def test_other_routes_take_no_signature(api: Api, stored: str, path: str) -> None:
    assert get(signed(api, path.format(stored))).status_code == 401


def test_absolute_url_is_what_a_browser_gets(api: Api, stored: str) -> None:
    url = signed(api, f"{django_settings.PUBLIC_URL}{stored}.webp?w=10")
    parts = urlsplit(url)
    assert get(f"{parts.path}?{parts.query}").status_code == 200
