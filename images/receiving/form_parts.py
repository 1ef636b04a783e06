"""The parts of a form: which of them are files, and which are text fields.

A file has a file name. But a page sends JSON as a Blob, which has one too. A small client leaves the name of
an image out. A file input of a page in which nothing was chosen has an empty one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FILE = "file"
_JSON = "application/json"
_BLOB = "blob"
"""The file name that browsers give a Blob (XMLHttpRequest, "append")."""


@dataclass(frozen=True)
class Part:
    """The headers of a part. `filename` is None if it has none, not even an empty one."""

    name: str
    filename: str | None
    media_type: str
    transfer_encoding: str

    @classmethod
    def of(cls, headers: Mapping[str, Any]) -> "Part | None":
        """Return the part with headers as Django's parser has them; None if it has no name."""
        _, parameters = headers["content-disposition"]
        if "name" not in parameters:
            return None
        filename = parameters.get("filename")
        return cls(
            name=parameters["name"].decode(),
            filename=None if filename is None else filename.decode(),
            media_type=_value(headers, "content-type"),
            transfer_encoding=_value(headers, "content-transfer-encoding") or "binary",
        )

    @property
    def is_json(self) -> bool:
        return self.media_type == _JSON

    @property
    def may_be_unused(self) -> bool:
        """Whether it is a file input of a page in which nothing was chosen, if it has no bytes."""
        return self.filename == "" or (self.name == FILE and self.filename is None)

    @property
    def is_file(self) -> bool:
        if self.name == FILE or self.media_type.startswith("image/"):
            return True
        if self.is_json or not self.filename:
            return False
        is_text_of_a_page = self.filename == _BLOB and self.media_type.startswith("text/")
        return not is_text_of_a_page


def json_text(text: str) -> str:
    """Return the text of a field that came as JSON: of a string its characters, of anything else the JSON."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text  # the field refuses it by its own rule
    return value if isinstance(value, str) else text


def _value(headers: Mapping[str, Any], name: str) -> str:
    """Return a header without its parameters, in lower case; an empty text if there is none."""
    value, _ = headers.get(name, ("", {}))
    return str(value).strip().lower()
