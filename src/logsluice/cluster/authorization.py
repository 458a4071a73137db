"""Who asks: the headers that authorize a request, and whether others are to be had when they are refused."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from logsluice.config.secrets import Secret

if TYPE_CHECKING:
    from logsluice.aws.signing import Signer
    from logsluice.cluster.client import Answer


class Authorization(Protocol):
    """Called by several threads at once."""

    def headers(self, method: str, url: str, body: bytes) -> Mapping[str, str]:
        """For one request.

        Args:
            method: HTTP's.
            url: With its query percent-encoded.
            body: As it is sent.

        Raises:
            UsageError: A secret was never read and can't be.
            Sick: Credentials of AWS can't be renewed.
        """

    def renew(self, answer: Answer, refused: Mapping[str, str]) -> bool:
        """Whether a request is worth another one, with headers made anew.

        Args:
            answer: Any; one that refuses who asks is looked at.
            refused: The headers of the request.

        Raises:
            UsageError: What they are made from can't be read again.
        """


@dataclass(frozen=True, slots=True)
class FromSecret:
    """The header `Authorization`, made from one secret that may be changed while the program runs."""

    secret: Secret
    render: Callable[[str], str]

    def headers(self, *_: object) -> Mapping[str, str]:
        """See `Authorization`."""
        return {"authorization": self.render(self.secret.reveal())}

    def renew(self, answer: Answer, refused: Mapping[str, str]) -> bool:
        """See `Authorization`."""
        if answer.status != 401:
            return False
        self.secret.refresh()  # whether it has changed is not the question: another thread may have read it first
        return self.headers() != refused


@dataclass(frozen=True, slots=True)
class Signed:
    """AWS signatures, whose credentials are renewed as they expire, and earlier when AWS does not take them."""

    signer: Signer

    def headers(self, method: str, url: str, body: bytes) -> Mapping[str, str]:
        """See `Authorization`."""
        return self.signer(method, url, body)

    def renew(self, answer: Answer, refused: Mapping[str, str]) -> bool:  # noqa: ARG002 - no two signatures are equal
        """See `Authorization`."""
        return answer.status == 403 and "security token" in answer.text and self.signer.renew()


def basic(user: str, password: Secret) -> Authorization:
    """User and password, in UTF-8 (RFC 7617)."""
    return FromSecret(password, lambda known: f"Basic {_base64(f'{user}:{known}')}")


def api_key(key: Secret) -> Authorization:
    """An API key, as `id:key` or in base64 as Elasticsearch shows it (Elasticsearch Guide, "Create API key")."""
    return FromSecret(key, lambda known: f"ApiKey {_base64(known) if ':' in known else known}")


def bearer(token: Secret) -> Authorization:
    """A token (RFC 6750), such as a JSON Web Token or that of a service account."""
    return FromSecret(token, lambda known: f"Bearer {known}")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
