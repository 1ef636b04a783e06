"""How tests change the description of an image."""

import json
from typing import Any

from tests.conftest import Api

QUERY = "?tags=cat,dog&filename=a.png&metadata=%7B%22a%22%3A1%7D"
"""The description of an upload that is changed later."""


def patch(api: Api, path: str, changes: Any, **options: Any) -> Any:
    content = changes if isinstance(changes, bytes | str) else json.dumps(changes)
    return api.request("PATCH", path, data=content, **{"content_type": "application/json"} | options)
