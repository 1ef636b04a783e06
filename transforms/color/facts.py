"""Facts of a description: what a client is told of a source's colours."""

from dataclasses import replace

from .description import (
    ColorDescription,
    ColorSpace,
    HdrTransfer,
    primaries_name,
    transfer_name,
)
from .icc_facts import describe_profile, profile_name, profile_space


def describe(profile: bytes | None, otherwise: ColorDescription) -> ColorDescription:
    """Return the description by a profile if there is one; `otherwise` holds if the profile does not fit.

    A profile whose `cicp` tag says PQ or HLG is described by that tag."""
    if not profile or not profile_space(profile):
        return otherwise
    by_profile = describe_profile(profile)
    if by_profile.is_hdr and profile_space(profile) == "RGB":
        return by_profile
    return replace(_without_hdr(otherwise), profile=profile)


def summarize(description: ColorDescription, bit_depth: int | None) -> ColorSpace:
    """Return the facts of a description and of the samples that it describes."""
    profile = description.profile
    if not profile:
        return ColorSpace(
            transfer=transfer_name(description.transfer),
            primaries=primaries_name(description.primaries),
            bit_depth=bit_depth,
        )
    by_profile = describe_profile(profile)
    return ColorSpace(
        transfer=transfer_name(by_profile.transfer),
        primaries=primaries_name(by_profile.primaries),
        bit_depth=bit_depth,
        profile_name=profile_name(profile),
    )


def _without_hdr(description: ColorDescription) -> ColorDescription:
    if isinstance(description.transfer, HdrTransfer):
        return replace(description, transfer=None)
    return description
