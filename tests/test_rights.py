"""Rights on the fast path: it sees what Django sees, at the same moment."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import services
from accounts.models import Account, ApiKey, Scope
from images.models import Image
from tests.conftest import Api, make_api
from tests.support.both_ways import Ways, bearer, path, public_path, refused, ways
from tests.support.signed import signed

__all__ = ["path", "public_path", "ways"]

pytestmark = pytest.mark.django_db(transaction=True)


def test_rights_that_are_taken_away_are_gone_at_once(ways: Ways, path: str, api: Api) -> None:
    target = f"{path}.webp?w=50"
    url = signed(api, target)
    key = ApiKey.objects.get()
    assert ways.compared(target, **bearer(api))[1]
    Account.objects.update(is_active=False)
    assert refused(ways, target, **bearer(api)) == "401"
    assert refused(ways, url) == "403"
    Account.objects.update(is_active=True)
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert refused(ways, target, **bearer(api)) == "401"
    ApiKey.objects.update(expires_at=None, scopes=[Scope.WRITE])
    assert refused(ways, target, **bearer(api)) == "403"
    ApiKey.objects.update(scopes=[Scope.READ])
    assert ways.compared(target, **bearer(api))[1]
    services.revoke(key)
    assert refused(ways, target, **bearer(api)) == "401"
    assert refused(ways, url) == "403"


def test_image_that_goes_is_gone_at_once(ways: Ways, path: str, public_path: str, api: Api) -> None:
    assert ways.compared(f"{public_path}.webp?w=50")[1]
    Image.objects.update(visibility="private")
    assert refused(ways, f"{public_path}.webp?w=50") == "401"
    assert api.request("DELETE", path).status_code == 204
    assert refused(ways, f"{path}.webp?w=50", **bearer(api)) == "404"


def test_private_images_are_for_their_account_alone(ways: Ways, path: str, public_path: str) -> None:
    stranger = make_api("bob")
    assert refused(ways, f"{path}.webp?w=50", **bearer(stranger)) == "404"
    assert refused(ways, signed(stranger, f"{path}.webp?w=50")) == "404"
    assert refused(ways, f"{path}.webp?w=50") == "401"
    ways.fast(f"{public_path}.webp?w=50", **bearer(stranger))
    assert ways.compared(f"{public_path}.webp?w=50", **bearer(stranger))[1]


def test_signature_counts(ways: Ways, path: str, api: Api) -> None:
    url = signed(api, f"{path}.webp?w=50")
    assert ways.fast(url)[1]
    assert refused(ways, url.replace("w=50", "w=49")) == "403"
    assert refused(ways, f"{url}&v=1") == "403"
    assert refused(ways, signed(api, f"{path}.webp?w=50", expires_in_s=-1)) == "403"
    assert refused(ways, url, **bearer(api)) == "403"


def test_use_of_a_key_is_recorded_each_minute(ways: Ways, path: str, api: Api) -> None:
    long_ago = timezone.now() - timedelta(minutes=5)
    ApiKey.objects.update(last_used_at=long_ago)
    assert not ways.fast(f"{path}.webp?w=50", **bearer(api))[1]
    last_used_at = ApiKey.objects.get().last_used_at
    assert last_used_at is not None
    assert last_used_at > long_ago
    assert ways.fast(f"{path}.webp?w=50", **bearer(api))[1]
