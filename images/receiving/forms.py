"""A form with files, read once from its start to its end.

Django parses the parts. Its own loop over them passes in silence over what it does not understand (a file
whose name is no name, one that has no end), and such a file would be missing from the answer."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.http.multipartparser import (  # type: ignore[attr-defined]
    FIELD,
    FILE,
    ChunkIter,
    LazyStream,
    MultiPartParserError,
    Parser,
    exhaust,
)
from django.utils.http import parse_header_parameters

from images.database import release_connection
from progimage.errors import BodyTooLarge, ParameterError
from progimage.text_form import TRANSFORM

from .uploads import CHUNK_BYTES, Spool, Upload, plain_name

FORM = "multipart/form-data"
OVERHEAD_BYTES = 1_100_000
"""What a form may hold beside its files: text fields, boundaries and the headers of parts."""
_BOUNDARY = re.compile(r"[ -~]{0,200}[!-~]")
_PLAIN = ("7bit", "8bit", "binary")
_PART = re.compile(r"[\w.-]{1,60}", re.ASCII)
"""As references spell it: part:<name>."""
_PART_NAMES = "one part named file, and others each with a name of its own, of 1 to 60 letters, digits, _ . -"


@dataclass(frozen=True)
class Form:
    """Text fields, and files in the order of their parts. Of a file that is too large no byte is kept.

    `parts` are files by other names than `file`; None where there may be none."""

    fields: QueryDict = field(default_factory=lambda: QueryDict(mutable=True))
    files: list[Upload] = field(default_factory=list)
    parts: dict[str, Upload] | None = None


@contextmanager
def receive_form(request: HttpRequest, *, takes_parts: bool = False) -> Iterator[Form]:
    """The images are the parts `file` of a form. Their files are there as long as the context lasts.

    Raises ParameterError, or BodyTooLarge for too many files or too much text."""
    release_connection()
    with ExitStack() as spools:
        try:
            form = _read(request, spools, Form(parts={} if takes_parts else None))
        except MultiPartParserError as error:
            raise _malformed(str(error)) from error
        if not form.files:
            raise ParameterError("Expected a part named file but received none", pointer="/file")
        yield form


def _read(request: HttpRequest, spools: ExitStack, form: Form) -> Form:
    is_whole = False
    body = LazyStream(ChunkIter(request, CHUNK_BYTES))
    for number, (kind, headers, content) in enumerate(Parser(body, _boundary(request))):
        if is_whole:
            raise _malformed("a part follows its end")
        if number == 0:
            exhaust(content)  # what stands before the first part has no meaning
        elif kind == FILE:
            _read_file(headers, content, form, spools)
        elif kind == FIELD:
            _read_field(headers, content, form)
        elif content.read(2) == b"--":
            is_whole = True
            exhaust(content)
        else:
            raise _malformed("a part has no Content-Disposition")
    if not is_whole:
        raise _malformed("it has no end")
    return form


def _read_file(headers: dict[str, Any], content: LazyStream, form: Form, spools: ExitStack) -> None:
    name, filename = _name(headers), _parameters(headers)["filename"].decode()
    if form.parts is not None and name == TRANSFORM:
        return _read_field(headers, content, form)
    if name != "file" and (form.parts is None or name in form.parts or not _PART.fullmatch(name)):
        expected = "parts named file" if form.parts is None else _PART_NAMES
        raise ParameterError(f"Expected {expected} but received {name[:60]!r}", pointer="/file")
    if len(form.files) + len(form.parts or ()) == settings.MAX_UPLOAD_FILES:
        raise BodyTooLarge(f"Expected at most {settings.MAX_UPLOAD_FILES} files")
    encoding = headers.get("content-transfer-encoding", ("binary",))[0].strip().lower()
    if encoding not in _PLAIN:
        raise _malformed(f"a part has the Content-Transfer-Encoding {encoding[:20]!r}")
    spool = Spool()
    spools.enter_context(spool.file)
    for chunk in content:
        _keep(spool, chunk)
    upload = spool.finish(plain_name(filename))
    if name == "file" or form.parts is None:
        form.files.append(upload)
    else:
        form.parts[name] = upload
    return None


def _keep(spool: Spool, chunk: bytes) -> None:
    """Write, or give up what the disk holds of a file that is too large: it is counted to its end."""
    try:
        spool.write(chunk)
    except BodyTooLarge:
        spool.file.truncate(0)


def _read_field(headers: dict[str, Any], content: LazyStream, form: Form) -> None:
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    text, others = content.read(most + 1), [value for _, values in form.fields.lists() for value in values]
    if len(text) + sum(map(len, others)) > most:
        raise BodyTooLarge(f"Expected at most {most} bytes of text fields in a form")
    if len(others) == settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:
        raise _malformed("it has too many fields")
    name = _name(headers)
    try:
        form.fields.appendlist(name, text.decode())
    except UnicodeDecodeError as error:
        raise ParameterError(f"Expected UTF-8 for {name[:60]!r}", pointer=f"/{name[:60]}") from error


def _parameters(headers: dict[str, Any]) -> dict[str, bytes]:
    parameters: dict[str, bytes] = headers["content-disposition"][1]
    return parameters


def _name(headers: dict[str, Any]) -> str:
    with suppress(KeyError):
        return _parameters(headers)["name"].decode()
    raise _malformed("a part has no name")


def _boundary(request: HttpRequest) -> bytes:
    boundary = parse_header_parameters(request.META.get("CONTENT_TYPE", ""))[1].get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise _malformed("its Content-Type has no boundary of 1 to 201 characters")
    return boundary.encode()


def _malformed(why: str) -> ParameterError:
    return ParameterError(f"Expected a well-formed form but {why}")
