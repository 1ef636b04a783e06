"""The table of pixels: results of every operation and every format for small images made by code.

    python -m tests.support.pixels  # `make pixels` writes tests/pixels.json anew

A rendition's cache key holds RENDER_VERSION, so results that change without it would be served beside old ones.
tests/test_pixels.py renders every row again and compares it with the table."""

import base64
import hashlib
import json
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pi_heif  # type: ignore[import-untyped]
from PIL import AvifImagePlugin, Image, ImageDraw, ImageSequence, features

from progimage.operations import Operation, Output, operations
from progimage.text_form import parse_text
from progimage.transform import Transform
from tests.support import images as made
from transforms.decoding.decode import probe
from transforms.engine import render_file
from transforms.formats.save_options import EncodeTask
from transforms.formats.table import FORMATS, WRITABLE
from transforms.planning.resolve import RENDER_VERSION, resolve

TABLE = Path(__file__).parents[1] / "pixels.json"
REMEDY = (
    "If the change is intended, raise RENDER_VERSION in transforms/planning/resolve.py and run `make pixels`, "
    "then read the diff of tests/pixels.json. If the operation is new and was never released, "
    "`git checkout tests/pixels.json` and `make pixels` instead"
)

MAX_DIFFERENCE = 8
MAX_MEAN_DIFFERENCE = 1.0
"""Levels of 255, for lossy codecs. Their SIMD paths round differently from processor to processor."""
MAX_MEANS_DIFFERENCE = 2
"""Levels of 255, for the means of an exact result on another kind of processor than the table's. Kernels,
matrices and turns are computed in floats there, and a fused multiply-add moves a value that is nearly a half."""

_OPTIONS = (
    "resize:width=30", "resize:width=72,enlarge=true", "resize:width=20,height=20,fit=contain",
    "resize:width=20,height=9,fit=fill", "resize:width=16,height=16,fit=cover,gravity=smart",
    "thumbnail:width=12,height=18,gravity=northeast", "crop:aspect_ratio=2%3A3,gravity=smart",
    "crop:left=0.13,width=0.61,unit=ratio/resize:width=19", "rotate:angle=90", "rotate:angle=30,expand=false",
    "rotate:angle=-12.5,background=red", "flip:direction=both", "trim:threshold=60,padding=1",
    "pad:top=3,left=5,fill=mirror", "pad:right=4,bottom=2,background=%2300800080",
    "temperature:amount=-40", "levels:black=30,white=220,gamma=1.4", "autocontrast:cutoff=12",
    "sepia:amount=50", "grayscale/contrast:amount=25/brightness:amount=-10", "hue:angle=45/saturation:amount=60",
    "blur:sigma=0.4", "blur:sigma=0.8", "blur:sigma=1.7", "blur:sigma=3", "blur:sigma=20",
    "sharpen:sigma=2,amount=150,threshold=6", "median:size=5", "emboss:angle=60,depth=2",
    "convolve:kernel=1;2;3;2;1;2;4;6;4;2;3;6;9;6;3;2;4;6;4;2;1;2;3;2;1,offset=-9", "pixelate:size=7",
    "noise:amount=12,seed=3,monochrome=true", "vignette:amount=80,radius=20,feather=50,color=navy",
    "mask:shape=circle,feather=2", "mask:shape=rectangle,radius=9,invert=true",
    "mask:shape=polygon,points=0.1;0.1;0.9;0.3;0.4;0.95,trim=true", "mask:image=part:logo",
    "colorkey:color=%2380ff40,tolerance=20,feather=40,invert=true",
    "redact:regions=0.1;0.2;0.5;0.6,unit=ratio,mode=pixelate", "redact:regions=5;4;30;20,mode=blur",
    "composite:image=part:logo,tile=true,x=3,y=2,rotation=20,opacity=60",
    "border:width=3,color=%23ff000080", "shadow:x=-3,y=2,sigma=0,color=%23102030a0",
    *(f"composite:image=part:logo,blend={mode}" for mode in (
        "multiply", "screen", "overlay", "darken", "lighten", "color-dodge", "color-burn", "hard-light",
        "soft-light", "difference", "exclusion",
    )),
)  # fmt: skip
"""More uses of operations than their examples, for the paths that an example does not take."""

_OUTPUTS: dict[str, tuple[dict[str, object], ...]] = {
    "jpeg": ({"quality": 50, "subsampling": "4:4:4"}, {"progressive": True}, {"max_bytes": 450}),
    "png": ({"colors": 8}, {"colors": 200}, {"effort": 10}),
    "webp": ({"lossless": True}, {"effort": 10}, {"quality": 40}),
    "avif": ({"quality": 30, "subsampling": "4:4:4"}, {"effort": 5}),
    "gif": ({"colors": 8}, {"colors": 8, "dither": False}),
    "jp2": ({"lossless": True}, {"quality": 30}),
}
"""More outputs than a format's own defaults."""

_LOSSY_SOURCES = ("jpeg", "webp", "avif", "heic")
_DECODED = ("resize:width=16", "grayscale/resize:width=16", "blur:sigma=5/resize:width=16")
"""Transforms of which a decoder may do a part: a reduction, luma alone, means of squares."""


@dataclass(frozen=True)
class Case:
    """One row: operations in the text form, done to a source and written as an output says."""

    text: str
    source: str
    output: Output

    @property
    def name(self) -> str:
        values = {name: value for name, value in self.output.as_dict().items() if value != _DEFAULTS[name]}
        spelled = ",".join(f"{name}={value}" for name, value in values.items())
        return f"{self.source} -> {self.text or 'as it is'} -> {spelled}"


_DEFAULTS = Output().as_dict()
_PNG = Output(format="png")


def cases() -> Iterator[Case]:
    for operation in operations().values():
        text = f"{operation.name}:{operation.example}" if operation.example else operation.name
        yield Case(text, "picture", _PNG)
        yield Case(text, "translucent", _PNG)
    for text in _OPTIONS:
        yield Case(text, "picture", _PNG)
        yield Case(text, "translucent", _PNG)
    for name in WRITABLE:
        variations: tuple[dict[str, object], ...] = ({}, *_OUTPUTS.get(name, ()))
        for values in variations:
            output = Output.from_dict(values | {"format": name})
            yield Case("", "small", output)
            yield Case("", "small translucent", output)
    for name in ("gif", "png", "webp"):
        yield Case("", "animation", Output.from_dict({"format": name, "lossless": name == "webp"}))
    for name in _LOSSY_SOURCES:
        for text in _DECODED:
            yield Case(text, name, _PNG)


def picture(width: int = 48, height: int = 32) -> Image.Image:
    """Ramps of red and green, a blue chessboard and a disc, within a white frame of 3 px."""
    image = Image.new("RGB", (width, height), "white")
    for y in range(3, height - 3):
        for x in range(3, width - 3):
            blue = 40 + 150 * ((x // 4 + y // 4) % 2)
            image.putpixel((x, y), (255 * x // width, 255 * y // height, blue))
    ImageDraw.Draw(image).ellipse((width // 2, height // 4, width // 2 + 9, height // 4 + 9), fill="#f0c0a0")
    return image


def translucent(width: int = 48, height: int = 32) -> Image.Image:
    """Return the picture with an alpha that grows from nothing on the left to all on the right."""
    image = picture(width, height)
    ramp = Image.linear_gradient("L").transpose(Image.Transpose.ROTATE_90).resize((width, height))
    image.putalpha(ramp.point(lambda value: min(255, max(0, 2 * value - 100))))
    return image


def _animation() -> bytes:
    frames = [picture(16, 12), picture(16, 12).transpose(Image.Transpose.ROTATE_180)]
    return made.encoded("png", frames[0], save_all=True, append_images=frames[1:], duration=[80, 120], loop=2)


def _sources() -> dict[str, bytes]:
    sources = {
        "picture": made.encoded("png", picture()),
        "translucent": made.encoded("png", translucent()),
        "small": made.encoded("png", picture(16, 12)),
        "small translucent": made.encoded("png", translucent(16, 12)),
        "animation": _animation(),
    }
    large = picture(64, 48)
    lossy = {name: made.encoded(name, large, lossless=False) for name in _LOSSY_SOURCES}
    return sources | lossy


def _logo() -> Image.Image:
    image = Image.new("RGBA", (18, 14), "#ff000000")
    ImageDraw.Draw(image).rectangle((2, 2, 15, 11), fill="#3070d0c0", outline="#ffffff")
    return image


class Studio:
    """The sources as files in a folder, and the one other image that operations name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, content in _sources().items():
            (folder / name).write_bytes(content)
        self.logo = folder / "logo"
        self.logo.write_bytes(made.encoded("png", _logo()))
        self.reference = f"sha256:{hashlib.sha256(self.logo.read_bytes()).hexdigest()}"

    def render(self, case: Case) -> dict[str, Any]:
        """Return the row of a case."""
        source, target = self.folder / case.source, self.folder / "target"
        steps = parse_text(case.text) if case.text else ()
        asked = Transform(tuple(map(self._with_logo, steps)), case.output)
        transform = resolve(asked, probe(source).format)
        render_file(source, transform, target, others={self.reference: self.logo})
        return _row(target.read_bytes(), transform.output, is_exact=_is_exact(case, transform.output))

    def _with_logo(self, operation: Operation) -> Operation:
        parameters = operation.parameters()
        named = [name for name in parameters if parameters[name].type == "image" and getattr(operation, name)]
        return replace(operation, **dict.fromkeys(named, self.reference))


def _is_exact(case: Case, output: Output) -> bool:
    return output.quality is None and case.source not in _LOSSY_SOURCES


def _row(content: bytes, output: Output, *, is_exact: bool) -> dict[str, Any]:
    image = Image.open(BytesIO(content))
    frames = [frame.convert("RGBA") for frame in ImageSequence.Iterator(image)]
    pixels = b"".join(frame.tobytes() for frame in frames)
    row: dict[str, Any] = {"size": f"{image.width}x{image.height}", "mode": image.mode, "frames": len(frames)}
    format = FORMATS[str(output.format)]
    if format.name != "png" or output != resolve(Transform(output=_PNG), "png").output:
        options = format.options(EncodeTask(output, frames, image.width * image.height, 1))
        row["options"] = " ".join(f"{name}={value}" for name, value in options.items())
    if is_exact:
        means = frames[0].resize((2, 2), Image.Resampling.BOX).tobytes().hex()
        return row | {"sha256": hashlib.sha256(pixels).hexdigest()[:16], "means": means}
    if image.mode != "RGBA":
        pixels = frames[0].convert("RGB").tobytes()
    return row | {"pixels": base64.b64encode(pixels).decode()}


def rows() -> dict[str, dict[str, Any]]:
    """Render every case. Rows by their cases' names."""
    with TemporaryDirectory() as folder:
        studio = Studio(Path(folder))
        return {case.name: studio.render(case) for case in cases()}


def read() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(TABLE.read_text())
    return table


def machine() -> str:
    return f"{platform.system()} {platform.machine()}"


def libraries() -> dict[str, str]:
    """Return the versions of everything that makes pixels or bytes."""
    names = ("libjpeg_turbo", "zlib", "zlib_ng", "webp", "avif", "jpg_2000", "libtiff", "littlecms2")
    versions = {name: str(features.version(name)) for name in names}
    versions["pillow"] = str(features.version("pil"))
    versions["avif codecs"] = str(AvifImagePlugin._avif.codec_versions())  # type: ignore[attr-defined]
    heif = pi_heif.libheif_info()
    versions["pi_heif"] = pi_heif.__version__
    versions["libheif"] = f"{heif['libheif']}, {', '.join(heif['decoders'].values())}"
    return versions


def differing_libraries(table: Mapping[str, Any]) -> list[str]:
    now = libraries()
    kept = table["libraries"]
    names = sorted(now.keys() | kept.keys())
    return [
        f"{name} {kept.get(name)} -> {now.get(name)}" for name in names if kept.get(name) != now.get(name)
    ]


def agrees(expected: Mapping[str, Any], row: Mapping[str, Any], *, is_same_machine: bool) -> bool:
    """Whether a row is the table's: by its hash, or within the tolerances above."""
    loose = {"pixels"} if is_same_machine else {"pixels", "means", "sha256"}
    if {name: value for name, value in expected.items() if name not in loose} != {
        name: value for name, value in row.items() if name not in loose
    }:
        return False
    if "pixels" in expected:
        return _are_near(base64.b64decode(expected["pixels"]), base64.b64decode(row["pixels"]))
    pairs = zip(bytes.fromhex(expected["means"]), bytes.fromhex(row["means"]), strict=True)
    return all(abs(one - other) <= MAX_MEANS_DIFFERENCE for one, other in pairs)


def _are_near(kept: bytes, now: bytes) -> bool:
    differences = [abs(one - other) for one, other in zip(kept, now, strict=True)]
    return max(differences) <= MAX_DIFFERENCE and sum(differences) / len(differences) <= MAX_MEAN_DIFFERENCE


def changed(table: Mapping[str, Any], now: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the names of the table's rows that are rendered otherwise now."""
    is_same_machine = table["machine"] == machine()
    kept = table["rows"]
    common = [name for name in kept if name in now]
    return [name for name in common if not agrees(kept[name], now[name], is_same_machine=is_same_machine)]


def explain(table: Mapping[str, Any], names: list[str]) -> str:
    """Return the sentences of a failure: the rows, the libraries that differ, and the remedy."""
    shown = "\n".join(f"  {name}" for name in names)
    sentences = [f"{len(names)} results changed and RENDER_VERSION is {RENDER_VERSION} still:\n{shown}\n"]
    if libraries_now := differing_libraries(table):
        sentences.append(f"The table was made with other libraries: {'; '.join(libraries_now)}. ")
    return "".join([*sentences, REMEDY, "."])


def write() -> None:
    """Write the table anew. Refuse if rows changed and RENDER_VERSION did not."""
    now = rows()
    if TABLE.exists():
        table = read()
        names = changed(table, now)
        if names and table["render_version"] == RENDER_VERSION:
            raise SystemExit(explain(table, names))
    head = {"render_version": RENDER_VERSION, "machine": machine(), "libraries": libraries()}
    parts = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()]
    lines = [f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in sorted(now.items())]
    parts.append('"rows": {\n' + ",\n".join(lines) + "\n}")
    TABLE.write_text("{\n" + ",\n".join(parts) + "\n}\n")


if __name__ == "__main__":
    write()
