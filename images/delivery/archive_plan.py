"""The files of an archive, decided before its first byte. So its length is known, and its manifest is right.

Renditions that are not kept yet are made here, for at most the time of a render. Those that were made are
kept, so that a repetition of the request goes on from there."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from accounts.models import Account
from images.database import sleep_without_connection
from images.models import Image, Rendition
from images.receiving.filenames import clean_filename
from images.renditions.getting import find_failures, find_kept, open_rendition
from images.renditions.preparing import prepare_recipe
from images.renditions.sources import Recipe
from images.services import finding
from images.services.integrity import is_intact, mark_back
from progimage.errors import NotFound, ObjectMissing, ProgImageError, RenditionsPending, Unavailable
from transforms.formats.table import FORMATS

from .zip_format import ZipEntry, length_of

MANIFEST = "manifest.json"
_UNSAFE = re.compile(r"[^\w.()-]+")
_MAX_STEM_BYTES = 120
"""With the id and the extension a name stays below 255 bytes, the limit of most file systems."""
_BATCH_SIZE = 500
ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Member:
    """A file of the archive. `sha256` is that of its bytes, `facts` is its entry in the manifest."""

    image_id: UUID
    entry: ZipEntry
    sha256: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class ArchivePlan:
    """`members` are in the order of the zip. `manifest` names the images without a file, too."""

    members: Sequence[Member]
    manifest: bytes

    @cached_property
    def manifest_entry(self) -> ZipEntry:
        return ZipEntry(MANIFEST, len(self.manifest), timezone.now())

    @property
    def length(self) -> int:
        """The bytes of the zip."""
        return length_of([*(member.entry for member in self.members), self.manifest_entry])


@dataclass
class Budget:
    """The time in which missing images may be made or opened. It begins with the first of them."""

    seconds: float
    _ends_at: float | None = None

    def allows(self, pause_s: float = 0) -> bool:
        """Whether the time has not ended after a pause."""
        return time.monotonic() + pause_s <= self._begin()

    def retry(self, attempt: Callable[[], ResultT]) -> ResultT:
        """Return the result of an attempt. Repeat an attempt that raises Unavailable while the time lasts."""
        self._begin()
        while True:
            try:
                return attempt()
            except Unavailable as error:
                pause_s = error.retry_after_s or 1
                if not self.allows(pause_s):
                    raise
            sleep_without_connection(pause_s)

    def _begin(self) -> float:
        """Return the end of the time, which begins now if it has not begun."""
        if self._ends_at is None:
            self._ends_at = time.monotonic() + self.seconds
        return self._ends_at


@dataclass(frozen=True)
class _Missing:
    """A rendition to be made. `failure` is why it could not be made before; perhaps it can be now."""

    failure: ProgImageError | None = None


def plan_archive(ids: Sequence[UUID], account: Account, recipe: Recipe | None) -> ArchivePlan:
    """Decide the files of an archive: the original of each image, or its rendition, in the order of `ids`.

    An image that cannot be had has an entry with its error in the manifest. Raise RenditionsPending if the
    missing renditions take longer than a render may take, Unavailable if renderers or the storage do not
    answer."""
    budget = Budget(settings.RENDER_TIMEOUT_S)
    found: dict[UUID, Member | ProgImageError] = {}
    missing: dict[UUID, _Missing] = {}
    for start in range(0, len(ids), _BATCH_SIZE):
        batch = ids[start : start + _BATCH_SIZE]
        for image_id, member in _find_members(batch, account, recipe, budget):
            if isinstance(member, _Missing):
                missing[image_id] = member
            else:
                found[image_id] = member
    if recipe is not None:
        found |= _make_members(missing, account, recipe, budget)
    members = [member for image_id in ids if isinstance(member := found[image_id], Member)]
    manifest = [_entry_of(image_id, found[image_id]) for image_id in ids]
    return ArchivePlan(members, json.dumps(manifest, ensure_ascii=False, indent=1).encode())


def _find_members(
    ids: Sequence[UUID], account: Account, recipe: Recipe | None, budget: Budget
) -> Iterator[tuple[UUID, Member | ProgImageError | _Missing]]:
    """Yield each id with its member, its error, or what is known of its rendition that is to be made.

    An original that was missing before is looked for within the time of the renders. So images that cannot be
    rendered for that reason do not take the time from the others again and again."""
    images = finding.find_own_images(ids, account=account)
    for image_id in ids:
        if image_id not in images:
            yield image_id, NotFound("There is no image with this id")
    if recipe is None:
        for image in images.values():
            yield image.pk, _original_of(image, budget)
        return
    prepared = {}
    for image in images.values():
        try:
            prepared[image.pk] = prepare_recipe(image, recipe)
        except ProgImageError as error:
            yield image.pk, error
    kept = find_kept(prepared.values())
    failures = find_failures(prepared.values())
    for image_id in prepared:
        image = images[image_id]
        row = kept.get(image_id)
        if row is not None:
            yield image_id, _member_of(image, row)
        else:
            yield image_id, _find_loss(image, budget) or _Missing(failures.get(image_id))


def _original_of(image: Image, budget: Budget) -> Member | ProgImageError:
    return _find_loss(image, budget) or _member_of(image, image)


def _find_loss(image: Image, budget: Budget) -> ObjectMissing | None:
    """Look into storage only if the bytes were missing before: they may be back."""
    if image.missing_at is None:
        return None
    if budget.allows() and is_intact(image):
        mark_back(image)
        return None
    return ObjectMissing("The image's bytes are missing from storage")


def _make_members(
    missing: Mapping[UUID, _Missing], account: Account, recipe: Recipe, budget: Budget
) -> dict[UUID, Member | ProgImageError]:
    """Render one image after the other, at least one. Those that failed before come last.

    If the time ends before them, their failures count: each would take the whole time of a request, and be
    forgotten before the last is tried, so that no repetition came to an end. Raise RenditionsPending if the
    time ends before the others."""
    made: dict[UUID, Member | ProgImageError] = {}
    untried_ids = [image_id for image_id, member in missing.items() if member.failure is None]
    failures = {image_id: member.failure for image_id, member in missing.items() if member.failure}
    for image_id in [*untried_ids, *failures]:
        if not made or budget.allows():
            made[image_id] = _make_member(image_id, account, recipe, budget)
        elif image_id in failures:
            made[image_id] = failures[image_id]
        else:
            remaining_count = len(untried_ids) - len(made)
            raise RenditionsPending(
                f"{remaining_count} renditions are still to be made: repeat the request to go on",
                retry_after_s=1,
            )
    return made


def _make_member(image_id: UUID, account: Account, recipe: Recipe, budget: Budget) -> Member | ProgImageError:
    """Render, and return the member or its error. Raise Unavailable if the renderers stay busy."""

    def make() -> Member:
        image = finding.get_own_image(image_id, account=account)
        with open_rendition(prepare_recipe(image, recipe)) as rendition:
            return _member_of(image, rendition.row)

    try:
        return budget.retry(make)
    except Unavailable:
        raise
    except ProgImageError as error:
        return error


def _member_of(image: Image, row: Image | Rendition) -> Member:
    """Return the file with the bytes of `row`: of the image itself, or of its rendition."""
    size_bytes = row.size_bytes or 0
    entry = ZipEntry(_name_of(image, row.format), size_bytes, image.created_at)
    facts = {
        "id": str(image.pk),
        "file": entry.name,
        "filename": clean_filename(image.filename),
        "format": row.format,
        "width": row.width,
        "height": row.height,
        "sha256": row.sha256,
        "bytes": size_bytes,
    }
    return Member(image.pk, entry, row.sha256, facts)


def _name_of(image: Image, format: str) -> str:
    """Return a name that is unique by the id and says the format. The caller's own name is made inert."""
    filename = clean_filename(image.filename)
    stem = filename.rpartition(".")[0] or filename
    cut_stem = _UNSAFE.sub("_", stem).encode()[:_MAX_STEM_BYTES].decode(errors="ignore")
    safe_stem = cut_stem.strip("._")
    name = "-".join(part for part in (safe_stem, str(image.pk)) if part)
    return f"{name}.{FORMATS[format].extensions[0]}"


def _entry_of(image_id: UUID, member: Member | ProgImageError) -> dict[str, Any]:
    if isinstance(member, Member):
        return member.facts
    problem = {"code": member.code, "detail": member.message}
    return {"id": str(image_id), "error": problem}
