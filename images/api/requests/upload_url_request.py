"""POST /uploads: a URL to which one image can be put."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from rest_framework.request import Request

from accounts.access.caller import Caller, caller_of
from accounts.access.idempotency import fingerprint, json_pairs
from images.api.serializers.upload_urls import TermsSerializer
from images.renditions.making_ahead import AheadTransform
from images.services.storing import Description
from images.services.upload_urls import Terms

from .bodies import read_object, unread
from .eager_transforms import EAGER, read_transforms
from .query import refuse_unknown

_DESCRIBED = ("filename", "tags", "metadata", "visibility")


@dataclass(frozen=True, kw_only=True)
class UploadUrlRequest:
    """The terms of an upload URL, and the description of the image that will be put there."""

    terms: Terms
    eager: Sequence[AheadTransform]
    description: Description
    caller: Caller
    fingerprint: str

    @classmethod
    def read(cls, request: Request) -> "UploadUrlRequest":
        """Raise the errors of bodies, and ParameterError."""
        refuse_unknown(request.query_params, "no query")
        body = read_object(unread(request))
        serializer = TermsSerializer(data=body)
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        expires_at = int(time.time()) + values["expires_in_s"]
        eager = read_transforms(values.get(EAGER, []))
        documents = [ahead.transform.as_dict() for ahead in eager]
        return cls(
            terms=Terms(values["max_bytes"], values["media_types"], expires_at, documents),
            eager=eager,
            description=Description(**{name: values[name] for name in _DESCRIBED}),
            caller=caller_of(request),
            fingerprint=fingerprint(request, json_pairs(body)),
        )
