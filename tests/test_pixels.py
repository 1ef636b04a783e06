"""Pixels change only with RENDER_VERSION: every row of tests/pixels.json is rendered again."""

import base64
import json
from pathlib import Path

import pytest

from progimage.operations import operations
from tests.support import pixels
from transforms.planning.resolve import RENDER_VERSION


def test_the_table_has_this_render_version() -> None:
    assert pixels.read()["render_version"] == RENDER_VERSION, "RENDER_VERSION was raised: run `make pixels`"


def test_every_operation_and_every_output_has_a_row() -> None:
    table = pixels.read()["rows"]
    expected = {case.name for case in pixels.cases()}
    missing = sorted(expected - table.keys())
    stale = sorted(table.keys() - expected)
    assert not missing, f"tests/pixels.json has no row for these, run `make pixels`: {missing}"
    assert not stale, f"tests/pixels.json has rows that no case makes, run `make pixels`: {stale}"


def test_pixels_change_only_with_the_render_version() -> None:
    table = pixels.read()
    names = pixels.changed(table, pixels.rows())
    assert not names, pixels.explain(table, names)


def test_no_two_rows_of_operations_have_the_same_pixels() -> None:
    """An example that changes nothing would guard nothing."""
    names_by_hash: dict[str, list[str]] = {}
    for name, row in pixels.read()["rows"].items():
        if name.startswith("picture -> "):
            names_by_hash.setdefault(row["sha256"], []).append(name)
    assert [names for names in names_by_hash.values() if len(names) > 1] == []
    assert len(names_by_hash) >= len(operations())


def test_a_changed_row_is_named_with_the_libraries_and_the_remedy() -> None:
    table = pixels.read()
    name = next(iter(table["rows"]))
    table["rows"][name]["sha256"] = "0" * 16
    table["libraries"]["webp"] = "1.5.9"
    now = pixels.read()["rows"]
    assert pixels.changed(table, now) == [name]
    sentence = pixels.explain(table, [name])
    assert name in sentence
    assert "webp 1.5.9 -> " in sentence
    assert "raise RENDER_VERSION in transforms/planning/resolve.py and run `make pixels`" in sentence


def test_lossy_results_may_differ_by_the_rounding_of_a_codec() -> None:
    table = pixels.read()
    name = next(name for name in table["rows"] if name.startswith("small -> as it is -> format=avif"))
    row = table["rows"][name]
    values = bytearray(base64.b64decode(row["pixels"]))
    values[0] ^= pixels.MAX_DIFFERENCE
    near = row | {"pixels": base64.b64encode(values).decode()}
    assert pixels.agrees(row, near, is_same_machine=True)
    values[1] ^= 64
    far = row | {"pixels": base64.b64encode(values).decode()}
    assert not pixels.agrees(row, far, is_same_machine=True)


def test_the_table_is_not_written_over_changed_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless RENDER_VERSION was raised, `make pixels` would hide the change that the table guards against."""
    table = pixels.read()
    now = dict(table["rows"])
    name = next(name for name in now if "sha256" in now[name])
    monkeypatch.setattr(pixels, "TABLE", tmp_path / "pixels.json")
    monkeypatch.setattr(pixels, "rows", lambda: now)
    pixels.TABLE.write_text(json.dumps(table))
    now[name] = now[name] | {"sha256": "0" * 16}
    with pytest.raises(SystemExit, match="raise RENDER_VERSION"):
        pixels.write()
    monkeypatch.setattr(pixels, "RENDER_VERSION", table["render_version"] + 1)
    pixels.write()
    assert pixels.read()["rows"] == now
