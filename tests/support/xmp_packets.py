"""XMP packets made by hand."""

_NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "cc": "http://creativecommons.org/ns#",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "t": "http://ns.adobe.com/tiff/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpGImg": "http://ns.adobe.com/xap/1.0/g/img/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
    "hdrgm": "http://ns.adobe.com/hdr-gain-map/1.0/",
    "Container": "http://ns.google.com/photos/1.0/container/",
    "GContainer": "http://ns.google.com/photos/1.0/container/",
    "Item": "http://ns.google.com/photos/1.0/container/item/",
    "GCamera": "http://ns.google.com/photos/1.0/camera/",
    "GImage": "http://ns.google.com/photos/1.0/image/",
    "GDepth": "http://ns.google.com/photos/1.0/depthmap/",
    "GPano": "http://ns.google.com/photos/1.0/panorama/",
    "Device": "http://ns.google.com/photos/dd/1.0/device/",
    "HDRGainMap": "http://ns.apple.com/HDRGainMap/1.0/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
}
GONE = ("xmpGImg", "hdrgm", "Container", "GContainer", "Item", "GImage", "GDepth", "Device", "HDRGainMap")
"""Prefixes of namespaces that describe other parts of a file."""
CONTAINER = (
    "<Container:Directory><rdf:Seq>"
    "<rdf:li rdf:parseType='Resource'><Container:Item Item:Semantic='Primary' Item:Mime='image/jpeg'/></rdf:li>"
    "<rdf:li rdf:parseType='Resource'><Container:Item Item:Semantic='MotionPhoto' Item:Length='9'/></rdf:li>"
    "</rdf:Seq></Container:Directory>"
)


def packet(attributes: str = "", elements: str = "", *, without: tuple[str, ...] = ()) -> bytes:
    """Return a packet of one description. It declares all prefixes but those in `without`."""
    declared = " ".join(
        f'xmlns:{prefix}="{uri}"' for prefix, uri in _NAMESPACES.items() if prefix not in without
    )
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {declared} {attributes}>{elements}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta>\n<?xpacket end="w"?>'
    ).encode()


def squeezed(content: bytes) -> bytes:
    """Return the text with single spaces and none before the end of a tag."""
    return b" ".join(content.split()).replace(b" >", b">")
