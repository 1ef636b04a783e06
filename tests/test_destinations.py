"""Files that a response is written to: links stay, devices and pipes are written to and never replaced."""

import asyncio
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from progimage import ProgImageError
from tests.support.clients import IMAGE, PNG, Script, answering
from tests.test_async_client import run
from tests.test_layout import ROOT

ID = IMAGE["id"]
OLD = b"an older one"


def download(to: Path | str, *answers: Any) -> Path:
    return Script(*(answers or [answering(200, PNG)])).client()[0].download(ID, to=to)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestLinks:
    @pytest.mark.parametrize(
        "make",
        [
            pytest.param(lambda folder: "elsewhere/hill.png", id="relative"),
            pytest.param(lambda folder: folder / "elsewhere" / "hill.png", id="absolute"),
            pytest.param(lambda folder: linked(folder / "second", "elsewhere/hill.png"), id="of a link"),
        ],
    )
    @pytest.mark.parametrize("exists", [True, False], ids=["to a file", "to nothing yet"])
    def test_stay_and_lead_to_the_new_file(
        self, tmp_path: Path, make: Callable[[Path], Any], exists: bool
    ) -> None:
        target = tmp_path / "elsewhere" / "hill.png"
        target.parent.mkdir()
        if exists:
            target.write_bytes(OLD)
        link = linked(tmp_path / "link.png", make(tmp_path))
        assert download(link) == link
        assert link.is_symlink()
        assert target.read_bytes() == link.read_bytes() == PNG
        assert list(target.parent.iterdir()) == [target]

    def test_the_target_is_whole_or_as_before(self, tmp_path: Path) -> None:
        target = tmp_path / "hill.png"
        target.write_bytes(OLD)
        link = linked(tmp_path / "link.png", "hill.png")
        with link.open("rb") as older:
            download(link)
            assert older.read() == OLD, "a reader goes on with the file that it has opened"
        with pytest.raises(ProgImageError):
            download(link, answering(200, b"part", Repr_Digest="sha-256=:AAAA:"))
        assert target.read_bytes() == PNG
        assert {path.name for path in tmp_path.iterdir()} == {"hill.png", "link.png"}

    def test_a_folder_that_is_a_link_is_passed(self, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        linked(tmp_path / "link", "folder")
        download(tmp_path / "link" / "hill.png")
        assert (tmp_path / "folder" / "hill.png").read_bytes() == PNG

    def test_a_loop_is_an_error_before_anything_is_sent(self, tmp_path: Path) -> None:
        linked(tmp_path / "a", "b")
        linked(tmp_path / "b", "a")
        refuses_before_it_sends(tmp_path / "a", OSError)
        assert (tmp_path / "a").is_symlink()


class TestPermissions:
    @pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o666, 0o755], ids=oct)
    def test_those_of_an_older_file_are_kept(self, tmp_path: Path, mode: int) -> None:
        path = tmp_path / "hill.png"
        path.write_bytes(OLD)
        path.chmod(mode)
        download(path)
        assert (path.read_bytes(), mode_of(path)) == (PNG, mode)

    @pytest.mark.skipif(os.getuid() != 0, reason="only root may give a file away")
    def test_so_is_its_owner(self, tmp_path: Path) -> None:
        path = tmp_path / "hill.png"
        path.write_bytes(OLD)
        os.chown(path, 12_345, 23_456)
        download(path)
        assert (path.stat().st_uid, path.stat().st_gid, path.read_bytes()) == (12_345, 23_456, PNG)

    def test_a_new_file_gets_those_of_the_umask(self, tmp_path: Path) -> None:
        umask = os.umask(0o027)
        try:
            download(tmp_path / "hill.png")
        finally:
            os.umask(umask)
        assert mode_of(tmp_path / "hill.png") == 0o640

    def test_a_file_that_may_not_be_written_is_not_replaced(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "hill.png"
        path.write_bytes(OLD)
        path.chmod(0o444)
        # Root may write everything.
        monkeypatch.setattr(os, "access", lambda path, mode: Path(path).stat().st_mode & 0o200 != 0)
        refuses_before_it_sends(path, PermissionError)
        assert path.read_bytes() == OLD

    def test_a_folder_is_refused(self, tmp_path: Path) -> None:
        refuses_before_it_sends(tmp_path, IsADirectoryError)


class TestDevices:
    def test_null_stays_a_device(self) -> None:
        before = Path("/dev/null").stat()
        assert download("/dev/null") == Path("/dev/null")
        after = Path("/dev/null").stat()
        assert (after.st_ino, after.st_rdev, after.st_mode) == (before.st_ino, before.st_rdev, before.st_mode)

    def test_a_link_to_a_device_stays(self, tmp_path: Path) -> None:
        link = linked(tmp_path / "nowhere", "/dev/null")
        download(link)
        assert str(link.readlink()) == "/dev/null"

    @pytest.mark.parametrize("is_async", [False, True], ids=["blocking", "asyncio"])
    def test_a_named_pipe_gets_the_bytes_of_the_try_that_succeeds(
        self, tmp_path: Path, is_async: bool
    ) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        received: list[bytes] = []
        reader = Thread(target=lambda: received.append(pipe.read_bytes()))
        reader.start()
        answers = (answering(200, b"half", Repr_Digest="sha-256=:AAAA:"), answering(200, PNG))
        if is_async:
            run(lambda client: client.download(ID, to=pipe), Script(*answers).transport)
        else:
            download(pipe, *answers)
        reader.join(10)
        assert received == [PNG]
        assert stat.S_ISFIFO(pipe.stat().st_mode)
        assert list(tmp_path.iterdir()) == [pipe]

    def test_a_task_of_the_same_loop_may_read_the_pipe(self, tmp_path: Path) -> None:
        """If the client opened the pipe in the event loop, it would wait for itself."""
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)

        async def work(client: Any) -> Any:
            async with asyncio.timeout(10):
                return await asyncio.gather(client.download(ID, to=pipe), asyncio.to_thread(pipe.read_bytes))

        assert run(work, Script(answering(200, PNG)).transport) == [pipe, PNG]

    def test_failure_writes_nothing_to_a_device(self, tmp_path: Path) -> None:
        reading, writing = os.pipe()
        try:
            with pytest.raises(ProgImageError):
                download(f"/dev/fd/{writing}", answering(404))
            os.close(writing)
            assert os.read(reading, 1) == b""
        finally:
            os.close(reading)


SCRIPT = """
import httpx, sys
from progimage import Client
png, names = bytes.fromhex(sys.argv[1]), sys.argv[2:]
answer = httpx.Response(200, headers={"Content-Type": "image/png"}, content=png)
client = Client("http://x", api_key="x", transport=httpx.MockTransport(lambda _: answer))
for name in names:
    print(name, flush=True)
    client.download("01890000-0000-7000-8000-000000000000", to=name)
print("end", flush=True)
"""


class TestStandardOutput:
    """A shell's redirection goes on behind the bytes, whether it leads into a pipe or a file."""

    NAMES = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
    EXPECTED = b"".join(name.encode() + b"\n" + PNG for name in NAMES) + b"end\n"

    def test_of_a_pipe(self) -> None:
        assert self.written_to(subprocess.PIPE) == self.EXPECTED

    @pytest.mark.parametrize(("mode", "before"), [("wb", b""), ("ab", OLD)], ids=[">", ">>"])
    def test_of_a_file(self, tmp_path: Path, mode: str, before: bytes) -> None:
        file = tmp_path / "out"
        file.write_bytes(OLD)
        with file.open(mode) as output:
            self.written_to(output)
        assert file.read_bytes() == before + self.EXPECTED

    def written_to(self, output: Any) -> bytes:
        command = [sys.executable, "-c", SCRIPT, PNG.hex(), *self.NAMES]
        return subprocess.run(command, cwd=ROOT, stdout=output, check=True, timeout=60).stdout

    def test_a_descriptor_that_is_closed_is_an_error(self) -> None:
        refuses_before_it_sends("/dev/fd/987", OSError)


def linked(link: Path, target: Any) -> Path:
    link.symlink_to(target)
    return link


def refuses_before_it_sends(to: Path | str, error: type[OSError]) -> None:
    script = Script(answering(200, PNG))
    with pytest.raises(error):
        script.client()[0].download(ID, to=to)
    assert script.requests == []
