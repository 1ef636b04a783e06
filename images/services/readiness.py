"""The moment when an image becomes ready: its time of creation, and its place in lists."""

from uuid import UUID

from accounts.models import Account
from images.database import read_clock
from images.ids import uuid7_at
from images.models import Image, Tag


def new_ready_id(account_id: int) -> UUID:
    """Return the place of an image that becomes ready in this transaction.

    The account's row is locked until the transaction is committed, and only then the clock is read. So of two
    images of an account the one with the earlier time is visible first. A client that remembers the latest
    time that it has seen misses none. The locks of other changes of the account's images do not conflict."""
    Account.objects.select_for_update(no_key=True).get(pk=account_id)
    return uuid7_at(read_clock())


def place_tags(image: Image) -> None:
    """Give the tags of an image its place, by which an index finds them in the order of lists."""
    Tag.objects.filter(image=image).update(ready_id=image.ready_id)
