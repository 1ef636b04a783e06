"""The way of tasks and answers through a pipe, as pickles.

A parent trusts no answer, because a file may have taken its child over. It makes objects of a few kinds of
its own, and imports and calls nothing that an answer names."""

import builtins
import io
import pickle
import sys
import traceback
from typing import Any

from progimage.errors import ProgImageError
from progimage.root_error import rebuild
from transforms.color.description import ColorSpace
from transforms.decoding.header import Header
from transforms.engine import Rendered

_FACTS = (ColorSpace, Header, Rendered)
_PLAIN = (str, bytes, int, float, type(None))


def dump(value: object) -> bytes:
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def load_task(message: bytes) -> Any:
    """Return a parent's task. The child trusts its parent."""
    return pickle.loads(message)  # noqa: S301


def load_answer(message: bytes) -> Any:
    """Return a child's answer. Raise pickle.UnpicklingError for one that names other kinds of objects."""
    return _AnswerUnpickler(io.BytesIO(message)).load()


def portable(error: Exception) -> Exception:
    """Return an error that a parent can load, without the frames of its traceback, which hold images.

    An error that nobody expects has the text of its traceback as a note, for the log."""
    if isinstance(error, ProgImageError):
        result: Exception = error
    else:
        text = "".join(traceback.format_exception(error))
        result = error if _is_plain(error) else RuntimeError(f"{type(error).__qualname__}: {error}")
        result.add_note(f"In the child:\n{text}")
    for each in (error, result):
        each.__traceback__ = None
        each.__cause__ = None
        each.__context__ = None
    return result


def _is_plain(error: Exception) -> bool:
    is_builtin = type(error).__module__ == builtins.__name__
    return is_builtin and all(isinstance(argument, _PLAIN) for argument in error.args)


class _AnswerUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        found = getattr(sys.modules.get(module), name, None)
        if found is rebuild:
            return found
        if isinstance(found, type) and (found in _FACTS or issubclass(found, Exception)):
            return found
        raise pickle.UnpicklingError(f"Expected facts or an error but received {module}.{name}")
