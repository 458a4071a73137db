"""State in objects, against the emulated S3."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from logsluice.aws.session import AwsOptions
from logsluice.errors import SourceFault, Unavailable, UsageError
from logsluice.state.objects import ObjectKeeper
from tests.parts.moto_server import MotoServer

PLACE = "s3://state/app"


class Clock:
    """Time that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def s3(aws: MotoServer) -> Any:
    client = aws.client("s3")
    client.create_bucket(Bucket="state")
    return client


def keeper(clock: Clock | None = None) -> ObjectKeeper:
    return ObjectKeeper(PLACE, AwsOptions(), clock or Clock())


def test_entries_outlive_the_task_and_the_probe_leaves_nothing(s3: Any) -> None:
    one = keeper()
    one.write({"a/head": {b"k": b"v", b"gone": b""}, "a/hour": {b"\x00\xff" * 8: b""}})
    one.write({"a/head": {b"gone": None}})
    one.close()
    two = keeper()
    assert two.entries("a/head") == {b"k": b"v"}
    assert two.find("a/hour", [b"\x00\xff" * 8, b"other"]) == {b"\x00\xff" * 8}
    assert (two.names("a/"), two.entries("none")) == (["a/head", "a/hour"], {})
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket="state")["Contents"]] == ["app/a/head", "app/a/hour"]


def test_it_writes_at_most_once_in_five_seconds_and_at_the_end(s3: Any) -> None:
    clock = Clock()
    ours = keeper(clock)
    for number in range(10):
        clock.now = float(number)
        ours.write({"head": {b"n": str(number).encode()}})
    assert keeper().entries("head") == {b"n": b"5"}
    clock.now = 11.0
    ours.flush()
    assert keeper().entries("head") == {b"n": b"9"}
    ours.write({"head": {b"n": b"10"}})
    ours.close()
    assert keeper().entries("head") == {b"n": b"10"}


def test_dropped_partitions_go_after_the_rest_was_written(s3: Any) -> None:
    ours = keeper()
    ours.write({"hour": {b"k": b""}, "head": {b"f": b"0"}})
    ours.close()
    ours = keeper()
    ours.write({"head": {b"f": b"1"}}, drop=["hour"])
    assert (keeper().names(""), keeper().entries("head")) == (["head"], {b"f": b"1"})


def test_two_writers_undo_nothing_and_are_told_of_each_other(s3: Any) -> None:
    clocks = Clock(), Clock()
    one, two = keeper(clocks[0]), keeper(clocks[1])
    one.write({"head": {b"a": b"one"}})
    two.write({"head": {b"b": b"two"}})  # reads what one wrote: nothing is wrong yet
    with capture_logs() as said:
        clocks[0].now = 10.0
        one.write({"head": {b"c": b"one"}})
    assert [(entry["log_level"], entry["what"]) for entry in said] == [("warning", "head")]
    assert keeper().entries("head") == {b"a": b"one", b"b": b"two", b"c": b"one"}


def test_a_lost_answer_is_known_by_our_own_token(s3: Any) -> None:
    clock = Clock()
    ours = keeper(clock)
    ours.write({"head": {b"a": b"1"}})
    puts: list[str] = []
    real_put = ours._client.put_object

    class Losing:
        """Carries a write out twice, as a client does that has lost the first answer."""

        def __getattr__(self, name: str) -> Any:
            return getattr(real_client, name)

        def put_object(self, **arguments: Any) -> Any:
            puts.append(arguments["Key"])
            real_put(**arguments)
            return real_put(**arguments)

    real_client, ours._client = ours._client, Losing()
    clock.now = 10.0
    with capture_logs() as said:
        ours.write({"head": {b"a": b"2"}})
    assert (puts, said) == (["app/head"], [])
    assert keeper().entries("head") == {b"a": b"2"}
    ours._client = real_client
    clock.now = 20.0
    ours.write({"head": {b"a": b"3"}})
    assert keeper().entries("head") == {b"a": b"3"}


def test_a_service_that_ignores_conditions_is_refused(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = AwsOptions().client("s3")
    plain = client.put_object
    monkeypatch.setattr(
        client,
        "put_object",
        lambda **arguments: plain(**{k: v for k, v in arguments.items() if not k.startswith("If")}),
    )
    with pytest.raises(UsageError, match="ignores conditions on writes"):
        keeper()


def test_places_that_can_not_be_used_are_one_sentence(s3: Any) -> None:
    with pytest.raises(UsageError, match="can't keep state in s3://nowhere/x: NoSuchBucket"):
        ObjectKeeper("s3://nowhere/x", AwsOptions())


def test_what_is_not_ours_is_left_as_it_is(s3: Any) -> None:
    s3.put_object(Bucket="state", Key="app/head", Body=b"something else")
    ours = keeper()
    with pytest.raises(Unavailable, match="it was left as it is"):
        ours.entries("head")
    with pytest.raises(SourceFault):
        ours.write({"head": {b"k": b"v"}})
    assert s3.get_object(Bucket="state", Key="app/head")["Body"].read() == b"something else"
