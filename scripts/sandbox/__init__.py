"""Imitations ("twins") of the vendors, over real HTTP on 127.0.0.1.

Nothing here is imported from `studio`: a mistake in one must be seen by the other.
An imitation proves the client, not the vendor. Not played by itself: rate limits, moderation, refunds,
changing prices, and every maker that data/ does not list. Faults can be ordered and products replaced.
"""

from sandbox.server import Sandbox

__all__ = ["Sandbox"]
