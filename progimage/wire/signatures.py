"""Signatures of functions with options, as help(), inspect and completion show them.

Options stand in a TypedDict once, and `**options: Unpack[...]` takes them. Type checkers know their names.
Here the options become parameters that people see, too."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar, Unpack, get_args, get_origin, get_type_hints

Function = TypeVar("Function", bound=Callable[..., Any])


class _NotGiven:
    """The default of an option that has no effect if it is not given."""

    def __repr__(self) -> str:
        return "..."


NOT_GIVEN = _NotGiven()


def show_options(function: Function) -> Function:
    """Decorate a function with options, so that its signature lists them."""
    function.__signature__ = signature_of(function)  # type: ignore[attr-defined]
    return function


def signature_of(function: Callable[..., Any]) -> inspect.Signature:
    """Return the signature of a function, with the names of its options in place of `**options`."""
    hints = get_type_hints(function)
    signature = inspect.signature(function)
    parameters: list[inspect.Parameter] = []
    for parameter in signature.parameters.values():
        hint = hints.get(parameter.name, parameter.annotation)
        if get_origin(hint) is Unpack:
            (options,) = get_args(hint)
            parameters += _parameters_of(options)
        else:
            parameters.append(parameter.replace(annotation=hint))
    return signature.replace(parameters=parameters, return_annotation=hints["return"])


def _parameters_of(options: type) -> list[inspect.Parameter]:
    return [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=NOT_GIVEN, annotation=hint)
        for name, hint in get_type_hints(options).items()
    ]
