"""Exceptions that decoders raise, translated into the errors of this project."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from progimage.errors import ProgImageError, UnprocessableImage
from transforms.limits import Limits

from .header import too_large

DAMAGED = "The image is damaged, incomplete, or of a kind that cannot be decoded"


@contextmanager
def translated(limits: Limits) -> Iterator[None]:
    """Raise UnprocessableImage or ImageTooLarge for any exception of a decoder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            yield
        except ProgImageError:
            raise
        except (
            Image.DecompressionBombError,
            Image.DecompressionBombWarning,
        ) as error:
            raise too_large(limits) from error
        except MemoryError as error:
            raise UnprocessableImage("The image needs more memory than a render may take") from error
        except Exception as error:
            raise UnprocessableImage(DAMAGED) from error
