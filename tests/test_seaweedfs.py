"""The embedded S3 keeps its objects and listens on loopback alone."""

import stat
from collections.abc import Mapping
from typing import TYPE_CHECKING

import boto3
import pytest

from config.local import embedded_services, seaweedfs
from config.local.processes import find_marked
from config.local.state import State
from tests.support.embedded_services import elsewhere, needs_s3, state

__all__ = ["elsewhere", "state"]
pytestmark = pytest.mark.slow


@needs_s3
def test_s3_keeps_its_objects_when_it_is_killed(state: State) -> None:
    server = embedded_services.make_s3(state)
    server.start()
    assert server.process
    s3_client(server.environment).put_object(Bucket="progimage", Key="a b/c", Body=b"kept", IfNoneMatch="*")
    server.process._popen.kill()
    server.process.stop()
    again = embedded_services.make_s3(state)
    again.start()
    assert s3_client(again.environment).get_object(Bucket="progimage", Key="a b/c")["Body"].read() == b"kept"
    assert stat.S_IMODE((again.home / "s3.json").stat().st_mode) == 0o600
    (weed,) = find_marked(f"{state.mark}{seaweedfs.MARK_SUFFIX}")
    assert {each.laddr.ip for each in weed.net_connections("tcp") if not each.raddr} == {"127.0.0.1"}
    again.stop()


if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def s3_client(environment: Mapping[str, str]) -> "S3Client":
    return boto3.client(
        "s3",
        endpoint_url=environment["S3_ENDPOINT_URL"],
        aws_access_key_id=environment["S3_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["S3_SECRET_ACCESS_KEY"],
        region_name=environment["S3_REGION"],
    )
