"""The tree of errors."""

from progimage import errors
from tests.support.error_tree import error_classes


def test_codes_of_errors_are_distinct_and_come_whole_through_a_pickle() -> None:
    import pickle

    classes = error_classes(errors.ProgImageError)
    assert len({error.code for error in classes}) == len(classes)
    for known in (errors.FileChanged, errors.ConnectionFailed):
        assert (known.status, pickle.loads(pickle.dumps(known("x"))).message) == (0, "x")
    sent = errors.RangeNotSatisfiable("outside", size=7)
    received = pickle.loads(pickle.dumps(sent))
    assert (type(received), received.message, received.size) == (errors.RangeNotSatisfiable, "outside", 7)
