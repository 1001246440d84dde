"""How often signing in may be tried, so that passwords cannot be guessed at speed."""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from data.errors import UserError

PER_PERSON = RateLimitItemPerMinute(5)
PER_ADDRESS = RateLimitItemPerMinute(30)


class TooManyTries(UserError):
    """Something was tried too often in a short time: 429."""


class SignInLimit:
    """At most 5 tries a minute for one name from one address, and 30 from one address; success forgets the former."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def hit(self, address: str, name: str) -> None:
        """Count one try. Raises TooManyTries saying how long to wait."""
        person = self._limiter.hit(PER_PERSON, address, name)
        if person and self._limiter.hit(PER_ADDRESS, address):
            return
        stats = self._limiter.get_window_stats(
            PER_ADDRESS if person else PER_PERSON, address, *(() if person else (name,))
        )
        wait = max(1, math.ceil(stats.reset_time - time.time()))
        raise TooManyTries("Signing in was tried too often.", hint=f"Please wait {wait} seconds and try again.")

    def clear(self, address: str, name: str) -> None:
        """Forget the tries of this person."""
        self._limiter.clear(PER_PERSON, address, name)
