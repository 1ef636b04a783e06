"""The output of a transform: the format of the result and its options, which have no order."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from progimage.parameters.annotations import Alias, Color, Short
from progimage.parameters.ranges import Range

from .operation import ParameterSet

OutputFormat = Literal["jpeg", "png", "webp", "avif", "gif", "tiff", "bmp", "ico", "jp2", "auto"]
FormatAlias = Literal["jpg", "tif"]
"""Extensions of files that name a format as well as its own name does."""
Subsampling = Literal["4:4:4", "4:2:2", "4:2:0"]
MetadataLevel = Literal["safe", "copyright", "keep"]

HdrHandling = Literal["sdr", "keep"]


@dataclass(frozen=True, kw_only=True)
class Output(ParameterSet):
    """The format of the result and its options. An option that the format does not have is ignored."""

    name: ClassVar[str] = "output"
    format: Annotated[
        Literal[OutputFormat, FormatAlias] | None,
        Short("fm"),
        Alias("jpg", "jpeg"),
        Alias("tif", "tiff"),
        "The format; the source's own if none is given. jpg means jpeg, and tif means tiff. auto: avif or "
        "webp, if the request's Accept header names them, otherwise the same as without auto.",
    ] = None
    quality: Annotated[
        int | None,
        Range(1, 100),
        Short("q"),
        "Quality of lossy formats. If none is given: jpeg 80, webp 79, avif 60, jp2 80; 100 with max_bytes.",
    ] = None
    max_bytes: Annotated[
        int | None,
        Range(100, 100_000_000, "bytes"),
        "The largest size of the result. The best quality that fits is used, up to the given quality. A "
        "lossless result that does not fit is refused.",
    ] = None
    lossless: Annotated[bool, "Keep every pixel unchanged, in webp and jp2."] = False
    progressive: Annotated[bool, "Write a progressive JPEG. It appears earlier and is often smaller."] = False
    subsampling: Annotated[
        Subsampling | None,
        "Resolution of the colours in jpeg and avif: full (4:4:4), half horizontally (4:2:2), or half in "
        "both directions (4:2:0). If none is given: 4:2:0.",
    ] = None
    colors: Annotated[
        int | None,
        Range(2, 256, "colours"),
        "Write a palette of at most this many colours, in png and gif. If none is given, a gif has 256.",
    ] = None
    dither: Annotated[bool, "Mix colours that the palette lacks from those that it has."] = True
    effort: Annotated[
        int | None,
        Range(1, 10),
        "The time spent on fewer bytes of png, webp and avif: 1 is fast, 10 is small. If none is given, it "
        "depends on the image's size. The size also limits it, because a client waits for the result.",
    ] = None
    background: Annotated[
        Color | None,
        "The colour below transparent parts. If none is given, they stay transparent if the format allows "
        "it, and become white otherwise.",
    ] = None
    metadata: Annotated[
        MetadataLevel,
        "The metadata in the result: safe (none), copyright (the creator and the rights), keep (the EXIF and "
        "XMP that still apply, with location and camera).",
    ] = "safe"
    hdr: Annotated[
        HdrHandling,
        "sdr: a picture for every screen. keep: a JPEG keeps its gain map (Ultra HDR, ISO 21496-1), changed "
        "like the picture, so that the result is HDR on screens that show it. keep is refused for formats "
        "other than jpeg and for operations other than geometry. An image that is not HDR stays as it is.",
    ] = "sdr"
