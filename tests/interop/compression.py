#!/usr/bin/env python3
"""Compressed connections with every combination of parameters that a peer offers.
compression.py PEER WIREBAHN BACKEND URL      PEER: websockets, autobahn, ws

BACKEND is what compresses with permessage-deflate here, or, for autobahn, one of its kin: bzip2, snappy, brotli.

As clients the peers talk to our echo server at URL, as servers to `WIREBAHN connect`.
"""
import asyncio
import itertools
import json
import random
import sys
import urllib.parse

from checks import Checks

LIMIT = 150
FLAGS = list(itertools.product((False, True), repeat=2))
WINDOWS = range(9, 16)

rng = random.Random(7692)
MESSAGES = [json.dumps([{"id": rng.randrange(1000), "name": f"user-{rng.randrange(20)}"} for _ in range(n)])
            for n in (1, 3, 3, 40, 40, 900, 3)]
MESSAGES += ["x" * 70_000, "é" * 40_000, "".join(chr(rng.randrange(32, 127)) for _ in range(5000)), "end"]

peer, program, backend, url = sys.argv[1:5]
checks = Checks(f"{peer} compressing with {backend}")
KIN = ("bzip2", "snappy", "brotli")
PARAMS = backend if backend in KIN else f"backend={backend}"


# --- peers as clients --------------------------------------------------------
async def websockets_clients():
    from websockets.asyncio.client import connect
    from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

    count = 0
    for flags in FLAGS:
        for server_window in (None, *WINDOWS):
            for client_window in (None, True, *WINDOWS):
                offer = ClientPerMessageDeflateFactory(*flags, server_window, client_window)
                async with connect(url, proxy=None, compression=None, extensions=[offer], max_size=None) as ws:
                    assert ws.protocol.extensions, (flags, server_window, client_window)
                    for message in MESSAGES[:8]:
                        await ws.send(message)
                        assert await ws.recv() == message, (flags, server_window, client_window)
                count += 1
    assert count == 4 * 8 * 9


def autobahn_class(what):
    from autobahn.websocket import compress
    return getattr(compress, f"PerMessage{backend.capitalize() if backend in KIN else 'Deflate'}{what}")


async def autobahn_clients():
    from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol

    parts = urllib.parse.urlsplit(url)
    for accepts, requests in FLAGS:
        for window in (0,) if backend in ("snappy", "brotli") else (0, 1, 9) if backend == "bzip2" else (0, *WINDOWS):
            options = {"accept_no_context_takeover": accepts, "request_no_context_takeover": requests}
            if backend == "bzip2":
                options = {"accept_max_compress_level": accepts, "request_max_compress_level": window}
            elif backend not in KIN:
                options["request_max_window_bits"] = window
            offer = autobahn_class("Offer")(**options)
            ended = asyncio.get_running_loop().create_future()

            class Client(WebSocketClientProtocol):
                got = 0

                def onConnect(self, response):
                    if not response.extensions:
                        ended.set_exception(AssertionError("nothing was agreed upon"))

                def onOpen(self):
                    for message in MESSAGES:
                        self.sendMessage(message.encode())

                def onMessage(self, payload, isBinary):
                    if payload.decode() != MESSAGES[self.got]:
                        ended.set_exception(AssertionError(f"message {self.got} came back changed"))
                    self.got += 1
                    if self.got == len(MESSAGES):
                        self.sendClose(1000)

                def onClose(self, wasClean, code, reason):
                    if not ended.done():
                        ended.set_result((self.got, code))

            factory = WebSocketClientFactory(url)
            factory.protocol = Client
            factory.setProtocolOptions(perMessageCompressionOffers=[offer],
                                       perMessageCompressionAccept=autobahn_class("ResponseAccept"),
                                       closeHandshakeTimeout=10)
            await asyncio.get_running_loop().create_connection(factory, parts.hostname, parts.port)
            assert await ended == (len(MESSAGES), 1000), await ended


async def ws_clients():
    process = await asyncio.create_subprocess_exec(
        "node", __file__.replace(".py", ".js"), "client", url, stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate(json.dumps(MESSAGES).encode())
    assert process.returncode == 0 and output.strip() == b"288 connections", output.decode()


# --- peers as servers --------------------------------------------------------
async def talk(server_url, params):
    """Sends the messages with our client, which prints those that come back."""
    process = await asyncio.create_subprocess_exec(
        program, "--log", "wirebahn=info", "connect", f"--compress={PARAMS}{params and ','}{params}", server_url,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, limit=1 << 20)
    process.stdin.write("".join(f"{message}\n" for message in MESSAGES).encode())
    # The end of its input makes it close, so that has to wait for the answers.
    got = [(await process.stdout.readline()).decode().removesuffix("\n") for _ in MESSAGES]
    _, errors = await process.communicate(b"")
    assert process.returncode == 0, f"{params}: status {process.returncode}: {errors.decode()}"
    assert got == MESSAGES, f"{params}: messages came back changed"
    assert b"using permessage-" in errors, f"{params}: not compressed: {errors.decode()}"


OURS = [",".join(filter(None, (window, context)))
        for window in ("", "window=9", "window=12", "send-window=10,receive-window=15")
        for context in ("", "send-no-context", "receive-no-context", "no-context")]


async def websockets_servers():
    from websockets.asyncio.server import serve
    from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

    async def echo(ws):
        async for message in ws:
            await ws.send(message)

    for flags in FLAGS:
        for window in (None, *WINDOWS):
            answer = ServerPerMessageDeflateFactory(*flags, window, window)
            async with serve(echo, "127.0.0.1", 0, compression=None, extensions=[answer], max_size=None) as server:
                here = "ws://127.0.0.1:%d/" % server.sockets[0].getsockname()[1]
                for params in OURS if window in (None, 12) else ("",):
                    await talk(here, params)


async def autobahn_servers():
    from autobahn.asyncio.websocket import WebSocketServerFactory, WebSocketServerProtocol

    class Echo(WebSocketServerProtocol):
        def onMessage(self, payload, isBinary):
            self.sendMessage(payload, isBinary)

    for request_context, context in itertools.product((False, True), (None, True)):
        for window in (0,) if backend in KIN else (0, *WINDOWS):
            def accept(offers):
                for offer in offers:
                    if backend == "bzip2":
                        level = 3 if request_context and offer.accept_max_compress_level else 0
                        return autobahn_class("OfferAccept")(offer, request_max_compress_level=level)
                    if backend in KIN:
                        return autobahn_class("OfferAccept")(
                            offer, request_no_context_takeover=request_context and offer.accept_no_context_takeover,
                            no_context_takeover=context)
                    if isinstance(offer, autobahn_class("Offer")):
                        return autobahn_class("OfferAccept")(
                            offer, request_no_context_takeover=request_context and offer.accept_no_context_takeover,
                            request_max_window_bits=window if offer.accept_max_window_bits else 0,
                            no_context_takeover=context)

            factory = WebSocketServerFactory()
            factory.protocol = Echo
            factory.setProtocolOptions(perMessageCompressionAccept=accept)
            server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0)
            here = "ws://127.0.0.1:%d/" % server.sockets[0].getsockname()[1]
            for params in ("",) if backend in KIN else OURS if window == 0 else ("", "send-no-context"):
                await talk(here, params)
            server.close()


async def ws_servers():
    process = await asyncio.create_subprocess_exec("node", __file__.replace(".py", ".js"), "server",
                                                   stdout=asyncio.subprocess.PIPE)
    try:
        here = (await process.stdout.readline()).decode().split()[-1]
        for server_context, client_context in FLAGS:
            for window in (None, 9, 12, 15):
                options = {"serverNoContextTakeover": True} if server_context else {}
                options |= {"clientNoContextTakeover": True} if client_context else {}
                options |= {"serverMaxWindowBits": window, "clientMaxWindowBits": window} if window else {}
                for params in OURS:
                    # This server refuses those who ask for less than what it would use itself.
                    asked = 9 if "window=9" in params else 12 if "window=12" in params else 15
                    if not window or window <= asked:
                        await talk(here + "?" + urllib.parse.quote(json.dumps(options)), params)
    finally:
        process.kill()
        await process.wait()


def main():
    for role in ("clients", "servers"):
        with checks(f"every combination of parameters works with them as {role}"):
            asyncio.run(asyncio.wait_for(globals()[f"{peer}_{role}"](), LIMIT))
    checks.end()


main()
