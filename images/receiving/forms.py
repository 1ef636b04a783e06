"""A form with files, read once from its start to its end.

Django's parser splits a form into parts. Django's own loop over the parts skips malformed ones in silence: a
file with an empty name, or one without an end. The response would then lack such a file, so the loop here
refuses it.

Clients mark files in different ways. form_parts.py says which parts are files."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.http.multipartparser import (  # type: ignore[attr-defined]
    RAW,
    ChunkIter,
    LazyStream,
    MultiPartParserError,
    Parser,
    exhaust,
)
from django.utils.http import parse_header_parameters

from progimage.errors import BodyTooLarge, ParameterError
from progimage.parameters.parameter import PART_NAME
from progimage.text_form import TRANSFORM
from progimage.wording import show_value, suggest

from .filenames import clean_filename
from .form_parts import Part, json_text
from .uploads import CHUNK_BYTES, Spool, SpoolStack, Upload

FORM = "multipart/form-data"
OVERHEAD_BYTES = 1_100_000
"""Allowance of a form beside its files: text fields, boundaries and the headers of parts."""
_BOUNDARY = re.compile(r"[ -~]{0,200}[!-~]")
_PLAIN_ENCODINGS = ("7bit", "8bit", "binary")
_PART_NAMES = "one part named file, and others each with a name of its own, of 1 to 60 letters, digits, _ . -"


@dataclass(frozen=True)
class Form:
    """Text fields, and files in the order of their parts. If a file is too large, none of its bytes is kept.

    `parts` are the files whose names are not `file`. It is None if the endpoint takes no such files."""

    fields: QueryDict = field(default_factory=lambda: QueryDict(mutable=True))
    files: list[Upload] = field(default_factory=list)
    parts: dict[str, Upload] | None = None

    def check_files(self) -> None:
        """Raise ParameterError if the form brings no image."""
        if self.files:
            return
        suggestions = [suggest(name, ("file",)) for name in self.parts or ()]
        suggestion = next(filter(None, suggestions), "")
        raise ParameterError(
            f"Expected a part named file, with an image, but received none{suggestion}", pointer="/file"
        )

    @property
    def file_count(self) -> int:
        return len(self.files) + len(self.parts or ())


@contextmanager
def receive_form(request: HttpRequest, *, takes_parts: bool = False) -> Iterator[Form]:
    """Yield a form whose parts named `file` are images, perhaps none. The files exist during the context.

    Raise ParameterError, or BodyTooLarge for too many files or too much text."""
    with SpoolStack() as spools:
        form = Form(parts={} if takes_parts else None)
        try:
            _read(request, form, spools)
        except MultiPartParserError as error:
            raise _malformed(str(error)) from error
        yield form


def _read(request: HttpRequest, form: Form, spools: SpoolStack) -> None:
    boundary = _boundary(request)
    body = LazyStream(ChunkIter(request, CHUNK_BYTES))
    is_complete = False
    for number, (kind, headers, content) in enumerate(_parts(Parser(body, boundary))):
        if is_complete:
            raise _malformed("a part follows its end")
        if number == 0:
            exhaust(content)  # text before the first part has no meaning
        elif kind != RAW:
            _read_part(Part.of(headers), content, form, spools)
        elif content.read(2) == b"--":
            is_complete = True
            exhaust(content)
        else:
            raise _malformed("a part has no Content-Disposition")
    if not is_complete:
        raise _malformed("it has no end")


def _parts(parser: Parser) -> Iterator[tuple[str, dict[str, Any], LazyStream]]:
    """Yield the parts. Raise ParameterError if a header names a character set that Python does not know."""
    parts = iter(parser)
    while True:
        try:
            part = next(parts, None)
        except LookupError as error:
            raise _malformed("a part's header names an unknown character set") from error
        if part is None:
            return
        yield part


def _read_part(part: Part | None, content: LazyStream, form: Form, spools: SpoolStack) -> None:
    if part is None:
        raise _malformed("a part has no name")
    if part.may_be_unused:
        first_chunk = next(content, b"")
        if not first_chunk:
            return
        content.unget(first_chunk)
    is_transform = form.parts is not None and part.name == TRANSFORM
    if is_transform or not part.is_file:
        _read_field(part, content, form)
    else:
        _read_file(part, content, form, spools)


def _read_file(part: Part, content: LazyStream, form: Form, spools: SpoolStack) -> None:
    filename = clean_filename(part.filename or "", pointer="/file")
    _check_file(part, form)
    spool = spools.new_spool()
    for chunk in content:
        _write(spool, chunk)
    upload = spool.finish(filename)
    if part.name == "file" or form.parts is None:
        form.files.append(upload)
    else:
        form.parts[part.name] = upload


def _check_file(part: Part, form: Form) -> None:
    """Raise ParameterError or BodyTooLarge if the form may not have one more file of this name."""
    name = part.name
    if name != "file":
        if form.parts is None:
            raise _unexpected_part("parts named file", name)
        if name in form.parts or not PART_NAME.fullmatch(name):
            raise _unexpected_part(_PART_NAMES, name)
    if form.file_count == settings.MAX_UPLOAD_FILES:
        raise BodyTooLarge(f"Expected at most {settings.MAX_UPLOAD_FILES} files")
    if part.transfer_encoding not in _PLAIN_ENCODINGS:
        raise _malformed(f"a part has the Content-Transfer-Encoding {part.transfer_encoding[:20]!r}")


def _write(spool: Spool, chunk: bytes) -> None:
    """Write a chunk. If the file is too large, empty it on the disk but go on counting its bytes."""
    try:
        spool.write(chunk)
    except BodyTooLarge:
        spool.file.truncate(0)


def _read_field(part: Part, content: LazyStream, form: Form) -> None:
    max_bytes = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    text = content.read(max_bytes + 1)
    earlier_lengths = [len(value) for _, values in form.fields.lists() for value in values]
    if len(text) + sum(earlier_lengths) > max_bytes:
        raise BodyTooLarge(f"Expected at most {max_bytes} bytes of text fields in a form")
    if len(earlier_lengths) == settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:
        raise _malformed("it has too many fields")
    name = part.name
    try:
        form.fields.appendlist(name, json_text(text.decode()) if part.is_json else text.decode())
    except UnicodeDecodeError as error:
        raise ParameterError(f"Expected UTF-8 for {name[:60]!r}", pointer=f"/{name[:60]}") from error


def _boundary(request: HttpRequest) -> bytes:
    content_type = request.headers.get("Content-Type", "")
    _, parameters = parse_header_parameters(content_type)
    boundary = parameters.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise _malformed("its Content-Type has no boundary of 1 to 201 characters")
    return boundary.encode()


def _unexpected_part(expected: str, name: str) -> ParameterError:
    suggestion = suggest(name, ("file",))
    return ParameterError(f"Expected {expected} but received {show_value(name)}{suggestion}", pointer="/file")


def _malformed(reason: str) -> ParameterError:
    return ParameterError(f"Expected a well-formed form but {reason}")
