"""docs/threats.md explains every threat that a test names, and names the tests of each."""

from docs.threats import PAGE, explained_threats, find_tests, with_tests


def test_every_threat_is_explained_once_and_tested() -> None:
    explained = explained_threats(PAGE.read_text())
    assert sorted(explained) == sorted(find_tests())


def test_the_page_names_the_tests_of_today() -> None:
    page = PAGE.read_text()
    assert page == with_tests(page), "python -m docs.threats"
