"""The author and the rights in IPTC (IIM 4.2), read from untrusted bytes."""

from PIL import ExifTags

_IPTC_RIGHTS = {
    (2, 80): ExifTags.Base.Artist,
    (2, 116): ExifTags.Base.Copyright,
}
"""IIM 4.2, section 6: by-line and copyright notice, by record and number of the data set."""


def read_iptc_rights(iptc: bytes) -> dict[int, bytes]:
    """Return the author and the rights that the data sets name, by the tags that EXIF has for them.

    They follow one another, each behind a head of five bytes (IIM 4.2, section 1.6)."""
    texts_by_tag: dict[int, list[bytes]] = {}
    position = 0
    while position + 5 <= len(iptc) and iptc[position] == 0x1C:
        record = iptc[position + 1]
        data_set = iptc[position + 2]
        size = int.from_bytes(iptc[position + 3 : position + 5])
        end = position + 5 + size
        tag = _IPTC_RIGHTS.get((record, data_set))
        text = _as_utf8(iptc[position + 5 : end].strip(b"\0 "))
        if tag and text:
            texts_by_tag.setdefault(tag, []).append(text)
        position = end
    return {tag: b"; ".join(texts) for tag, texts in texts_by_tag.items()}


def _as_utf8(text: bytes) -> bytes:
    try:
        text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1").encode()
    return text
