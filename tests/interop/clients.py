#!/usr/bin/env python3
"""Clients on Python packages, against our echo server.   clients.py NAME URL      NAME: websockets, aiohttp

URL ends in a slash: ws://127.0.0.1:9001/
"""
import asyncio
import sys

from checks import Checks
from messages import MESSAGES

LIMIT = 60
CODE, REASON = 4001, "enough für heute"


async def on_websockets(url, checks):
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed

    def open_(path="", **options):
        return connect(url + path, proxy=None, max_size=None, **options)

    with checks("messages of every length class come back unchanged, sent one by one"):
        async with open_() as ws:
            for message in MESSAGES:
                await ws.send(message)
                assert await ws.recv() == message

    with checks("messages of every length class come back unchanged, sent all at once"):
        async with open_() as ws:
            sending = asyncio.create_task(send_all(ws.send))
            for message in MESSAGES:
                assert await ws.recv() == message
            await sending

    with checks("a fragmented message comes back whole"):
        async with open_() as ws:
            await ws.send(["Gr", "ü", "", "ße"])
            assert await ws.recv() == "Grüße"

    with checks("a compressed message comes back"):
        async with open_(compression="deflate") as ws:
            await ws.send("x" * 10_000)
            assert await ws.recv() == "x" * 10_000

    with checks("a ping is answered with its payload"):
        async with open_() as ws:
            await asyncio.wait_for(await ws.ping(b"are you there"), 10)

    with checks("a close code and reason come back"):
        async with open_() as ws:
            await ws.close(CODE, REASON)
        assert ws.protocol.close_rcvd is not None and ws.protocol.close_rcvd.code == CODE, ws.protocol.close_rcvd

    with checks("/broadcast sends to everyone on it and nobody else"):
        async with open_("broadcast") as a:
            # Whoever got a message of its own back is certainly on the list.
            await a.send("a is here")
            assert await a.recv() == "a is here"
            async with open_("broadcast") as b, open_("elsewhere") as c:
                await b.send("b is here")
                assert [await a.recv(), await b.recv()] == ["b is here", "b is here"]
                await c.send("my own")
                await a.send("to all")
                assert [await a.recv(), await b.recv(), await c.recv()] == ["to all", "to all", "my own"]

    with checks("a text that is not UTF-8 is refused with 1007"):
        async with open_() as ws:
            await ws.send(b"\xff\xfe", text=True)
            try:
                await ws.recv()
                raise AssertionError("it was echoed")
            except ConnectionClosed as closed:
                assert closed.rcvd is not None and closed.rcvd.code == 1007, closed


async def on_aiohttp(url, checks):
    import aiohttp

    async with aiohttp.ClientSession() as session:
        def open_(path="", **options):
            return session.ws_connect(url + path, max_msg_size=0, **options)

        with checks("a plain GET gets the page"):
            async with session.get(url.replace("ws", "http", 1)) as answer:
                page = await answer.text()
                assert answer.status == 200 and answer.content_type == "text/html", answer
                assert 'id="message"' in page

        with checks("messages of every length class come back unchanged"):
            async with open_() as ws:
                for message in MESSAGES:
                    await (ws.send_str if isinstance(message, str) else ws.send_bytes)(message)
                    assert (await ws.receive()).data == message

        with checks("a compressed message comes back"):
            async with open_(compress=15) as ws:
                await ws.send_str("x" * 10_000)
                assert (await ws.receive()).data == "x" * 10_000

        with checks("a ping is answered with its payload"):
            async with open_(autoping=False) as ws:
                await ws.ping(b"are you there")
                pong = await ws.receive()
                assert (pong.type, pong.data) == (aiohttp.WSMsgType.PONG, b"are you there"), pong

        with checks("a close code comes back"):
            async with open_() as ws:
                await ws.close(code=CODE, message=REASON.encode())
                assert ws.close_code == CODE, ws.close_code


async def send_all(send):
    for message in MESSAGES:
        await send(message)


def main():
    name, url = sys.argv[1:]
    checks = Checks(f"{name} as client")
    run = {"websockets": on_websockets, "aiohttp": on_aiohttp}[name]
    with checks("it ends in time"):
        asyncio.run(asyncio.wait_for(run(url, checks), LIMIT))
    checks.end()


main()
