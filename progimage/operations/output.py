"""How a result is written: the format and what belongs to it. An output is no step: order does not matter."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from progimage.parameters.annotations import Color, Short
from progimage.parameters.ranges import Range

from .operation import ParameterSet

OutputFormat = Literal["jpeg", "png", "webp", "avif", "gif", "tiff", "bmp", "ico", "jp2", "auto"]
Subsampling = Literal["4:4:4", "4:2:2", "4:2:0"]
MetadataLevel = Literal["safe", "copyright", "keep"]


@dataclass(frozen=True, kw_only=True)
class Output(ParameterSet):
    """The format and its options. An option that a format does not have changes nothing there."""

    name: ClassVar[str] = "output"
    format: Annotated[
        OutputFormat | None,
        Short("fm"),
        "The format; the source's own when not given. auto: the best that the request's Accept names of avif "
        "and webp, else what it would be without auto.",
    ] = None
    quality: Annotated[
        int | None,
        Range(1, 100),
        Short("q"),
        "Quality of lossy formats; when not given jpeg 80, webp 79, avif 60, jp2 80; 100 with max_bytes.",
    ] = None
    max_bytes: Annotated[
        int | None,
        Range(100, 100_000_000, "bytes"),
        "The most that the result may have. The best quality that fits is taken, at most the quality given; "
        "without loss the result fits or is refused.",
    ] = None
    lossless: Annotated[bool, "Keep every pixel as it is, in webp and jp2."] = False
    progressive: Annotated[bool, "Write a progressive JPEG, which shows early and is often smaller."] = False
    subsampling: Annotated[
        Subsampling | None,
        "Resolution of the colours in jpeg and avif: full (4:4:4), half across (4:2:2) or half each way "
        "(4:2:0), the default.",
    ] = None
    colors: Annotated[
        int | None,
        Range(2, 256, "colours"),
        "Write a palette of at most so many colours, in png and gif (256 when not given).",
    ] = None
    dither: Annotated[bool, "Whether a palette's missing colours are mixed from its others."] = True
    effort: Annotated[
        int | None,
        Range(1, 10),
        "How much time goes into fewer bytes of png, webp and avif: 1 is fast, 10 small. When not given "
        "what suits an image of this size; never more than it allows while somebody waits.",
    ] = None
    background: Annotated[
        Color | None,
        "The colour below transparent parts. When not given they stay transparent where the format can hold "
        "them and become white where it cannot.",
    ] = None
    metadata: Annotated[
        MetadataLevel,
        "What the result says beside its pixels: safe (nothing), copyright (who made it and under what "
        "rights), keep (the EXIF and XMP that still hold, with place and camera).",
    ] = "safe"
