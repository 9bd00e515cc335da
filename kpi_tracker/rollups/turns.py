"""One message at a time: whether a refresh of an organisation waits or runs already.

Beat looks for what is dirty several times a second. Without this a slow worker would find a heap of the same message. What is known
stands in the cache, beside the queue: emptied together, both begin anew. How long it stands is measured by the cache's own clock,
so no clock of a worker matters. A message that got lost is noticed at once where nothing waits in the queue, otherwise after
`WAITING` seconds; a worker that died at it, after `RUNNING`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator

from django.core.cache import cache

WAITING = 600
RUNNING = 5
ROUND = "rollups-round"
ROUND_SECONDS = 5
REBUILD_SECONDS = 60


def _key(organisation_id: int) -> str:
    return f"rollups-turn-{organisation_id}"


def ask(organisation_ids: Iterable[int], *, idle: bool) -> Iterator[tuple[int, str]]:
    """The organisations for which a message is to be sent, each with the token to send with it.

    idle: nothing waits in the queue, so a message that should be there has been lost.
    """
    held = cache.get_many([_key(number) for number in organisation_ids])
    for number in organisation_ids:
        token, known = secrets.token_hex(8), held.get(_key(number))
        if known is None:
            if cache.add(_key(number), f"waiting {token}", WAITING):
                yield number, token
        elif idle and known.startswith("waiting"):
            cache.set(_key(number), f"waiting {token}", WAITING)
            yield number, token


def begin(organisation_id: int, token: str) -> str:
    """A message is being worked on: the token to go on with, empty where another message has the turn.

    token: what it was sent with; empty where it was sent by hand.
    """
    known = cache.get(_key(organisation_id))
    if known is not None and (not token or known != f"waiting {token}"):
        return ""
    token = token or secrets.token_hex(8)
    cache.set(_key(organisation_id), f"running {token}", RUNNING)
    return token


def go_on(organisation_id: int, token: str) -> str:
    """Not done yet: the token for the next message, empty where another message has the turn."""
    if not token or cache.get(_key(organisation_id)) != f"running {token}":
        return ""
    following = secrets.token_hex(8)
    cache.set(_key(organisation_id), f"waiting {following}", WAITING)
    return following


def end(organisation_id: int, token: str) -> None:
    if token and cache.get(_key(organisation_id)) == f"running {token}":
        cache.delete(_key(organisation_id))


def ask_round() -> bool:
    """Whether to send the message that looks for what is dirty: not while one waits, unless it waits for long."""
    return cache.add(ROUND, 1, ROUND_SECONDS)


def begin_round() -> None:
    if cache.get(ROUND) is not None:
        cache.delete(ROUND)


def rebuild_lives(organisation_id: int) -> None:
    """A worker is at a slice, or a message for one has just been sent."""
    cache.set(f"rollups-rebuild-{organisation_id}", 1, REBUILD_SECONDS)


def rebuild_stands(organisation_id: int) -> bool:
    """Whether nobody has been at a slice for a minute. Asked again within the next minute: no."""
    return cache.add(f"rollups-rebuild-{organisation_id}", 1, REBUILD_SECONDS)
