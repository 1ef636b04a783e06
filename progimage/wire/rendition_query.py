"""The parameters of an image's URL, as Python's types: those of the query, and `format` of the path."""

from typing import TypedDict

from progimage.operations.geometry import Fit, Gravity
from progimage.operations.output import HdrHandling, MetadataLevel, Subsampling

from .urls import TransformSpec


class RenditionQuery(TypedDict, total=False):
    """The parameters of an image's URL. None is as if it were not given.

    `transform` is a Transform, its text form or its operations. From `width` to `enlarge` the parameters are
    those of resize, from `quality` to `hdr` those of the output. docs/operations.md explains them.
    `download` is the file name of an attachment, and `v` lets caches keep the response for ever."""

    format: str | None
    fm: str | None
    transform: TransformSpec | None
    width: int | None
    w: int | None
    height: int | None
    h: int | None
    fit: Fit | None
    gravity: Gravity | None
    focal: tuple[float, float] | str | None
    dpr: float | None
    enlarge: bool | None
    quality: int | None
    q: int | None
    max_bytes: int | None
    lossless: bool | None
    progressive: bool | None
    subsampling: Subsampling | None
    colors: int | None
    dither: bool | None
    effort: int | None
    background: str | None
    metadata: MetadataLevel | None
    hdr: HdrHandling | None
    download: str | None
    v: int | str | None
