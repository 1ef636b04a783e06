"""The tree of errors, for tests that go through all of it."""

from progimage import errors


def error_classes(base: type[errors.ProgImageError]) -> list[type[errors.ProgImageError]]:
    return [base, *(error for child in base.__subclasses__() for error in error_classes(child))]
