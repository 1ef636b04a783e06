"""JPEGs with gain maps, written byte for byte apart from the engine's own writer, and recomposed as HDR."""

import io
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.support import images as made
from tests.support.xmp_packets import packet

Linear = NDArray[np.float64]
"""Rows of RGB, in linear light, 1 is SDR white."""
ISO = b"urn:iso:std:iso:ts:21496:-1\0"
OFFSET = 1 / 64


@dataclass(frozen=True)
class Parameters:
    least: tuple[float, ...] = (0.0,)
    most: tuple[float, ...] = (3.0,)
    gamma: tuple[float, ...] = (1.0,)
    offset_sdr: tuple[float, ...] = (OFFSET,)
    offset_hdr: tuple[float, ...] = (OFFSET,)
    capacity: tuple[float, float] = (0.0, 3.0)


USUAL = Parameters()


@dataclass(frozen=True)
class Scene:
    sdr: Linear
    hdr: Linear


def scene(width: int = 640, height: int = 480, *, colored: bool = False) -> Scene:
    """A smooth scene: two ramps, and in the upper left a lamp of up to 8 times their light, which SDR lacks."""
    down, across = np.mgrid[0:height, 0:width]
    across = across / width
    down = down / height
    base = np.stack([0.05 + 0.6 * across, 0.05 + 0.6 * down, 0.3 + 0 * across], axis=-1)
    lamp = 7 * np.exp(-((across - 0.3) ** 2 + (down - 0.25) ** 2) / 0.02)
    tint = np.array([1.0, 0.6, 0.2] if colored else [1.0, 1.0, 1.0])
    return Scene(base, base * (1 + lamp[..., None] * tint))


def encode_srgb(linear: Linear) -> Image.Image:
    clipped = linear.clip(0, 1)
    encoded = np.where(clipped <= 0.0031308, 12.92 * clipped, 1.055 * clipped ** (1 / 2.4) - 0.055)
    return Image.fromarray((encoded * 255).round().astype(np.uint8))


def decode_srgb(image: Image.Image) -> Linear:
    encoded = np.asarray(image.convert("RGB")) / 255
    linear: Linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return linear


def ultra_hdr(
    seen: Scene,
    *,
    parameters: Parameters = USUAL,
    scale: int = 4,
    kinds: str = "xmp iso mpf container",
    turn: Any = None,
    xmp: str = "",
    behind: bytes = b"",
    **options: Any,
) -> bytes:
    """Return a JPEG whose gain map makes the scene's HDR of it. `kinds` names the descriptions that it has.

    `turn` is applied to what is stored of both, for an orientation that turns it back."""
    sdr = encode_srgb(seen.sdr)
    base = decode_srgb(sdr)
    gain = np.log2((seen.hdr + parameters.offset_hdr[0]) / (base + parameters.offset_sdr[0]))
    if len(parameters.most) == 1:
        gain = gain.mean(axis=-1, keepdims=True)
    least = np.array(parameters.least)
    most = np.array(parameters.most)
    share = ((gain - least) / (most - least)).clip(0, 1) ** np.array(parameters.gamma)
    levels = (share * 255).round().astype(np.uint8)
    gain_map = Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels)
    gain_map = gain_map.resize((sdr.width // scale, sdr.height // scale), Image.Resampling.BOX)
    if turn is not None:
        sdr = sdr.transpose(turn)
        gain_map = gain_map.transpose(turn)
    return joined(sdr, described(gain_map, parameters, kinds), kinds, xmp=xmp, behind=behind, **options)


def described(gain_map: Image.Image, parameters: Parameters, kinds: str) -> bytes:
    """Return the map's own JPEG with its parameters."""
    extra = b""
    if "iso" in kinds:
        extra += segment(ISO + iso(parameters))
    options: dict[str, Any] = {"quality": 95, "extra": extra}
    if "xmp" in kinds:
        options["xmp"] = xmp_parameters(parameters)
    if "apple" in kinds:
        options["xmp"] = packet('HDRGainMap:HDRGainMapVersion="65536"')
    buffer = io.BytesIO()
    gain_map.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def joined(
    sdr: Image.Image, gain_map: bytes, kinds: str, *, xmp: str = "", behind: bytes = b"", **options: Any
) -> bytes:
    """Return the file of a picture and its map."""
    elements = ""
    attributes = xmp
    if "container" in kinds:
        video = f"<Container:Item Item:Semantic='MotionPhoto' Item:Length='{len(behind)}'/>" if behind else ""
        elements = (
            "<Container:Directory><rdf:Seq><rdf:li rdf:parseType='Resource'><Container:Item Item:Semantic='Primary'/>"
            f"</rdf:li><rdf:li rdf:parseType='Resource'><Container:Item Item:Semantic='GainMap' Item:Length='{len(gain_map)}'/>"
            f"</rdf:li><rdf:li rdf:parseType='Resource'>{video}</rdf:li></rdf:Seq></Container:Directory>"
        )
        attributes += ' hdrgm:Version="1.0"'
    picture = made.encoded("jpeg", sdr, xmp=packet(attributes, elements), **options)
    if "mpf" in kinds:
        start = picture.index(b"\xff\xe1")
        place = start + 4 + 4
        size = len(picture) + len(segment(mpf(0, 0, 0)))
        picture = picture[:start] + segment(mpf(size, size - place, len(gain_map))) + picture[start:]
    return picture + gain_map + behind


def segment(content: bytes) -> bytes:
    return b"\xff\xe2" + struct.pack(">H", len(content) + 2) + content


def mpf(first_size: int, offset: int, size: int, order: str = "<") -> bytes:
    head = b"II*\0" if order == "<" else b"MM\0*"
    entries = struct.pack(order + "IIIHH", 0x030000, first_size, 0, 0, 0) + struct.pack(
        order + "IIIHH", 0, size, offset, 0, 0
    )
    directory = struct.pack(order + "H", 3)
    directory += struct.pack(order + "HHI", 0xB000, 7, 4) + b"0100"
    directory += struct.pack(order + "HHII", 0xB001, 4, 1, 2)
    directory += struct.pack(order + "HHII", 0xB002, 7, len(entries), 50)
    return b"MPF\0" + head + struct.pack(order + "I", 8) + directory + bytes(4) + entries


def iso(parameters: Parameters, *, flags: int = 0x40, denominator: int = 1_000) -> bytes:
    count = max(len(parameters.most), len(parameters.gamma))
    flags |= 0x80 if count == 3 else 0
    content = struct.pack(">HHB", 0, 0, flags)
    for headroom in parameters.capacity:
        content += struct.pack(">II", round(headroom * denominator), denominator)
    columns = (
        parameters.least,
        parameters.most,
        parameters.gamma,
        parameters.offset_sdr,
        parameters.offset_hdr,
    )
    for channel in range(count):
        for values in columns:
            value = values[channel % len(values)]
            content += struct.pack(">iI", round(value * 64_000), 64_000)
    return content


def xmp_parameters(parameters: Parameters, attributes: str = "") -> bytes:
    names = {
        "GainMapMin": parameters.least,
        "GainMapMax": parameters.most,
        "Gamma": parameters.gamma,
        "OffsetSDR": parameters.offset_sdr,
        "OffsetHDR": parameters.offset_hdr,
    }
    elements = ""
    for name, values in names.items():
        if len(values) == 1:
            attributes += f' hdrgm:{name}="{values[0]}"'
        else:
            items = "".join(f"<rdf:li>{value}</rdf:li>" for value in values)
            elements += f"<hdrgm:{name}><rdf:Seq>{items}</rdf:Seq></hdrgm:{name}>"
    attributes += ' hdrgm:Version="1.0"'
    attributes += (
        f' hdrgm:HDRCapacityMin="{parameters.capacity[0]}" hdrgm:HDRCapacityMax="{parameters.capacity[1]}"'
    )
    return packet(attributes, elements)


def split(content: bytes) -> tuple[Image.Image, Image.Image]:
    """Return the picture and the map, which is the last JPEG that MPF names."""
    start, size = mpf_entry(content)
    assert len(content) == start + size
    return Image.open(io.BytesIO(content[:start])), Image.open(io.BytesIO(content[start:]))


def mpf_entry(content: bytes) -> tuple[int, int]:
    place = content.index(b"MPF\0") + 4
    order = "<" if content[place : place + 2] == b"II" else ">"
    entries = content.index(b"0100", place) + 4 + 24 + 4 + 0
    entries = place + struct.unpack_from(order + "I", content, place + 8 + 2 + 24 + 8)[0]
    _, size, offset = struct.unpack_from(order + "III", content, entries + 16)
    return place + offset, size


def recomposed(content: bytes, parameters: Parameters = USUAL) -> Linear:
    """Return the HDR picture that a screen with all of the headroom shows."""
    picture, gain_map = split(content)
    levels = gain_map.resize(picture.size, Image.Resampling.BICUBIC)
    share = np.asarray(levels.convert("RGB")) / 255
    least = np.array(parameters.least)
    most = np.array(parameters.most)
    gain = least + (most - least) * share ** (1 / np.array(parameters.gamma))
    linear: Linear = (decode_srgb(picture) + np.array(parameters.offset_sdr)) * 2**gain - np.array(
        parameters.offset_hdr
    )
    return linear


def stops_apart(found: Linear, right: Linear) -> NDArray[np.float64]:
    distance: NDArray[np.float64] = np.abs(np.log2(found.clip(0) + OFFSET) - np.log2(right.clip(0) + OFFSET))
    return distance
