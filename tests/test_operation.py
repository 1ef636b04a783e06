"""The catalogue of operations is documented."""

from progimage.operations import operations


def test_catalogue_is_documented() -> None:
    for operation in operations().values():
        assert operation.__doc__
        assert all(parameter.help for parameter in operation.parameters().values())
