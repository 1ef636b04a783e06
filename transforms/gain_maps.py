"""The gain map of a JPEG on its way through the pipeline, if `hdr=keep` names it."""

from pathlib import Path

from progimage.errors import UnprocessableImage
from transforms.decoding.jpeg.gain_map_reader import GainMap, read_gain_map
from transforms.encoding.gain_map_writer import encode_gain_map
from transforms.planning.gain_map_placement import place_gain_map
from transforms.planning.plan import Plan

from .geometry import Size
from .limits import Limits
from .steps import Drawing, get_placement


def find_kept_map(
    source: Path,
    plan: Plan,
    limits: Limits,
) -> GainMap | None:
    """Return the gain map that the result keeps; None if it keeps none or if the source has none.

    Raise UnprocessableImage if the source's HDR is of a kind that cannot be kept."""
    if plan.output.hdr != "keep":
        return None
    gain_map = read_gain_map(source, limits) if plan.header.format == "jpeg" else None
    if gain_map is None and plan.header.is_hdr:
        raise UnprocessableImage(
            "The HDR of this image cannot be kept (hdr=keep): it is in the picture itself, not in a gain map"
        )
    return gain_map


def draw_gain_map(gain_map: GainMap, drawing: Drawing) -> bytes:
    """Return the JPEG of a map that has gone through the same geometry as the drawn picture."""
    header = drawing.plan.header
    settled = [step for _, step in sorted(drawing.settled_steps.items())]
    placement = place_gain_map(
        Size(*gain_map.image.size),
        header.stored,
        header.orientation,
        [get_placement(drawing), *settled],
    )
    return encode_gain_map(gain_map, placement)
