"""Where a page of events ends, and what equal ones are ordered by.

By `_id`, as the store does, where the cluster sorts by it. Elasticsearch 8 and later do not, unless
`indices.id_field_data.enabled` is set: there equal ones come in the order of the shards' documents (`_shard_doc`)
at one point in time (Elasticsearch Guide, "Paginate search results"), which is kept between two pages.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from logsluice.errors import UsageError
from logsluice.query.events import bookmark, place_of

KEPT_MINUTES = 5
"""How long a point in time is kept after a page."""


class IdsUnsorted(Exception):
    """The cluster does not sort by `_id`."""

    SIGN = "indices.id_field_data.enabled"
    """What Elasticsearch names in its refusal."""


@dataclass(slots=True)
class Page:
    """One page while it is found.

    Attributes:
        places: Of each part: the sort values of its last event so far, None before the first.
        moment: The id of the point in time; "" where `_id` orders equal ones.
    """

    places: list[Any]
    moment: str = field(default="")

    @classmethod
    def after(cls, text: str, parts: int) -> Page:
        """The page that begins where another one ended; the first one for "".

        Raises:
            UsageError: It is no end of a page of this question.
        """
        read = place_of(text) if text else [None] * parts
        moment, places = (read.get("moment"), read.get("places")) if isinstance(read, dict) else ("", read)
        if not isinstance(places, list) or len(places) != parts or not isinstance(moment, str):
            raise UsageError(f"{text!r} is a place in the result of another question", "start again without it")
        return cls(places, moment)

    @property
    def tie(self) -> str:
        """What equal ones are ordered by."""
        return "_shard_doc" if self.moment else "_id"

    def bookmark(self) -> str:
        """For `Found.after`."""
        return bookmark({"moment": self.moment, "places": self.places} if self.moment else self.places)
