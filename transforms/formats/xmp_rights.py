"""The author and the rights that XMP names, and a packet of our own that holds nothing else.

Source: IPTC Photo Metadata Standard 2023.2 (creator, rights, licensor, data mining), XMP part 1 (xmpRights),
PLUS LDF 1.2, ccREL."""

from collections.abc import Iterable, Iterator
from html import escape
from typing import NamedTuple

from .xmp import RDF, XML, Attribute, Element, Name, Packet

_DC = "http://purl.org/dc/elements/1.1/"
_XMP_RIGHTS = "http://ns.adobe.com/xap/1.0/rights/"
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
_IPTC_CORE = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
_PLUS = "http://ns.useplus.org/ldf/xmp/1.0/"
_CREATIVE_COMMONS = "http://creativecommons.org/ns#"

_PREFIXES = {
    _DC: "dc",
    _XMP_RIGHTS: "xmpRights",
    _PHOTOSHOP: "photoshop",
    _IPTC_CORE: "Iptc4xmpCore",
    _PLUS: "plus",
    _CREATIVE_COMMONS: "cc",
}
_CREATOR = Name(_DC, "creator")
_RIGHTS = Name(_DC, "rights")
_RIGHTS_PROPERTIES = (
    _CREATOR,
    _RIGHTS,
    Name(_XMP_RIGHTS, "Certificate"),
    Name(_XMP_RIGHTS, "Marked"),
    Name(_XMP_RIGHTS, "Owner"),
    Name(_XMP_RIGHTS, "UsageTerms"),
    Name(_XMP_RIGHTS, "WebStatement"),
    Name(_PHOTOSHOP, "AuthorsPosition"),
    Name(_PHOTOSHOP, "Credit"),
    Name(_PLUS, "CopyrightOwner"),
    Name(_PLUS, "CopyrightOwnerName"),
    Name(_PLUS, "DataMining"),
    Name(_PLUS, "ImageCreator"),
    Name(_PLUS, "ImageCreatorName"),
    Name(_PLUS, "Licensor"),
    Name(_PLUS, "LicensorName"),
    Name(_PLUS, "LicensorURL"),
    Name(_PLUS, "OtherConstraints"),
    Name(_CREATIVE_COMMONS, "attributionName"),
    Name(_CREATIVE_COMMONS, "attributionURL"),
    Name(_CREATIVE_COMMONS, "license"),
    Name(_CREATIVE_COMMONS, "morePermissions"),
)
_ARRAYS = (Name(RDF, "Alt"), Name(RDF, "Bag"), Name(RDF, "Seq"))
_DEFAULT_LANGUAGE = "x-default"
_MAX_PROPERTY_BYTES = 8_000
"""For one property. Usage terms have up to some thousand."""
_MAX_PACKET_BYTES = 32_000
"""A JPEG's segment holds twice that."""

_WRAPPER_HEAD = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
_WRAPPER_TAIL = '</x:xmpmeta><?xpacket end="r"?>'
_HEAD = f'{_WRAPPER_HEAD}<rdf:RDF xmlns:rdf="{RDF}"><rdf:Description rdf:about=""'
_TAIL = f"</rdf:Description></rdf:RDF>{_WRAPPER_TAIL}"


class Rights(NamedTuple):
    creator: str = ""
    notice: str = ""
    packet: bytes = b""
    """A packet with all rights and nothing else; nothing if XMP names none."""


def read_rights(packet: Packet) -> Rights:
    """Return the rights that the properties of a packet name."""
    properties: dict[Name, Element | Attribute] = {}
    for name, value in _properties(packet):
        properties.setdefault(name, value)
    creator = _text_of(properties.get(_CREATOR))
    # not every writer uses Dublin Core for the rights
    owner = properties.get(Name(_PLUS, "CopyrightOwnerName"))
    notice = _text_of(properties.get(_RIGHTS)) or _text_of(owner)
    named = [name for name in _RIGHTS_PROPERTIES if name in properties]
    written = [(name, _write_property(name, properties[name])) for name in named]
    kept = [(name, text) for name, text in written if text and len(text.encode()) <= _MAX_PROPERTY_BYTES]
    if not kept:
        return Rights(creator, notice)
    namespaces = {name.namespace for name, _ in kept}
    declarations = "".join(
        f' xmlns:{prefix}="{namespace}"' for namespace, prefix in _PREFIXES.items() if namespace in namespaces
    )
    content = f"{_HEAD}{declarations}>{''.join(text for _, text in kept)}{_TAIL}".encode()
    return Rights(creator, notice, content if len(content) <= _MAX_PACKET_BYTES else b"")


def without_wrapper(packet: bytes) -> bytes:
    """Return a packet of `read_rights` without the parts that XMP leaves to the writer; another as it is.

    Source: ISO 16684-1, 7.3.2 and 7.4."""
    head = _WRAPPER_HEAD.encode()
    tail = _WRAPPER_TAIL.encode()
    is_wrapped = packet.startswith(head) and packet.endswith(tail)
    return packet[len(head) : -len(tail)] if is_wrapped else packet


def _properties(packet: Packet) -> Iterator[tuple[Name, Element | Attribute]]:
    """Yield the properties, which XMP writes as elements or as attributes (ISO 16684-1, 7.9.2.2)."""
    for description in packet.descriptions():
        for attribute in description.attributes:
            yield attribute.name, attribute
        for child in description.children:
            yield child.name, child


def _text_of(value: Element | Attribute | None) -> str:
    """Return a property as one text: the names of a list, or the default of several languages."""
    if value is None:
        return ""
    if isinstance(value, Attribute):
        return _cleaned(value.value)
    texts = [(item.attribute(Name(XML, "lang")), _cleaned(item.text)) for item in _items(value)]
    texts = [(language, text) for language, text in texts if text]
    if not texts:
        return _cleaned(value.text)
    languages = dict(reversed(texts))
    if any(child.name == Name(RDF, "Alt") for child in value.children):
        return languages.get(_DEFAULT_LANGUAGE, texts[0][1])
    return "; ".join(text for _, text in texts)


def _items(value: Element) -> list[Element]:
    return [item for array in _arrays(value) for item in array.children if item.name == Name(RDF, "li")]


def _arrays(value: Element) -> list[Element]:
    return [child for child in value.children if child.name in _ARRAYS]


def _cleaned(text: str) -> str:
    """Return a text for a tag of EXIF, which ends at the first NUL and has one line."""
    plain = " ".join(text.split())
    return plain if len(plain.encode()) <= _MAX_PROPERTY_BYTES else ""


def _write_property(name: Name, value: Element | Attribute) -> str:
    """Return a property as an element in our own words; nothing if it is empty or has another form.

    Text, resources, lists of texts and of structures are written. Nothing else passes."""
    tag = f"{_PREFIXES[name.namespace]}:{name.local}"
    if isinstance(value, Attribute):
        text = value.value.strip()
        return f"<{tag}>{escape(text, quote=False)}</{tag}>" if text else ""
    resource = value.attribute(Name(RDF, "resource"))
    if resource:
        return f"<{tag} rdf:resource={_quoted(resource)}/>"
    arrays = _arrays(value)
    if not arrays:
        text = value.text.strip()
        return f"<{tag}>{escape(text, quote=False)}</{tag}>" if text else ""
    array = f"rdf:{arrays[0].name.local}"
    items = "".join(_write_items(_items(value)))
    return f"<{tag}><{array}>{items}</{array}></{tag}>" if items else ""


def _write_items(items: Iterable[Element]) -> Iterator[str]:
    for item in items:
        language = item.attribute(Name(XML, "lang"))
        text = item.text.strip()
        fields = "".join(_write_fields(item))
        if fields:
            yield f'<rdf:li rdf:parseType="Resource">{fields}</rdf:li>'
        elif text:
            mark = f" xml:lang={_quoted(language)}" if language else ""
            yield f"<rdf:li{mark}>{escape(text, quote=False)}</rdf:li>"


def _write_fields(item: Element) -> Iterator[str]:
    """Yield the fields of a structure of PLUS: the licensor's name and address."""
    holders = [item, *(child for child in item.children if child.name == Name(RDF, "Description"))]
    for holder in holders:
        for attribute in holder.attributes:
            if attribute.name.namespace == _PLUS:
                yield _write_property(attribute.name, attribute)
        for child in holder.children:
            if child.name.namespace == _PLUS and not child.children:
                yield _write_property(child.name, child)


def _quoted(text: str) -> str:
    """Return the value of an attribute, with its quotes. Plain line ends and tabs would be spaces."""
    escaped = escape(text)
    for character in "\t\n\r":
        escaped = escaped.replace(character, f"&#{ord(character)};")
    return f'"{escaped}"'
