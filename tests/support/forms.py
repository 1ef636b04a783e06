"""Forms as clients send them, part by part."""

from typing import Any

from tests.conftest import Api


def part(content: bytes, *, name: str = "file", filename: str = "a.png", more: str = "") -> bytes:
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n{more}\r\n'
    return head.encode() + content + b"\r\n"


def send(api: Api, *parts: bytes, end: bytes = b"--x--\r\n") -> Any:
    return api.upload(b"".join(parts) + end, media_type="multipart/form-data; boundary=x")


def field(content: bytes, *, name: str = "file", filename: str | None = None, media_type: str = "") -> bytes:
    """Return a part as a client sends it: with or without a file name, with or without a media type."""
    disposition = f'form-data; name="{name}"' + ("" if filename is None else f'; filename="{filename}"')
    more = f"Content-Type: {media_type}\r\n" if media_type else ""
    return f"--x\r\nContent-Disposition: {disposition}\r\n{more}\r\n".encode() + content + b"\r\n"
