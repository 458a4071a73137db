"""The declaration of a field: the one table from which everything that knows a format is made.

Parsers, store columns (`logsluice.store`), index templates (`logsluice.cluster`) and the documentation pages are all
generated from the `Field`s of a format. Kinds are neutral: neither SQL's nor OpenSearch's names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["keyword", "text", "ip", "integer", "float", "boolean", "time", "geo_point", "object"]
"""Neutral types.

- `keyword`: compared whole; `text`: also searched by words (URLs, user agents, messages)
- `ip`: an IPv4 or IPv6 address as text, searchable by CIDR
- `integer`: 64 bits, `float`: 64 bits, `boolean`
- `time`: an aware UTC datetime
- `geo_point`: `{"lat": float, "lon": float}`
- `object`: open-ended nested data whose keys are not declared
"""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event.

    Attributes:
        name: Ours, dotted when nested: `client_ip`, `httpRequest.clientIp`.
        kind: Its neutral type.
        aws: What AWS's documentation calls it; "" when it is the same as `name`.
        ecs: Its name in the Elastic Common Schema, "" when it has none.
        many: Whether the value is a list of `kind`.
        about: One line for the documentation page.
    """

    name: str
    kind: Kind = "keyword"
    aws: str = ""
    ecs: str = ""
    many: bool = False
    about: str = ""
