"""What Autobahn|Python does with a router, scenario by scenario.

A scenario is a coroutine on a `Cell` (autobahn_python.py): it joins sessions of the cell's transport and serializer and
asserts what comes back. Where no event may arrive, another one sent after it to the same subscriber is the proof: events
of one publisher arrive in order. Where a router is known to do otherwise, the scenario must fail.
"""
from . import calls, cancelling, events, meta, registrations, sessions
from .common import ALL

__all__ = ["ALL", "calls", "cancelling", "events", "meta", "registrations", "sessions"]
