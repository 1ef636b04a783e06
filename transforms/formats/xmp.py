"""XMP packets as trees of elements that know their bytes, read from untrusted bytes.

A document type is refused: it could name files and repeat entities without end. Depth and number are bounded.
Source: ISO 16684-1, section 7 (RDF/XML), and XMP part 3 (packets)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.parsers.expat import (
    ExpatError,
    ParserCreate,
)

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XMLNS = "xmlns"
"""The namespace that a declaration `xmlns:prefix` has here."""
XML = "http://www.w3.org/XML/1998/namespace"

_MAX_DEPTH = 64
_MAX_NODES = 50_000
"""Elements and attributes. Lightroom's longest histories have some thousand."""
_MAX_PREFIXES = 200
"""At a time. Each declaration copies those around it."""
_ATTRIBUTE = re.compile(rb"""\s+([^\s=<>"']+)\s*=\s*(?:"[^"]*"|'[^']*')""")
_TAG_NAME = re.compile(rb"<[^\s/>]+")
_EMPTY_END = re.compile(rb"\s*/>")
_XML_DECLARATION = re.compile(r"\s*<\?xml\s[^>]*\?>")
_BYTE_ORDER_MARKS = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


class Name(NamedTuple):
    namespace: str
    local: str


class Attribute(NamedTuple):
    """`start` and `end` are bytes of the packet, with the white space before the attribute."""

    name: Name
    value: str
    start: int
    end: int


@dataclass
class Element:
    """`start` and `end` are bytes of the packet, with both tags. Its content ends at `content_end`."""

    name: Name
    attributes: list[Attribute]
    start: int
    end: int = 0
    content_end: int = 0
    children: list["Element"] = field(default_factory=list)
    text: str = ""

    def walk(self) -> Iterator["Element"]:
        """Yield the element and all elements in it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def attribute(self, name: Name) -> str:
        return next((each.value for each in self.attributes if each.name == name), "")


class Packet(NamedTuple):
    content: bytes
    """In UTF-8."""
    root: Element

    def descriptions(self) -> Iterator[Element]:
        """Yield the elements that hold the properties of the file."""
        name = Name(RDF, "Description")
        for element in self.root.walk():
            if element.name == Name(RDF, "RDF"):
                yield from (child for child in element.children if child.name == name)

    def without(self, spans: list[tuple[int, int]]) -> bytes:
        """Return the content without spans of bytes that do not overlap."""
        kept = []
        position = 0
        for start, end in sorted(spans):
            kept.append(self.content[position:start])
            position = end
        kept.append(self.content[position:])
        return b"".join(kept)


def parse_xmp(packet: bytes) -> Packet | None:
    """Parse a packet in UTF-8, UTF-16 or UTF-32. Return None if it is malformed or beyond the limits."""
    try:
        content = _as_utf8(packet)
        reader = _Reader(content)
        return Packet(content, reader.read())
    except (ValueError, ExpatError):
        return None


def _as_utf8(packet: bytes) -> bytes:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if packet.startswith(mark):
            text = packet.decode(encoding).lstrip("\ufeff").rstrip("\0")
            return _XML_DECLARATION.sub("", text, count=1).encode()
    return packet.decode("utf-8-sig").rstrip("\0").encode()


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._stack: list[Element] = []
        self._scopes: list[dict[str, str]] = [{"xml": XML}]
        self._texts: list[list[str]] = []
        self._nodes = 0
        self._root: Element | None = None

    def read(self) -> Element:
        """Return the root. Raise ValueError or ExpatError."""
        parser = ParserCreate("utf-8")
        parser.ordered_attributes = True
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._add_text
        parser.StartDoctypeDeclHandler = _refuse_document_type
        self._parser = parser
        parser.Parse(self._content, True)
        if self._root is None:
            raise ValueError("Expected an element")
        return self._root

    def _start(self, tag: str, pairs: list[str]) -> None:
        self._nodes += 1 + len(pairs) // 2
        if self._nodes > _MAX_NODES or len(self._stack) >= _MAX_DEPTH:
            raise ValueError("Expected fewer elements")
        names = pairs[::2]
        values = pairs[1::2]
        scope = self._scopes[-1]
        declared = {
            name.removeprefix("xmlns").removeprefix(":"): value
            for name, value in zip(names, values, strict=True)
            if name == "xmlns" or name.startswith("xmlns:")
        }
        if declared:
            scope = scope | declared
            if len(scope) > _MAX_PREFIXES:
                raise ValueError("Expected fewer prefixes")
        self._scopes.append(scope)
        start = self._parser.CurrentByteIndex
        spans = self._attribute_spans(start, len(names))
        attributes = [
            Attribute(_expand(name, scope, is_attribute=True), value, *span)
            for name, value, span in zip(names, values, spans, strict=True)
        ]
        element = Element(_expand(tag, scope), attributes, start)
        empty = _EMPTY_END.match(self._content, spans[-1][1] if spans else self._name_end(start))
        if empty:
            element.end = empty.end()
            element.content_end = element.end
        if self._stack:
            self._stack[-1].children.append(element)
        else:
            self._root = element
        self._stack.append(element)
        self._texts.append([])

    def _attribute_spans(self, start: int, count: int) -> list[tuple[int, int]]:
        """Return the bytes of each attribute of the start tag, which the parser has found well-formed."""
        position = self._name_end(start)
        spans = []
        for _ in range(count):
            attribute = _ATTRIBUTE.match(self._content, position)
            if attribute is None:
                raise ValueError("Expected an attribute")
            spans.append(attribute.span())
            position = attribute.end()
        return spans

    def _name_end(self, start: int) -> int:
        tag = _TAG_NAME.match(self._content, start)
        return tag.end() if tag else start

    def _end(self, tag: str) -> None:
        element = self._stack.pop()
        self._scopes.pop()
        element.text = "".join(self._texts.pop())
        if element.end:
            return
        element.content_end = self._parser.CurrentByteIndex
        element.end = self._content.index(b">", element.content_end) + 1

    def _add_text(self, text: str) -> None:
        if self._texts:
            self._texts[-1].append(text)


def _expand(
    name: str,
    scope: dict[str, str],
    *,
    is_attribute: bool = False,
) -> Name:
    """Return the name with its namespace. An attribute without a prefix has none."""
    prefix, _, local = name.rpartition(":")
    if is_attribute and (prefix == "xmlns" or name == "xmlns"):
        return Name(XMLNS, local)
    if is_attribute and not prefix:
        return Name("", local)
    return Name(scope.get(prefix, ""), local)


def _refuse_document_type(*_: object) -> None:
    raise ValueError("Expected no document type")
