#!/usr/bin/env python3
"""Autobahn|Python against a router.   autobahn_python.py FRAMEWORK WS_URL RS_URL [--router NAME] [--only TEXT] [--realm R]

FRAMEWORK: asyncio, twisted. Runs every scenario over WebSocket and RawSocket with each serializer. NAME (wirebahn,
crossbar) decides what is expected.
"""
import argparse
import asyncio
import os
import random
import string
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from checks import Checks
from peer import Inbox, Timeout, join, run
from router import REALM

SERIALIZERS = ["json", "msgpack", "cbor"]
SCENARIO_SECONDS = 40
KNOWN_DIFFERENCE_SECONDS = 2


class Cell:
    """One transport and serializer: what a scenario needs to know, and the sessions it opened."""

    def __init__(self, runtime, url, serializer, realm, patience):
        self._runtime, self._url, self._patience = runtime, url, patience
        self.serializer, self.serializers, self.realm = serializer, SERIALIZERS, realm
        self._prefix = "interop." + "".join(random.choices(string.ascii_lowercase, k=12))
        self._sessions = []
        self.spawn, self.sleep = runtime.spawn, runtime.sleep

    @property
    def cancelled(self):
        if self._runtime.name == "asyncio":
            return asyncio.CancelledError
        from twisted.internet.defer import CancelledError
        return CancelledError

    @property
    def joined(self):
        return bool(self._sessions)

    async def join(self, serializer=None, realm=None):
        session = await join(self._runtime, self._url, serializer or self.serializer, realm or self.realm)
        self._sessions.append(session)
        return session

    async def sessions(self, count):
        return [await self.join() for _ in range(count)]

    def uri(self, name):
        return f"{self._prefix}.{name}"

    def inbox(self, what="anything"):
        return Inbox(self._runtime, what)

    async def within(self, awaitable, seconds=None):
        return await self._runtime.within(seconds or self._patience, awaitable)

    def drop(self, session):
        """Cuts the connection without a word."""
        transport = session._transport.transport
        # asyncio's and Twisted's word for it.
        (getattr(transport, "abort", None) or transport.abortConnection)()

    async def end(self):
        for session in self._sessions:
            try:
                await session.end()
            except Timeout:
                pass


async def run_all(runtime, options):
    import scenarios
    for url in (options.websocket, options.rawsocket):
        kind = url.split(":")[0]
        serializers = SERIALIZERS + (["json.batched", "msgpack.batched", "cbor.batched"] if options.batched and kind == "ws" else [])
        for serializer in serializers:
            checks = Checks(f"autobahn-python {runtime.name} {kind} {serializer}")
            for name, body, differs in scenarios.ALL:
                if options.only in name:
                    await run_one(runtime, options, url, serializer, checks, name, body, differs.get(options.router))
            all_checks.append(checks)


async def run_one(runtime, options, url, serializer, checks, name, body, difference):
    cell = Cell(runtime, url, serializer, options.realm, KNOWN_DIFFERENCE_SECONDS if difference else 5)
    error = None
    try:
        await runtime.within(SCENARIO_SECONDS, body(cell))
    except Exception as raised:
        error = raised
    await cell.end()
    if difference is None:
        with checks(name):
            if error is not None:
                raise error
    else:
        with checks(f"{name}: {options.router} {difference}"):
            assert cell.joined, error
            assert error is not None, "it no longer differs: take the mark away"


all_checks = []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("framework", choices=["asyncio", "twisted"])
    parser.add_argument("websocket")
    parser.add_argument("rawsocket")
    parser.add_argument("--router", default="wirebahn")
    parser.add_argument("--realm", default=REALM)
    parser.add_argument("--only", default="")
    parser.add_argument("--batched", action="store_true", help="also the batched WebSocket subprotocols")
    options = parser.parse_args()
    run(options.framework, lambda runtime: run_all(runtime, options))
    sys.exit(any(checks.failed for checks in all_checks))


main()
