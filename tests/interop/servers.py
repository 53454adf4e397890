#!/usr/bin/env python3
"""Servers on Python packages, for our client.   servers.py NAME      NAME: websockets, aiohttp

Listens on a free loopback port and prints its URL as the first line. What it does depends on the path:

  /        sends every message back
  /kind    answers every message with "text LENGTH" or "binary LENGTH"
  /hello   sends one message that tells the request's X-Probe header and the subprotocol agreed on (it speaks "second")
  /bye     closes with 1000 after the first message
  /drop    cuts the connection after the first message, with no closing handshake
  /refuse  answers the opening handshake with 403
"""
import asyncio
import sys

LIMIT = 1 << 26
SUBPROTOCOL = "second"


def kind(message):
    return f"{'text' if isinstance(message, str) else 'binary'} {len(message)}"


def hello(headers, subprotocol):
    return f"X-Probe: {headers.get('X-Probe')}, subprotocol: {subprotocol}"


async def on_websockets():
    from websockets.asyncio.server import serve

    async def handle(ws):
        path = ws.request.path
        if path == "/hello":
            await ws.send(hello(ws.request.headers, ws.subprotocol))
        async for message in ws:
            if path == "/bye":
                return
            if path == "/drop":
                ws.transport.abort()
                return
            await ws.send(kind(message) if path == "/kind" else message)

    def refuse(connection, request):
        if request.path == "/refuse":
            return connection.respond(403, "not you\n")

    def choose(_, offers):
        return SUBPROTOCOL if SUBPROTOCOL in offers else None

    server = await serve(handle, "127.0.0.1", 0, process_request=refuse, select_subprotocol=choose, max_size=LIMIT)
    return server.sockets[0].getsockname()[1]


async def on_aiohttp():
    from aiohttp import WSMsgType, web

    async def handle(request):
        if request.path == "/refuse":
            raise web.HTTPForbidden(text="not you\n")
        ws = web.WebSocketResponse(protocols=(SUBPROTOCOL,), max_msg_size=LIMIT)
        await ws.prepare(request)
        if request.path == "/hello":
            await ws.send_str(hello(request.headers, ws.ws_protocol))
        async for message in ws:
            if request.path == "/bye":
                break
            if request.path == "/drop":
                request.transport.abort()
            elif request.path == "/kind":
                await ws.send_str(kind(message.data))
            elif message.type == WSMsgType.TEXT:
                await ws.send_str(message.data)
            else:
                await ws.send_bytes(message.data)
        await ws.close()
        return ws

    app = web.Application()
    app.router.add_get("/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner.addresses[0][1]


async def main():
    port = await {"websockets": on_websockets, "aiohttp": on_aiohttp}[sys.argv[1]]()
    print(f"listening on ws://127.0.0.1:{port}/", flush=True)
    await asyncio.get_running_loop().create_future()


asyncio.run(main())
