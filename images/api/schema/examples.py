"""Examples of requests and responses in the documentation. A test holds each of them to its schema."""

from typing import Any, Literal

from drf_spectacular.utils import OpenApiExample

from progimage.json_schema import DIALECT, definitions

_HOST = "https://images.example"
_SHA256 = "0f4636c78f65d3639ece5a064b5ae753e3408614a14fb18ab4d7540d2c248543"
_CREATED = "2026-01-31T12:00:00Z"
IMAGE_ID = "019c1413-7a8f-7b7e-9f0f-4f1d2a8f6f3c"
_STEPS = [{"op": "resize", "width": 300, "height": 200, "fit": "cover"}, {"op": "grayscale"}]
_OUTPUT = {"format": "webp", "quality": 80}
TRANSFORM = {"operations": _STEPS, "output": _OUTPUT}
TEXT = "resize:width=300,height=200,fit=cover/grayscale"
COLOR_SPACE = {
    "transfer": "srgb",
    "primaries": "display-p3",
    "bit_depth": 8,
    "profile_name": "Display P3",
}


def _image(image_id: str) -> dict[str, Any]:
    url = f"{_HOST}/images/{image_id}"
    extensions = ("jpg", "png", "webp", "avif")
    return {
        "id": image_id,
        "format": "jpeg",
        "media_type": "image/jpeg",
        "width": 1600,
        "height": 1200,
        "frames": 1,
        "bytes": 482_113,
        "sha256": _SHA256,
        "has_alpha": False,
        "orientation": 1,
        "hdr": False,
        "color_space": COLOR_SPACE,
        "visibility": "private",
        "filename": "hills.jpg",
        "tags": ["evening", "hills"],
        "metadata": {"shot": 7},
        "focal_point": {"x": 0.3, "y": 0.6},
        "replaced_by": None,
        "parent": None,
        "transform": None,
        "created_at": _CREATED,
        "urls": {
            "original": url,
            "metadata": f"{url}.json",
            **{extension: f"{url}.{extension}" for extension in extensions},
        },
    }


IMAGE = _image(IMAGE_ID)
IMAGES = {"images": [IMAGE], "next": None}
LEDGER: dict[str, Any] = {
    "renditions": [
        {
            "id": 41,
            "transform": TRANSFORM,
            "format": "webp",
            "media_type": "image/webp",
            "width": 300,
            "height": 200,
            "frames": 1,
            "bytes": 8_204,
            "state": "ready",
            "problem": None,
            "created_at": _CREATED,
            "hits": 12,
            "last_accessed_at": _CREATED,
            "url": f"{_HOST}/images/{IMAGE_ID}.webp?transform={TEXT}&quality=80",
        }
    ],
    "overview": {"state": "ready", "width": 1024, "height": 768, "bytes": 152_301, "created_at": _CREATED},
    "next": None,
}
ASKED = {
    "renditions": [
        LEDGER["renditions"][0]
        | dict.fromkeys(("width", "height", "frames", "bytes", "last_accessed_at"))
        | {"id": 42, "state": "waiting", "hits": 0}
    ]
}
EAGER = ["w=300&h=200&fit=cover&format=webp", {"operations": _STEPS, "output": _OUTPUT}]
DESCRIPTION = {"tags": ["evening", "hills"], "metadata": {"shot": 7}, "visibility": "private"}
SIGNATURE: dict[str, object] = {
    "exp": 1_769_864_400,
    "kid": "pi_k3v9x2mq7d4a",
    "sig": "Q0m0rGq7yXwVb0nq2n0mJr3y0l6xq3J8o0rQfZ4m3xk",
}
UPLOAD_URL = {
    "id": IMAGE_ID,
    "url": f"{_HOST}/uploads/{IMAGE_ID}?" + "&".join(f"{name}={value}" for name, value in SIGNATURE.items()),
    "method": "PUT",
    "expires_at": "2026-01-31T13:00:00Z",
    "max_bytes": 5_000_000,
    "media_types": ["image/jpeg", "image/png"],
}
UPLOADED = {name: IMAGE[name] for name in ("id", "format", "width", "height", "bytes", "sha256")}
PROBLEM = {
    "type": f"{_HOST}/docs/errors#invalid_parameter",
    "title": "A parameter is invalid",
    "status": 400,
    "detail": "Expected a whole number from 1 to 16383 px for resize.width but received '0'",
    "code": "invalid_parameter",
    "request_id": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "pointer": "/w",
}
RESULTS = {
    "results": [
        {"index": 0, "filename": "hills.jpg", "status": 201, "image": IMAGE},
        {
            "index": 1,
            "filename": "notes.txt",
            "status": 415,
            "error": PROBLEM
            | {
                "type": f"{_HOST}/docs/errors#unsupported_format",
                "title": "The format is not supported",
                "status": 415,
                "detail": "Expected an image in a format that ProgImage reads",
                "code": "unsupported_format",
            },
        },
    ]
}
PLAN = {
    "kind": "thumbnail",
    "source": {
        "format": "jpeg",
        "width": 1600,
        "height": 1200,
        "frames": 1,
        "orientation": 1,
        "has_alpha": False,
        "hdr": False,
        "color_space": COLOR_SPACE,
        "sha256": _SHA256,
        "decoded_from": "original",
    },
    "steps": [{"operation": step, "width": 300, "height": 200, "is_at_most": False} for step in _STEPS],
    "output": _OUTPUT,
    "format": {"name": "webp", "media_type": "image/webp", "reason": "asked"},
    "width": 300,
    "height": 200,
    "is_at_most": False,
    "frames": 1,
    "cache_key": _SHA256,
}
CATALOGUE = {"$schema": DIALECT, "$defs": {"Grayscale": definitions("#/$defs/{}")["Grayscale"]}}
"""An excerpt, without a $ref: openapi-typescript follows references in examples, too."""


def example_of_request(value: object, name: str = "Request") -> OpenApiExample:
    """Return the example of a JSON body."""
    return OpenApiExample(name, value, request_only=True, media_type="application/json")


def example_of_response(
    value: object, *, status: int = 200, media_type: str = "application/json"
) -> OpenApiExample:
    return OpenApiExample(
        "Response",
        value,
        response_only=True,
        media_type=media_type,
        status_codes=[str(status)],
    )


def examples_of_parameters(
    location: Literal["query", "path", "header"], values: dict[str, object]
) -> list[OpenApiExample]:
    """Return an example of each parameter. Together they are one request."""
    return [
        OpenApiExample("Example", value, parameter_only=(name, location)) for name, value in values.items()
    ]
