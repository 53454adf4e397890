#!/usr/bin/env python3
"""Byte streams over WebSocket as Autobahn has them.   wrapping.py serve | wrapping.py connect URL SUBPROTOCOL

`serve` echoes the bytes of streams, and first prints `listening on ws://...`. `connect` sends as many random bytes as it
has to, gets them back, closes, and prints how that went.
"""
import os
import sys

from autobahn.twisted.websocket import WrappingWebSocketClientFactory, WrappingWebSocketServerFactory
from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol

LEN = 200_000
SECONDS = 20


class Echo(Protocol):
    def dataReceived(self, data):
        self.transport.write(data)


class Exchange(Protocol):
    def connectionMade(self):
        self.sent, self.received = os.urandom(LEN), b""
        for at in range(0, LEN, 7001):
            self.transport.write(self.sent[at:at + 7001])

    def dataReceived(self, data):
        self.received += data
        if len(self.received) == LEN:
            self.transport.loseConnection()

    def connectionLost(self, reason):
        state = "exchanged" if self.received == self.sent else f"{len(self.received)} of {LEN} bytes came back"
        clean = "cleanly" if self.transport.wasClean else "uncleanly"
        print(f"{state}, closed {clean} with {self.transport.remoteCloseCode}", flush=True)
        reactor.stop()


match sys.argv[1:]:
    case ["serve"]:
        factory = WrappingWebSocketServerFactory(Factory.forProtocol(Echo), "ws://127.0.0.1")
        port = reactor.listenTCP(0, factory, interface="127.0.0.1").getHost().port
        print(f"listening on ws://127.0.0.1:{port}/", flush=True)
    case ["connect", url, subprotocol]:
        factory = WrappingWebSocketClientFactory(Factory.forProtocol(Exchange), url)
        factory.protocols = factory._subprotocols = [subprotocol]
        reactor.connectTCP(factory.host, factory.port, factory)
        reactor.callLater(SECONDS, lambda: (print("not in time", flush=True), reactor.stop()))
    case _:
        sys.exit(__doc__)
reactor.run()
