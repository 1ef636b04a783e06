"""The facts about a response with an image that the hot cache must know, beside status, headers and bytes.

The hot cache (config/http/hot_cache.py) puts blank facts into the WSGI environment of a request whose
response it may keep. Code that answers with an image fills them in. Without subjects it is not kept:

    facts = environ.get(ANSWER_FACTS)
    if facts is not None:
        facts.subjects = [of_image(image_id), of_key(prefix), of_account(account_id)]"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http.response import HttpResponseBase

from accounts.access.caller import Caller
from images.models import Image

from .contents import ImageResponse
from .delivery_options import DeliveryOptions
from .invalidation import of_account, of_image, of_key

ANSWER_FACTS = "progimage.answer_facts"
"""The key of the facts in the WSGI environment."""
FAILED_RENDER = "progimage.failed_render"
"""The key of the error of a render that the fast path has tried. The view raises it, and tries no more."""


@dataclass
class AnswerFacts:
    """Facts about a response with status 200 that holds a whole image."""

    path: str = ""
    """The path of the request, as the log shows it."""
    subjects: Sequence[str] = ()
    """The subjects of which a change makes the response wrong (images/delivery/invalidation.py)."""
    api_key_prefix: str | None = None
    """The key that came with the request or signed its URL."""
    key_ends_at: float | None = None
    """The end of that key in unix seconds."""
    signature_ends_at: int | None = None
    """The end of the URL's signature in unix seconds."""
    rendition_id: int | None = None
    """The row for which a delivery counts as a hit."""

    def name_key(self, prefix: str, account_id: int, ends_at: datetime | None) -> None:
        """Tell of the key by whose right the response was given."""
        self.subjects = [*self.subjects, of_key(prefix), of_account(account_id)]
        self.api_key_prefix = prefix
        if ends_at is not None:
            self.key_ends_at = ends_at.timestamp()

    def take(self, other: "AnswerFacts") -> None:
        """Take over the facts of the same response."""
        for name, fact in vars(other).items():
            setattr(self, name, fact)

    def fill_in(
        self,
        response: HttpResponseBase,
        shown: Sequence[Image | None],
        *,
        caller: Caller,
        options: DeliveryOptions,
        path: str,
    ) -> None:
        """Tell of a response that shows these images. None is one from another server, which may change."""
        if not isinstance(response, ImageResponse) or None in shown:
            return
        self.path = path
        self.rendition_id = response.rendition_id
        self.signature_ends_at = options.expires_at
        self.subjects = [of_image(image.pk) for image in shown if image]
        if caller.key is not None:
            self.name_key(caller.key.prefix, caller.key.account_id, caller.key.expires_at)
