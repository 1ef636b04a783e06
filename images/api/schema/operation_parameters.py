"""The query of POST /transforms/<operation>: of all operations together, since one path documents them."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import OpenApiParameter

from progimage.operations import Output, operations
from progimage.operations.operation import ParameterSet
from progimage.parameters import Parameter

from .images import query_schema

_OUTPUT = "output"


def operation_parameters() -> list[OpenApiParameter]:
    """Return a parameter for each name that an operation or the output has.

    Its schema takes the values of all owners of the name. Its description has its meaning for each owner."""
    owners: list[tuple[str, type[ParameterSet]]] = [*operations().items(), (_OUTPUT, Output)]
    by_name: dict[str, list[tuple[str, Parameter]]] = {}
    for owner_name, owner in owners:
        for name, parameter in owner.parameters().items():
            by_name.setdefault(name, []).append((owner_name, parameter))
    return [
        OpenApiParameter(
            name,
            _joint_schema([parameter for _, parameter in owned]),
            OpenApiParameter.QUERY,
            description=_joint_description(owned),
        )
        for name, owned in by_name.items()
    ]


def _joint_schema(parameters: Sequence[Parameter]) -> dict[str, Any]:
    schemas: list[dict[str, Any]] = []
    for parameter in parameters:
        schema = query_schema(parameter)
        # Other operations have other defaults. GET /operations has them all.
        schema.pop("default", None)
        if schema not in schemas:
            schemas.append(schema)
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _joint_description(owned: Sequence[tuple[str, Parameter]]) -> str:
    """Return a line for each meaning, which begins with the operations that give the name this meaning."""
    names_by_meaning: dict[str, list[str]] = {}
    for owner_name, parameter in owned:
        needed = " Required." if parameter.is_required else ""
        names_by_meaning.setdefault(f"{parameter.help}{needed}", []).append(owner_name)
    return "\n".join(f"{', '.join(names)}: {meaning}" for meaning, names in names_by_meaning.items())
