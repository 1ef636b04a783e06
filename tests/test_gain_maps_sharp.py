"""An independent decoder, sharp with libultrahdr, shows the HDR of results with `hdr=keep`."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import skip_or_fail
from tests.support import gain_maps as maps
from tests.support import images as made

PROJECT = Path(__file__).parent / "sharp"
LEAST_NODE = (20, 9)
SCENE = maps.scene(640, 480)
THREE = maps.Parameters(least=(0.0,) * 3, most=(3.0, 2.5, 1.5), gamma=(1.0, 1.2, 0.8))

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            skip_or_fail(f"{tool} is not installed: apt-get install nodejs npm")
    version = run(PROJECT, "node", "--version").stdout
    numbers = re.findall(r"\d+", version)
    if (int(numbers[0]), int(numbers[1])) < LEAST_NODE:
        pytest.skip(f"sharp 0.35 needs Node 20.9 but this is {version}")
    folder = tmp_path_factory.mktemp("sharp") / "project"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("node_modules"))
    installed = run(folder, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
    if installed.returncode:
        skip_or_fail(f"npm could not install the packages: {installed.stderr[-300:]}")
    return folder


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.parametrize(
    ("query", "change"),
    [
        pytest.param("q=95", lambda hdr: hdr, id="as it is"),
        pytest.param("q=95&w=320", lambda hdr: hdr.reshape(240, 2, 320, 2, 3).mean(axis=(1, 3)), id="resize"),
        pytest.param(
            "q=95&transform=crop:left=100,top=60,width=321,height=243/flip/rotate:angle=90",
            lambda hdr: np.rot90(hdr[60:303, 100:421][:, ::-1], -1),
            id="crop, mirror and turn",
        ),
    ],
)
def test_the_hdr_is_the_right_one(
    query: str,
    change: Callable[[maps.Linear], maps.Linear],
    folder: Path,
    tmp_path: Path,
) -> None:
    """Its mean distance from the right one is at most 0.03 stops."""
    _, result = made.rendered(maps.ultra_hdr(SCENE), f"hdr=keep&{query}", tmp_path)
    shown = decoded(result, folder)
    distance = maps.stops_apart(shown, change(SCENE.hdr))
    assert distance.mean() < 0.03
    assert np.percentile(distance, 95) < 0.08


def test_a_map_of_three_channels_is_taken(folder: Path, tmp_path: Path) -> None:
    """libvips 8.18.7 reads such a map's levels as sRGB's, so its HDR is no measure."""
    content = maps.ultra_hdr(maps.scene(colored=True), parameters=THREE)
    _, result = made.rendered(content, "hdr=keep&w=320", tmp_path)
    assert decoded(result, folder).shape == (240, 320, 3)


def decoded(result: bytes, folder: Path) -> maps.Linear:
    (folder / "result.jpg").write_bytes(result)
    decoding = run(folder, "node", "decode.mjs", "result.jpg")
    assert decoding.returncode == 0, decoding.stderr
    width, height, channels, *map_size = (int(number) for number in decoding.stdout.split())
    assert tuple(map_size) == maps.split(result)[1].size
    levels = np.fromfile(folder / "result.jpg.raw", np.float32).reshape(height, width, channels)
    picture: maps.Linear = levels[..., :3].astype(np.float64)
    return picture
