"""manage.py read_headers: its arguments, its report and its exit codes."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from images.models import Image
from images.storage import originals
from images.upkeep import header_reading
from progimage.errors import Unavailable
from tests.conftest import Api
from tests.support.deletion import PNG, id_of


def run(*arguments: str) -> tuple[int, str, str]:
    """Return the exit code, and what is printed on both outputs."""
    output = io.StringIO()
    errors = io.StringIO()
    code = 0
    try:
        call_command("read_headers", *arguments, stdout=output, stderr=errors)
    except SystemExit as end:
        code = int(end.code or 0)
    except CommandError as error:
        code = error.returncode
        errors.write(str(error))
    return code, output.getvalue().strip(), errors.getvalue().strip()


@pytest.fixture
def old_images(api: Api, other_api: Api) -> list[Any]:
    """Three images of alice and one of bob, stored before facts about colours were read."""
    paths = [api.stored(PNG) for _ in range(3)] + [other_api.stored(PNG)]
    Image.objects.update(is_hdr=None, color_space=None)
    return [id_of(path) for path in paths]


def test_reads_what_an_upgrade_has_left(old_images: list[Any]) -> None:
    assert run() == (0, "Read 4 images. Changed the facts of 4.", "")
    assert not Image.objects.filter(color_space__isnull=True).exists()
    assert run() == (0, "Read 0 images. Changed the facts of 0.", "")
    assert run("--all") == (0, "Read 4 images. Changed the facts of 0.", "")


def test_account(old_images: list[Any]) -> None:
    assert run("--account", "bob") == (0, "Read 1 image. Changed the facts of 1.", "")
    code, _, error = run("--account", "nobody")
    assert (code, "'nobody'" in error) == (2, True)


def test_dry_run(old_images: list[Any]) -> None:
    Image.objects.filter(pk=old_images[0]).update(width=1, frames=2)
    report = "Read 4 images. Would change the facts of 4. Facts that were known and are others now: frames 1, width 1."
    assert run("--dry-run") == (0, report, "")
    assert Image.objects.filter(color_space__isnull=True).count() == 4


def test_facts_have_the_names_of_the_api(old_images: list[Any]) -> None:
    run()
    Image.objects.filter(pk=old_images[0]).update(is_hdr=True)
    assert run("--all")[1].endswith("are others now: hdr 1.")


def test_failures_are_named_and_the_rest_is_read(old_images: list[Any]) -> None:
    originals().delete(Image.objects.get(pk=old_images[1]).storage_name)
    code, report, errors = run()
    assert (code, report) == (1, "Read 3 images. Changed the facts of 3. Could not read 1 image.")
    assert errors == f"{old_images[1]}: The image's bytes are missing from storage"


def test_storage_that_is_away(old_images: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise Unavailable("away")

    for name in ("local_path", "check"):
        monkeypatch.setattr(type(originals()), name, refuse)
    code, report, error = run()
    assert (code, report) == (2, "Read 0 images. Changed the facts of 0.")
    assert error == "Could not go on: Unavailable: away"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [((), "goes on"), (("--all",), "begins anew"), (("--dry-run",), "begins anew")],
    ids=["of what is missing", "all", "dry"],
)
def test_next_run(
    arguments: tuple[str, ...], sentence: str, old_images: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(image: Image) -> header_reading.Outcome:
        raise KeyboardInterrupt

    monkeypatch.setattr(header_reading, "_read", interrupt)
    assert run(*arguments)[2] == f"Broken off: the next run {sentence}"


def test_ctrl_c(old_images: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    read = header_reading._read
    ids: list[Any] = []

    def interrupt(image: Image) -> header_reading.Outcome:
        ids.append(image.pk)
        if len(ids) == 3:
            raise KeyboardInterrupt
        return read(image)

    with monkeypatch.context() as interrupting:
        interrupting.setattr(header_reading, "_read", interrupt)
        report = "Read 2 images. Changed the facts of 2."
        assert run() == (130, report, "Broken off: the next run goes on")
    assert run()[1] == "Read 2 images. Changed the facts of 2."


@pytest.mark.parametrize("text", ["0", "-1", "1000", "many", "²"])
def test_concurrency_is_bounded(db: None, text: str) -> None:
    code, _, error = run(f"--concurrency={text}")
    assert (code, "Expected a number from 1 to " in error) == (1, True)
