"""The parameters of an image's URL as types: those of the catalogue, and no others."""

from typing import get_type_hints

from progimage.operations import Output
from progimage.operations.geometry import Resize
from progimage.parameters.annotations import parameters_of
from progimage.wire.rendition_query import RenditionQuery

BESIDE_THE_CATALOGUE = {"transform", "download", "v"}


def test_they_are_those_of_the_catalogue() -> None:
    parameters = [*parameters_of(Resize).values(), *parameters_of(Output).values()]
    names = {name for parameter in parameters for name in (parameter.name, parameter.short) if name}
    assert set(get_type_hints(RenditionQuery)) == names | BESIDE_THE_CATALOGUE


def test_a_short_name_has_the_type_of_its_long_one() -> None:
    types = get_type_hints(RenditionQuery)
    for parameter in (*parameters_of(Resize).values(), *parameters_of(Output).values()):
        if parameter.short:
            assert types[parameter.short] == types[parameter.name]
