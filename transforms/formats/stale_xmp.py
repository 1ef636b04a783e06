"""XMP without the properties that hold for the source's pixels or parts alone.

A result has one picture: no gain map (unless `hdr` keeps it), video, depth, sound or smaller copy of it."""

from transforms.geometry import Changes

from .xmp import RDF, XMLNS, Element, Name, Packet, parse_xmp

_STALE_NAMES = frozenset({
    "Orientation", "ImageWidth", "ImageLength", "PixelXDimension", "PixelYDimension",
    "ColorSpace", "ICCProfile", "SubjectArea", "SubjectLocation", "Gamma", "NativeDigest",
})  # fmt: skip
"""Of TIFF's and EXIF's tags, and of Photoshop, in any namespace."""

_DENSITY_NAMES = frozenset({"XResolution", "YResolution", "ResolutionUnit"})

_XMP_BASIC = "http://ns.adobe.com/xap/1.0/"
_EXTENSIONS = "http://ns.adobe.com/xmp/note/"
_PANORAMA = "http://ns.google.com/photos/1.0/panorama/"
_GOOGLE_CAMERA = "http://ns.google.com/photos/1.0/camera/"
_IPTC_EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"

_GONE_PROPERTIES = frozenset({
    Name(_XMP_BASIC, "Thumbnails"),
    Name(_EXTENSIONS, "HasExtendedXMP"),
})  # fmt: skip
_GONE_NAMESPACES = (
    "http://ns.adobe.com/hdr-gain-map/",
    "http://ns.adobe.com/xap/1.0/g/img/",
    "http://ns.apple.com/HDRGainMap/",
    "http://ns.apple.com/pixeldatainfo/",
    "http://ns.google.com/photos/1.0/audio/",
    "http://ns.google.com/photos/1.0/container/",
    "http://ns.google.com/photos/1.0/depthmap/",
    "http://ns.google.com/photos/1.0/focus/",
    "http://ns.google.com/photos/1.0/image/",
    "http://ns.google.com/photos/dd/",
    "http://ns.oplus.com/photos/",
    "http://ns.xiaomi.com/photos/",
)
"""Beginnings of namespaces that describe other parts of the file: gain maps, and the containers, videos,
depth maps, sounds and copies of Google's and other cameras."""
_GONE_CAMERA_PROPERTIES = ("MotionPhoto", "MicroVideo", "hdrp_makernote", "shot_log_data")
"""Beginnings of names in Google's namespace for cameras."""

_REGION_NAMESPACES = (
    "http://www.metadataworkinggroup.com/schemas/regions/",
    "http://ns.microsoft.com/photo/1.2/",
)
"""Places in the picture, such as faces with names, as shares of its sides."""


def without_stale(packet: Packet, changes: Changes) -> bytes:
    """Return a packet with the properties that still hold, byte for byte; nothing if none is left."""
    spans = _find_stale(packet.root, changes)
    if not spans:
        return packet.content if _holds_properties(packet) else b""
    content = packet.without(spans)
    remaining = parse_xmp(content)
    return content if remaining and _holds_properties(remaining) else b""


def _find_stale(element: Element, changes: Changes) -> list[tuple[int, int]]:
    spans = [
        (attribute.start, attribute.end)
        for attribute in element.attributes
        if _is_stale(attribute.name, changes)
        or (attribute.name.namespace == XMLNS and _is_gone(attribute.value, changes))
    ]
    for child in element.children:
        if _is_stale(child.name, changes):
            spans.append((child.start, child.end))
        else:
            spans += _find_stale(child, changes)
    return spans


def _is_stale(name: Name, changes: Changes) -> bool:
    if name.namespace in (XMLNS, RDF):
        return False
    if name in _GONE_PROPERTIES or name.local in _STALE_NAMES:
        return True
    if name.local in _DENSITY_NAMES:
        # EXIF and the format's own field have the exchanged numbers
        return changes.swaps_sides or changes.is_askew
    if name.namespace == _GOOGLE_CAMERA:
        return name.local.startswith(_GONE_CAMERA_PROPERTIES)
    if name == Name(_IPTC_EXTENSION, "ImageRegion"):
        return changes.moves_shares
    return _is_gone(name.namespace, changes)


def _is_gone(namespace: str, changes: Changes) -> bool:
    """Whether nothing in the namespace holds any longer."""
    if namespace.startswith(_GONE_NAMESPACES):
        return True
    if namespace.startswith(_REGION_NAMESPACES):
        return changes.moves_shares
    return namespace == _PANORAMA and changes.moves_pixels


def _holds_properties(packet: Packet) -> bool:
    for description in packet.descriptions():
        if description.children:
            return True
        if any(attribute.name.namespace not in (RDF, XMLNS, "") for attribute in description.attributes):
            return True
    return False
