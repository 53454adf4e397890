"""Autobahn|Python as a WAMP client, on asyncio or on Twisted: the same coroutines run on both.

`run(framework, main)` runs `main(runtime)`; a runtime has the few things the two spell differently.
"""
import asyncio
import inspect

import txaio

from router import address_of

STEP_SECONDS = 5


class Timeout(Exception):
    """What was waited for did not come."""


class Inbox:
    """What arrived, in order. `await get()` is the next; waiting too long is a Timeout."""

    def __init__(self, runtime, what="anything"):
        self._runtime, self._what = runtime, what
        self._items, self._waiting = [], None

    def put(self, item):
        self._items.append(item)
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            txaio.resolve(waiting, None)

    async def get(self, seconds=STEP_SECONDS):
        while not self._items:
            self._waiting = txaio.create_future()
            try:
                await self._runtime.within(seconds, self._waiting)
            except Timeout:
                self._waiting = None
                raise Timeout(f"{self._what} did not arrive within {seconds} s") from None
        return self._items.pop(0)

    async def take(self, count, seconds=STEP_SECONDS):
        return [await self.get(seconds) for _ in range(count)]

    def __len__(self):
        return len(self._items)


class Asyncio:
    name = "asyncio"

    async def within(self, seconds, awaitable):
        try:
            return await asyncio.wait_for(awaitable, seconds)
        except asyncio.TimeoutError:
            raise Timeout(f"no answer within {seconds} s") from None

    async def sleep(self, seconds):
        await asyncio.sleep(seconds)

    def spawn(self, coroutine):
        return asyncio.ensure_future(coroutine)

    async def connect(self, url, factory, session, serializer):
        protocol = factory(self, url, session, serializer)
        await asyncio.get_running_loop().create_connection(protocol, *address_of(url))

    def factories(self):
        from autobahn.asyncio.rawsocket import WampRawSocketClientFactory
        from autobahn.asyncio.websocket import WampWebSocketClientFactory
        return WampWebSocketClientFactory, WampRawSocketClientFactory

    def session_class(self):
        from autobahn.asyncio.wamp import ApplicationSession
        return ApplicationSession


class Twisted:
    name = "twisted"

    async def within(self, seconds, awaitable):
        from twisted.internet import defer, reactor
        if inspect.iscoroutine(awaitable):
            awaitable = defer.ensureDeferred(awaitable)
        expired = []
        timer = reactor.callLater(seconds, lambda: (expired.append(True), awaitable.cancel()))
        try:
            return await awaitable
        except defer.CancelledError:
            if expired:
                raise Timeout(f"no answer within {seconds} s") from None
            raise
        finally:
            if timer.active():
                timer.cancel()

    async def sleep(self, seconds):
        from twisted.internet import reactor, task
        await task.deferLater(reactor, seconds, lambda: None)

    def spawn(self, coroutine):
        from twisted.internet import defer
        return defer.ensureDeferred(coroutine)

    async def connect(self, url, factory, session, serializer):
        from twisted.internet import endpoints, reactor
        host, port = address_of(url)
        await endpoints.TCP4ClientEndpoint(reactor, host, port).connect(factory(self, url, session, serializer))

    def factories(self):
        from autobahn.twisted.rawsocket import WampRawSocketClientFactory
        from autobahn.twisted.websocket import WampWebSocketClientFactory
        return WampWebSocketClientFactory, WampRawSocketClientFactory

    def session_class(self):
        from autobahn.twisted.wamp import ApplicationSession
        return ApplicationSession


def run(framework, main):
    """Runs the coroutine function on the framework; its exception comes out here."""
    if framework == "asyncio":
        txaio.use_asyncio()

        async def on_asyncio():
            txaio.config.loop = asyncio.get_running_loop()
            return await main(Asyncio())

        return asyncio.run(on_asyncio())

    txaio.use_twisted()
    from twisted.internet import defer, reactor
    outcome = []

    def start():
        done = defer.ensureDeferred(main(Twisted()))
        done.addBoth(lambda result: (outcome.append(result), reactor.stop()))

    reactor.callWhenRunning(start)
    reactor.run()
    if hasattr(outcome[0], "raiseException"):
        outcome[0].raiseException()
    return outcome[0]


async def join(runtime, url, serializer, realm, seconds=STEP_SECONDS):
    """A session of Autobahn's; its `welcome` holds the details, its `left` and `gone` what ends it.

    ABORT makes it a `Refused`.
    """
    session = _session_class(runtime)(runtime, realm)
    await runtime.within(seconds, runtime.connect(url, _factory, session, serializer))
    kind, details = await session.opened.get(seconds)
    if kind == "refused":
        raise Refused(details.reason, details.message)
    session.welcome = details
    return session


class Refused(Exception):
    """The router answered HELLO with ABORT."""

    def __init__(self, reason, message):
        super().__init__(f"{reason}: {message}")
        self.reason = reason


def _factory(runtime, url, session, serializer):
    from autobahn.wamp import serializer as all_of_them
    make = {"json": all_of_them.JsonSerializer, "msgpack": all_of_them.MsgPackSerializer, "cbor": all_of_them.CBORSerializer}
    batched = serializer.endswith(".batched")
    chosen = make[serializer.removesuffix(".batched")](batched=batched)
    websocket, rawsocket = runtime.factories()
    if url.startswith("rs:"):
        return rawsocket(lambda: session, serializer=chosen)
    factory = websocket(lambda: session, url=url, serializers=[chosen])
    factory.setProtocolOptions(openHandshakeTimeout=STEP_SECONDS)
    return factory


_classes = {}


def _session_class(runtime):
    if runtime.name not in _classes:
        _classes[runtime.name] = _make_session_class(runtime.session_class())
    return _classes[runtime.name]


def _make_session_class(base):
    class Session(base):
        def __init__(self, runtime, realm):
            super().__init__()
            self._joins = realm
            self._was_open = False
            self.opened, self.left, self.gone = (Inbox(runtime, what) for what in ("WELCOME or ABORT", "GOODBYE", "the end"))

        def onConnect(self):
            self.join(self._joins)

        def onJoin(self, details):
            self._was_open = True
            self.opened.put(("joined", details))

        def onLeave(self, details):
            (self.left if self._was_open else self.opened).put(details if self._was_open else ("refused", details))
            return super().onLeave(details)

        def onDisconnect(self):
            super().onDisconnect()
            self.gone.put(True)
            self.opened.put(("refused", _Lost))

        def onUserError(self, fail, msg):
            """Errors of procedures are part of the scenarios: they are not logged."""

        def disclose_me(self):
            """From here on CALL and PUBLISH carry `disclose_me`, for which Autobahn|Python has no option any more."""
            send = self._transport.send

            def disclosing(message):
                if message.MESSAGE_TYPE in (16, 48):
                    message = _Disclosing(message)
                return send(message)

            self._transport.send = disclosing

        async def end(self):
            if self._transport is not None and self.is_attached():
                self.leave()
                await self.gone.get()

    return Session


class _Lost:
    reason, message = "connection lost", "before WELCOME"


class _Disclosing:
    """A message of Autobahn's with one option more."""

    def __init__(self, message):
        self._message = message

    def __getattr__(self, name):
        return getattr(self._message, name)

    def serialize(self, serializer):
        fields = self._message.marshal()
        fields[2] = {**fields[2], "disclose_me": True}
        return serializer.serialize(fields)
