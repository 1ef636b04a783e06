"""Every operation of the catalogue has a function that renders it."""

from progimage.operations import Operation, operations
from transforms.render import render, settle


def test_every_operation_can_be_rendered() -> None:
    """A new operation takes two edits: this test fails if the second one was forgotten. An operation that settles becomes
    another step, which is rendered in its place."""
    known = {
        name
        for name, operation in operations().items()
        for verb in (render, settle)
        if verb.dispatch(operation) is not verb.dispatch(Operation)
    }
    assert known == set(operations())
