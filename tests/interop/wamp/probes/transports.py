"""The framing below the messages: RawSocket, WebSocket and its subprotocols."""
import socket
import struct
import time

from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from router import REALM
from wire import Closed, Silence, WebSocketWire, decode, encode, open_socket, read_exactly

from .probe import HELLO, SERIALIZERS, VIOLATION, closes, ends, lives


def rawsocket_handshake(p, url):
    def reply(octets):
        with open_socket(url) as tcp:
            tcp.sendall(octets)
            answer = read_exactly(tcp, 4)
            try:
                rest = read_exactly(tcp, 1, 3)
            except Closed:
                rest = None
            except Silence:
                rest = "open"
            return answer.hex(), rest

    def errors(p):
        for octets, want in ((b"\x7f\xf0\0\0", "7f100000"), (b"\x7f\xf6\0\0", "7f100000"), (b"\x7f\xff\0\0", "7f100000"),
                             (b"\x7f\xf1\x01\0", "7f300000"), (b"\x7f\xf1\0\x01", "7f300000")):
            got, rest = reply(octets)
            assert got == want and rest is None, f"{octets.hex()} -> {got}, then {rest}; wanted {want} and the end"
    p.run("the handshake's errors have their codes, and the connection ends", errors)

    def not_ours(p):
        for octets in (b"\x7e\xf1\0\0", b"\0\0\0\0", b"\xff" * 8, b"GARBAGE\r\n\r\n"):
            with open_socket(url) as tcp:
                tcp.sendall(octets)
                tcp.shutdown(socket.SHUT_WR)
                data = b""
                try:
                    while True:
                        data += read_exactly(tcp, 1)
                except Closed:
                    pass
                assert not data.startswith(b"\x7f"), data
    p.run("octets that start no protocol end the connection", not_ours)

    def byte_by_byte(p):
        with open_socket(url) as tcp:
            for byte in b"\x7f\xf1\0\0":
                tcp.sendall(bytes([byte]))
                time.sleep(0.01)
            assert read_exactly(tcp, 4)[0] == 0x7F
            hello = encode("json", [1, REALM, HELLO])
            for byte in struct.pack(">I", len(hello)) + hello:
                tcp.sendall(bytes([byte]))
            length, = struct.unpack(">I", read_exactly(tcp, 4))
            assert read_exactly(tcp, length).startswith(b"[2,")
    p.run("the handshake and HELLO may come octet by octet", byte_by_byte)

    def all_at_once(p):
        with open_socket(url) as tcp:
            hello = encode("json", [1, REALM, HELLO])
            call = encode("json", [48, 1, {}, "wamp.session.count"])
            tcp.sendall(b"\x7f\xf1\0\0" + struct.pack(">I", len(hello)) + hello + struct.pack(">I", len(call)) + call)
            assert read_exactly(tcp, 4)[0] == 0x7F
            for start in (b"[2,", b"[50,1,"):
                length, = struct.unpack(">I", read_exactly(tcp, 4))
                assert read_exactly(tcp, length).replace(b" ", b"").startswith(start)
    p.run("the handshake, HELLO and a CALL may come at once", all_at_once)


def rawsocket_frames(p):
    def ping(p):
        wire = p.joined()
        for payload in (b"", b"are you there", bytes(range(256)) * 16):
            wire.send_octets(payload, kind=1)
            assert wire.read_frame() == (2, payload), "no PONG with the same payload"
        lives(wire)
    p.run("PING is answered with its payload", ping)

    def pong(p):
        wire = p.joined()
        wire.send_octets(b"unasked", kind=2)
        lives(wire)
    p.run("a PONG that nobody asked for is ignored", pong)

    for kind in (3, 4, 7, 0x10, 0x80):
        def bad_kind(p, kind=kind):
            wire = p.joined()
            wire.write(struct.pack(">I", kind << 24 | 3) + b"abc")
            ends(wire)
        p.run(f"a frame that begins with the octet {kind:#04x} ends the connection", bad_kind)

    def oversize(p):
        wire = p.joined()
        # The 25th bit says 2^24, which is as much as can be; with more it says nothing.
        wire.write(b"\x08\0\0\x01" if wire.limit == 1 << 24 else struct.pack(">I", wire.limit + 1))
        ends(wire)
    p.run("a frame that is longer than the router takes ends the connection at its header", oversize)

    def small_limit(p):
        wire = p.open(length=0)
        wire.send(1, REALM, HELLO)
        try:
            while True:
                header = read_exactly(wire._socket, 4)
                length, = struct.unpack(">I", header)
                assert length <= 512, f"a frame of {length} octets to a client that takes 512"
                read_exactly(wire._socket, length)
                wire.send(48, wire.request(), {}, "wamp.session.list")
                if wire._request > 3:
                    break
        except Closed:
            pass
    p.run("no frame is longer than the client takes", small_limit)

    def too_large_for_the_callee(p):
        callee, caller = p.open(length=3), p.joined()
        callee.join(features=False)
        callee.register("probe.large")
        caller.send(48, caller.request(), {}, "probe.large", ["x" * 100_000])
        answer = caller.recv()
        assert answer[:3] == [8, 48, 1], answer
    p.run("a call that is too large for its callee is answered with an error", too_large_for_the_callee)


def websocket_frames(p):
    def wrong_kind(p):
        wire = p.joined()
        wire.send_octets(encode(p.serializer, [48, 1, {}, "a.b"]) if p.serializer == "json" else b"[48,1,{},\"a.b\"]", text=p.serializer != "json")
        try:
            answer = wire.recv()
        except Closed as end:
            assert end.code in (1002, 1003), end
        else:
            assert answer[0] == 3 and answer[2] == VIOLATION, answer
            closes(wire)
    p.run("a message in the other kind of frame is a violation", wrong_kind)

    if p.serializer == "json":
        def not_utf8(p):
            wire = p.joined()
            wire.send_octets(b'[48,1,{},"\xff"]')
            try:
                closes(wire)
            except AssertionError:
                closes(wire)
        p.run("text that is not UTF-8 ends the connection", not_utf8)

    def fragments(p):
        wire = p.joined()
        data = encode(p.serializer, [48, 1, {}, "wamp.session.count"])
        pieces = [data[i:i + 1] for i in range(len(data))]
        wire._socket.send([x.decode() for x in pieces] if p.serializer == "json" else pieces)
        assert wire.recv()[:2] == [50, 1]
    p.run("a message in fragments of one octet is understood", fragments)

    def ping(p):
        wire = p.joined()
        assert wire._socket.ping(b"are you there").wait(5), "no pong"
        lives(wire)
    p.run("WebSocket pings are answered", ping)


def subprotocols(p, url):
    def none_known(p):
        for offer in (["wamp.2.telepathy"], ["chat"], ["wamp"], None):
            try:
                with connect(url, subprotocols=offer, proxy=None, open_timeout=5) as ws:
                    assert ws.subprotocol is None, ws.subprotocol
                    ws.recv(timeout=5)
                raise AssertionError(f"{offer} was served")
            except InvalidStatus as refusal:
                assert refusal.response.status_code == 400, refusal
            except Exception as end:
                assert "1002" in str(end) or "1003" in str(end) or "1008" in str(end), f"{offer}: {end!r}"
    p.run("an offer without a WAMP subprotocol that we have is refused", none_known)

    def best_known(p):
        with connect(url, subprotocols=["wamp.2.telepathy", "wamp.2.cbor", "wamp.2.json"], proxy=None, open_timeout=5) as ws:
            assert ws.subprotocol in ("wamp.2.cbor", "wamp.2.json"), ws.subprotocol
    p.run("of several offers one that we have is taken", best_known)

    def huge_frame(p):
        with open_socket(url) as tcp:
            host, path = url.split("://")[1].split("/", 1)
            tcp.sendall(f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Protocol: wamp.2.json\r\n\r\n".encode())
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += read_exactly(tcp, 1)
            assert head.startswith(b"HTTP/1.1 101"), head
            tcp.sendall(b"\x81\xff" + struct.pack(">Q", 1 << 40) + b"\0\0\0\0[1,")
            frame = read_exactly(tcp, 2)
            assert frame[0] == 0x88 and read_exactly(tcp, frame[1])[:2] == struct.pack(">H", 1009), frame
    p.run("a frame of a terabyte is refused with 1009 at its header", huge_frame)

    for serializer in SERIALIZERS:
        for separator in (b"\x1e", b"\x18") if serializer == "json" else (b"",):
            def batched(p, serializer=serializer, separator=separator):
                with WebSocketWire(url, serializer, ".batched") as wire:
                    assert wire.subprotocol == f"wamp.2.{serializer}.batched"
                    wire._write(batch(serializer, [1, REALM, HELLO], [48, 1, {}, "wamp.session.count"], separator=separator))
                    wire._write(batch(serializer, [32, 2, {}, "probe.batch"], [16, 3, {"exclude_me": False}, "probe.batch", [1]],
                                      [16, 4, {"exclude_me": False}, "probe.batch", ["\x1f"]], separator=separator))
                    got = []
                    while len(got) < 5:
                        got += unbatch(serializer, wire._read(5))
                    assert [m[0] for m in got] == [2, 50, 33, 36, 36], got
                    assert got[4][4] == ["\x1f"], got[4]
            p.run(f"batches of {serializer}{f' with {separator!r}' if separator else ''} are understood and sent", batched)

        def bad_batch(p, serializer=serializer):
            whole = batch(serializer, [1, REALM, HELLO])
            for octets in (b"", whole[:-2], whole + b"\0\0", encode(serializer, [48, 1, {}, "a.b"])[:3]):
                with WebSocketWire(url, serializer, ".batched") as wire:
                    wire._write(octets)
                    answers = []
                    try:
                        while True:
                            answers += unbatch(serializer, wire._read(5))
                    except Closed:
                        pass
                    assert answers and answers[-1][0] == 3 and answers[-1][2] == VIOLATION, f"{octets!r}: {answers}"
        p.run(f"a batch of {serializer} that is empty or cut is a violation", bad_batch)


def batch(serializer, *messages, separator=b"\x1e"):
    encoded = [encode(serializer, m) for m in messages]
    if serializer == "json":
        return b"".join(m + separator for m in encoded)
    return b"".join(struct.pack(">I", len(m)) + m for m in encoded)


def unbatch(serializer, data):
    if serializer == "json":
        assert data[-1:] in (b"\x1e", b"\x18"), data
        return [decode(serializer, m) for m in data.replace(b"\x18", b"\x1e").split(b"\x1e")[:-1]]
    out = []
    while data:
        length, = struct.unpack(">I", data[:4])
        out.append(decode(serializer, data[4:4 + length]))
        data = data[4 + length:]
    return out
