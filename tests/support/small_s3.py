"""A small S3 server in memory. It lacks the abilities that a test names, as servers that call themselves compatible do."""

import base64
import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

ABILITIES = ("conditions", "checksums", "ranges", "pages", "deletion", "many deletions")


class SmallS3(ThreadingHTTPServer):
    """One bucket. `lacks` are abilities that it has not; `refusal` is an error that every request gets."""

    daemon_threads = True

    def __init__(self, *, lacks: str = "", refusal: tuple[int, str] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Exchange)
        self.lacks = lacks
        self.refusal = refusal
        self.objects: dict[str, bytes] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: SmallS3

    def serve(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        key = unquote(parts.path).partition("/")[2].partition("/")[2]
        if self.server.refusal:
            self.refuse(*self.server.refusal)
        elif not key:
            self.serve_bucket(query, content)
        else:
            getattr(self, f"serve_{self.command.lower()}")(key, content)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = serve  # noqa: N815

    def serve_bucket(self, query: dict[str, str], content: bytes) -> None:
        if self.command == "GET":
            self.list_objects(query)
        elif self.command == "POST" and self.server.lacks == "many deletions":
            self.refuse(501, "NotImplemented")
        elif self.command == "POST":
            for key in re.findall(rb"<Key>(.*?)</Key>", content):
                self.server.objects.pop(key.decode(), None)
            self.answer(200, b"<DeleteResult></DeleteResult>")
        else:
            self.answer(200)

    def list_objects(self, query: dict[str, str]) -> None:
        keys = sorted(key for key in self.server.objects if key.startswith(query["prefix"]))
        start = int(query.get("continuation-token", "0"))
        if self.server.lacks == "pages" and start:
            keys = []
        page = keys[start : start + int(query.get("max-keys", "1000"))]
        stop = start + len(page)
        contents = "".join(
            f"<Contents><Key>{key}</Key><Size>1</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>"
            for key in page
        )
        is_cut = str(stop < len(keys)).lower()
        token = f"<NextContinuationToken>{stop}</NextContinuationToken>" if stop < len(keys) else ""
        body = f"<ListBucketResult><IsTruncated>{is_cut}</IsTruncated>{token}{contents}</ListBucketResult>"
        self.answer(200, body.encode())

    def serve_put(self, key: str, content: bytes) -> None:
        expected = self.headers.get("x-amz-checksum-sha256")
        actual = base64.b64encode(hashlib.sha256(content).digest()).decode()
        is_taken = key in self.server.objects and self.headers.get("If-None-Match") == "*"
        if is_taken and self.server.lacks != "conditions":
            self.refuse(412, "PreconditionFailed")
        elif expected not in (None, actual) and self.server.lacks != "checksums":
            self.refuse(400, "BadDigest")
        else:
            self.server.objects[key] = content
            self.answer(200, ETag='"1"')

    def serve_get(self, key: str, content: bytes) -> None:
        if key not in self.server.objects:
            self.refuse(404, "NoSuchKey")
            return
        stored = self.server.objects[key]
        byte_range = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if byte_range is None or self.server.lacks == "ranges":
            self.answer(200, stored)
            return
        start, last = int(byte_range[1]), int(byte_range[2] or len(stored) - 1)
        self.answer(206, stored[start : last + 1])

    def serve_head(self, key: str, content: bytes) -> None:
        if key in self.server.objects:
            self.answer(200)
        else:
            self.refuse(404, "NoSuchKey")

    def serve_delete(self, key: str, content: bytes) -> None:
        if self.server.lacks != "deletion":
            self.server.objects.pop(key, None)
        self.answer(204)

    def refuse(self, status: int, code: str) -> None:
        self.answer(status, f"<Error><Code>{code}</Code><Message>No.</Message></Error>".encode())

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response_only(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def small_s3(*, lacks: str = "", refusal: tuple[int, str] | None = None) -> Iterator[SmallS3]:
    with SmallS3(lacks=lacks, refusal=refusal) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
