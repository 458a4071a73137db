"""What happens to an object when it is done: nothing, deletion, a move, a copy, or tags.

    after: keep
    after: delete
    after: {move: "s3://logs-done/alb/"}
    after: {copy: "s3://logs-kept/alb/"}
    after: {tag: {logsluice: done}}

It happens after the last output has confirmed the last event. An object that was replaced meanwhile is left alone: each
step names the ETag that was read, except for tags, where S3 takes no such condition. One with rejects is left alone,
too: a replay may need its bytes. A moved or copied object keeps its key, below the prefix. Tags are added to those
that it has.

**Permissions:** `s3:DeleteObject`; for a move `s3:PutObject` for the destination as well (for a copy, that alone), and
`s3:GetObjectTagging` and `s3:PutObjectTagging` where objects have tags; these two for tags.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field, field_validator, model_validator

from logsluice.aws.envelopes import Announcement
from logsluice.components import Options
from logsluice.errors import Missing, Superseded

MOST_TAGS = 10
"""An object's (Amazon S3 User Guide, "Categorizing your objects using tags")."""


class Afterwards(Options):
    """What to do; nothing when all is left out."""

    delete: bool = Field(default=False, description="Delete the object.")
    move: str | None = Field(default=None, description="Move it below s3://bucket/prefix, with its whole key.")
    copy_to: str | None = Field(
        default=None, alias="copy", description="Copy it below s3://bucket/prefix, with its whole key."
    )
    tag: dict[str, str] | None = Field(default=None, description="Add these tags to it.")

    @field_validator("move", "copy_to")
    @classmethod
    def _destination(cls, place: str | None) -> str | None:
        if place is not None and not place.removeprefix("s3://").partition("/")[0]:
            raise ValueError("must be s3://bucket/prefix")
        return place

    @field_validator("tag")
    @classmethod
    def _few_tags(cls, tag: dict[str, str] | None) -> dict[str, str] | None:
        if tag is not None and not 0 < len(tag) <= MOST_TAGS:
            raise ValueError(f"an object has at most {MOST_TAGS} tags")
        return tag

    @model_validator(mode="after")
    def _one_thing(self) -> Afterwards:
        if self.delete + (self.move is not None) + (self.copy_to is not None) + (self.tag is not None) > 1:
            raise ValueError("only one of `delete`, `move`, `copy` and `tag`")
        return self

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return self.delete or self.move is not None or self.copy_to is not None or self.tag is not None

    @property
    def destination(self) -> tuple[str, str]:
        """Bucket and prefix of a move or copy; empty without one."""
        bucket, _, prefix = (self.move or self.copy_to or "").removeprefix("s3://").partition("/")
        return bucket, prefix

    def carry_out(self, client: Any, found: Announcement, owner: str = "") -> None:
        """Do it to one object. Doing it again is harmless; so is an object that is gone or was replaced.

        Args:
            client: A boto3 S3 client.
            found: The object, with the ETag that was read.
            owner: The account that its bucket must belong to, "" for any.

        Raises:
            SourceFault: It can't be done now, or may not.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        from logsluice.aws.faults import code_of, object_fault

        place = {"Bucket": found.bucket, "Key": found.key} | ({"ExpectedBucketOwner": owner} if owner else {})
        try:
            if self.tag is not None:
                self._tag(client, place)
                return
            if self.move is not None or self.copy_to is not None:
                self._copy(client, found, owner)
            if self.delete or self.move is not None:
                client.delete_object(**place, **({"IfMatch": f'"{found.etag}"'} if found.etag else {}))
        except (ClientError, BotoCoreError) as error:
            fault = object_fault(error, found.uri, lambda: True)
            # a missing bucket is the destination of a move
            no_bucket = isinstance(error, ClientError) and code_of(error) == "NoSuchBucket"
            if no_bucket or not isinstance(fault, Missing | Superseded):
                raise fault from error

    def _copy(self, client: Any, found: Announcement, owner: str) -> None:
        """Within S3; in parts where it is large."""
        from s3transfer.futures import NonThreadedExecutor
        from s3transfer.manager import TransferManager

        bucket, prefix = self.destination
        conditions = {"CopySourceIfMatch": f'"{found.etag}"'} if found.etag else {}
        if owner:
            conditions["ExpectedSourceBucketOwner"] = owner
        source = {"Bucket": found.bucket, "Key": found.key}
        with TransferManager(client, executor_cls=NonThreadedExecutor) as manager:
            manager.copy(source, bucket, prefix + found.key, conditions).result()

    def _tag(self, client: Any, place: dict[str, str]) -> None:
        there = {tag["Key"]: tag["Value"] for tag in client.get_object_tagging(**place)["TagSet"]}
        wanted = there | (self.tag or {})
        if wanted != there:
            client.put_object_tagging(**place, Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in wanted.items()]})


def _words(value: object) -> object:
    if value == "keep":
        return {}
    return {"delete": True} if value == "delete" else value


After: TypeAlias = Annotated[Afterwards, BeforeValidator(_words, json_schema_input_type=str | dict[str, Any])]
"""An option: `keep`, `delete`, `{move: s3://bucket/prefix}`, `{copy: …}` or `{tag: {name: value}}`."""
