"""Two accounts that ask for the same at once: neither sees a pixel of the other, and no shared cache keeps one."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from tests.conftest import Api, body, make_api
from tests.support import images as made

COLORS = {"red": "#ff0000", "blue": "#0000ff"}


@pytest.mark.django_db(transaction=True)
def test_interleaved_renders_mix_no_pixels() -> None:
    """IMG-18: the same file name, the same transforms, two accounts, eight threads."""
    stored = {}
    for name, color in COLORS.items():
        api = make_api(name)
        stored[name] = (
            api.key,
            api.account,
            api.stored(made.encoded_flat("png", 90, 60, color), query="?filename=a.png"),
        )

    def fetch(asked: tuple[str, int]) -> None:
        name, width = asked
        key, account, path = stored[name]
        try:
            answer = Api(account, key).get(f"{path}.png?w={width}")
            assert answer.status_code == 200, answer.body
            assert (
                made.furthest(
                    body(answer), made.encoded_flat("png", width, round(width * 2 / 3), COLORS[name])
                )
                == 0
            )
        finally:
            connection.close()

    asked = [(name, width) for width in range(3, 90, 3) for name in COLORS for _ in range(2)]
    with ThreadPoolExecutor(8) as threads:
        assert len(list(threads.map(fetch, asked))) == len(asked) > 100


def test_private_image_is_not_for_shared_caches(api: Api, anonymous: Api) -> None:
    """WEB-6."""
    path = api.stored(made.encoded("png"))
    for target in (path, f"{path}.webp"):
        answer = api.get(target)
        assert answer["Cache-Control"].startswith("private, ")
        assert answer["Vary"] == "Authorization"
        refused = anonymous.get(target)
        assert (refused.status_code, refused["Cache-Control"]) == (401, "no-store")
