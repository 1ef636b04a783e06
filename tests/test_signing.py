"""Signed URLs without a server: a URL is valid as it was signed, and in no other form (SIG-1, SIG-2, SIG-3)."""

import time
import unicodedata
from typing import Any
from urllib.parse import urlsplit

import pytest

from progimage import errors, signing
from progimage.signing import MAX_LIFETIME_S, check_signature, derive_signing_secret, find_key_id, sign_url

PREFIX = "pi_k3v9x2mq7d4a"
KEY = f"{PREFIX}.{'s' * 43}"
SECRET = derive_signing_secret("s" * 43)
NOW = int(time.time())
EXPIRES = NOW + 600
PATH = "/images/01890000-0000-7000-8000-000000000000.webp"
QUERY = "w=300&transform=resize:width=9,fit=cover&name=%C3%BC%2F+a"


def signed(query: str = QUERY, *, key: str = KEY, expires_at: int = EXPIRES, method: str = "GET") -> str:
    """Return the query of a signed URL, as a server receives it."""
    url = sign_url(f"https://images.example{PATH}?{query}", api_key=key, expires_at=expires_at, method=method)
    return urlsplit(url).query


def check(query: str, **changes: Any) -> None:
    request: dict[str, Any] = {"method": "GET", "path": PATH, "query": query, "now": NOW} | changes
    check_signature(request.pop("secret", SECRET), **request)


def signature_of(query: str) -> str:
    return query.rpartition("sig=")[2]


def replaced(old: str, new: str) -> Any:
    def change(query: str) -> str:
        assert old in query
        return query.replace(old, new)

    return change


def reversed_pairs(query: str) -> str:
    return "&".join(reversed(query.split("&")))


@pytest.mark.parametrize(
    ("change", "request_changes"),
    [
        pytest.param(lambda query: query, {}, id="as signed"),
        pytest.param(reversed_pairs, {}, id="in another order"),
        pytest.param(lambda query: query, {"method": "HEAD"}, id="HEAD of what GET may"),
        pytest.param(lambda query: query, {"now": EXPIRES - 1}, id="in its last second"),
    ],
)
def test_what_was_signed_is_let_in(change: Any, request_changes: dict[str, Any]) -> None:
    check(change(signed()), **request_changes)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(replaced("w=300", "w=301"), id="value changed"),
        pytest.param(replaced("w=300", "h=300"), id="name changed"),
        pytest.param(replaced("w=300&", ""), id="dropped"),
        pytest.param(replaced("w=300", "w=300&q=1"), id="added"),
        pytest.param(replaced("w=300", "w=300&w=300"), id="doubled"),
        pytest.param(replaced("w=300", "w=300&w=9"), id="said twice"),
        pytest.param(replaced("w=300", "W=300"), id="name in capitals"),
        pytest.param(replaced("cover", "Cover"), id="value in capitals"),
        pytest.param(replaced("w=300", "%77=300"), id="name encoded"),
        pytest.param(replaced("w=300", "w=%33%30%30"), id="value encoded"),
        pytest.param(replaced("%C3%BC", "ü"), id="value decoded"),
        pytest.param(replaced("%C3%BC", "%c3%bc"), id="encoded in small letters"),
        pytest.param(replaced("%C3%BC", unicodedata.normalize("NFD", "ü")), id="NFD"),
        pytest.param(replaced("+", "%20"), id="another space"),
        pytest.param(replaced("%2F", "/"), id="slash decoded"),
        pytest.param(replaced("&name", ";name"), id="joined by a semicolon"),
        pytest.param(replaced("w=300&transform=", "w=300%26transform="), id="pairs joined"),
        pytest.param(replaced("&name=", "&name&="), id="pair split"),
        pytest.param(lambda query: query + "&", id="trailing &"),
        pytest.param(lambda query: "&" + query, id="leading &"),
        pytest.param(lambda query: query + "#x", id="fragment"),
        pytest.param(lambda query: query + "?", id="trailing ?"),
        pytest.param(replaced(f"exp={EXPIRES}", f"exp={EXPIRES + 1}"), id="longer life"),
        pytest.param(replaced(f"exp={EXPIRES}", f"exp=0{EXPIRES}"), id="life spelled otherwise"),
        pytest.param(replaced(f"kid={PREFIX}", "kid=pi_anotherkey22"), id="another key's name"),
        pytest.param(replaced("kid=", "exp=9&kid="), id="two lives"),
        pytest.param(lambda query: query + f"&sig={signature_of(query)}", id="two signatures"),
    ],
)
def test_a_query_that_was_changed_is_refused(change: Any) -> None:
    """SIG-1."""
    with pytest.raises(errors.SignatureRefused):
        check(change(signed()))


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("path", PATH + "/"),
        ("path", PATH.replace("/images", "//images")),
        ("path", PATH.replace("images", "Images")),
        ("path", PATH.replace(".webp", "%2ewebp")),
        ("path", PATH.replace(".webp", ".png")),
        ("path", PATH + "w=300"),
        ("path", ""),
        ("method", "PUT"),
        ("method", "DELETE"),
        ("method", "get"),
    ],
)
def test_another_request_is_refused(part: str, value: str) -> None:
    """SIG-1."""
    with pytest.raises(errors.SignatureRefused):
        check(signed(), **{part: value})


def test_parts_cannot_move_into_each_other() -> None:
    """SIG-1: every part is signed with its length."""
    query = signed("a=b")
    with pytest.raises(errors.SignatureRefused):
        check(query.replace("a=b&", ""), path=f"{PATH}a=b")


def test_a_signature_for_put_is_for_put_alone() -> None:
    query = signed(method="PUT")
    check(query, method="PUT")
    for method in ("GET", "HEAD", "POST"):
        with pytest.raises(errors.SignatureRefused):
            check(query, method=method)


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param(lambda whole: "", id="empty"),
        pytest.param(lambda whole: whole[:-1], id="one character short"),
        pytest.param(lambda whole: whole[:22], id="half"),
        pytest.param(lambda whole: whole + "=", id="padded"),
        pytest.param(lambda whole: whole + "A", id="one too many"),
        pytest.param(lambda whole: "none", id="none"),
        pytest.param(lambda whole: "sha256=" + whole, id="with an algorithm"),
        pytest.param(lambda whole: whole.swapcase(), id="other case"),
        pytest.param(lambda whole: "ü" * 43, id="not ASCII"),
    ],
)
def test_another_signature_is_refused(signature: Any) -> None:
    """SIG-2."""
    query = signed()
    with pytest.raises(errors.SignatureRefused, match="does not fit"):
        check(query.replace(signature_of(query), signature(signature_of(query))))


@pytest.mark.parametrize("dropped", ["sig", "exp", "kid"])
def test_a_part_of_the_signature_may_not_be_missing(dropped: str) -> None:
    """SIG-2, SIG-3."""
    with pytest.raises(errors.SignatureRefused):
        check("&".join(pair for pair in signed().split("&") if not pair.startswith(f"{dropped}=")))


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(derive_signing_secret("t" * 43), id="another tenant's"),
        pytest.param(b"s" * 43, id="the API key's own"),
        pytest.param(derive_signing_secret(""), id="of no key"),
        pytest.param(b"MY_SECURE_KEY", id="somebody's default"),
    ],
)
def test_another_secret_is_refused(secret: bytes) -> None:
    """SIG-2."""
    with pytest.raises(errors.SignatureRefused):
        check(signed(), secret=secret)


@pytest.mark.parametrize(
    "given", [" 1", "-1", "1e99", "nan", "0x1", "", "½", "1" * 12, "\u0661", "1800000000.0"]
)
def test_a_life_that_is_no_unix_time_is_refused(given: str) -> None:
    """SIG-3, with a signature that is right."""
    pairs = [f"exp={given}", f"kid={PREFIX}"]
    signature = signing._sign(SECRET, "GET", PATH, pairs)
    with pytest.raises(errors.SignatureRefused, match="unix seconds"):
        check("&".join([*pairs, f"sig={signature}"]))


@pytest.mark.parametrize(
    ("moment", "message"),
    [
        pytest.param(EXPIRES, "has expired", id="in its last moment"),
        pytest.param(EXPIRES + 86_400, "has expired", id="a day late"),
        pytest.param(EXPIRES - MAX_LIFETIME_S - 61, "at most 604800 s", id="further off than any may be"),
    ],
)
def test_a_life_that_is_over_or_too_long_is_refused(moment: int, message: str) -> None:
    """SIG-3: the signer's clock may be a minute ahead."""
    with pytest.raises(errors.SignatureRefused, match=message):
        check(signed(), now=moment)
    check(signed(), now=EXPIRES - MAX_LIFETIME_S - 60)


@pytest.mark.parametrize(
    ("query", "expires_at"),
    [
        pytest.param("w=1", NOW + 2 * MAX_LIFETIME_S, id="longer than a week"),
        pytest.param("w=1&w=2", EXPIRES, id="said twice"),
        pytest.param("w=1&sig=x", EXPIRES, id="signed already"),
        pytest.param("exp=9", EXPIRES, id="with a life of its own"),
    ],
)
def test_what_would_be_refused_is_not_signed(query: str, expires_at: int) -> None:
    with pytest.raises(errors.ParameterError):
        signed(query, expires_at=expires_at)


def test_key_id() -> None:
    assert find_key_id(signed()) == PREFIX
    assert find_key_id("w=1&skid=2") is None
