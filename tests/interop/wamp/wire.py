"""WAMP on the wire, as small as it can be: whole messages or whatever octets one likes, and what came back.

Over WebSocket the package `websockets` does the framing; over RawSocket nothing does.
"""
import json
import socket
import struct
import time

import cbor2
import msgpack
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from router import REALM, address_of

SECONDS = 5
HELLO_ROLES = {"caller": {}, "callee": {}, "publisher": {}, "subscriber": {}}
ALL_FEATURES = {
    "caller": ["caller_identification", "call_canceling", "call_timeout", "progressive_call_results"],
    "callee": ["caller_identification", "call_canceling", "progressive_call_results", "pattern_based_registration",
               "shared_registration", "registration_revocation"],
    "publisher": ["publisher_identification", "subscriber_blackwhite_listing", "publisher_exclusion"],
    "subscriber": ["publisher_identification", "pattern_based_subscription", "subscription_revocation"],
}
RAWSOCKET_IDS = {"json": 1, "msgpack": 2, "cbor": 3}


class Silence(Exception):
    """Nothing came back in time."""

    def __str__(self):
        return "silence"


class Closed(Exception):
    """The router closed the connection; over WebSocket `code` is its close code."""

    def __init__(self, code=None, reason=""):
        super().__init__(f"closed{f' with {code}' if code else ''}{f' ({reason})' if reason else ''}")
        self.code = code


def encode(serializer, message):
    if serializer == "json":
        return json.dumps(message, ensure_ascii=False).encode()
    return msgpack.packb(message) if serializer == "msgpack" else cbor2.dumps(message)


def decode(serializer, data):
    if serializer == "json":
        return json.loads(data)
    return msgpack.unpackb(data, strict_map_key=False) if serializer == "msgpack" else cbor2.loads(data)


class Wire:
    """A connection to the router, with a transcript of the messages. `patience` is how long an answer may take."""

    patience = SECONDS

    def __init__(self, url, serializer):
        self.url, self.serializer, self.log = url, serializer, []
        self._request = 0

    def send(self, *message):
        self.log.append(f"> {_short(message)}")
        self._write(encode(self.serializer, list(message)))

    def send_octets(self, data, **how):
        self.log.append(f"> {data[:60]!r}{'...' if len(data) > 60 else ''}")
        self._write(data, **how)

    def recv(self, seconds=None):
        """The next message; Closed or Silence if there is none."""
        try:
            message = decode(self.serializer, self._read(seconds or Wire.patience))
        except (Closed, Silence) as end:
            self.log.append(f"< {end}")
            raise
        self.log.append(f"< {_short(message)}")
        return message

    def request(self):
        self._request += 1
        return self._request

    def join(self, realm=REALM, features=True, **details):
        """Says HELLO and gives the WELCOME's details with the session id in them."""
        roles = {role: {"features": dict.fromkeys(names, True)} for role, names in ALL_FEATURES.items()} if features else HELLO_ROLES
        self.send(1, realm, {"roles": roles, **details})
        answer = self.recv()
        assert answer[0] == 2, f"no WELCOME but {answer}"
        self.session = answer[1]
        return {**answer[2], "session": answer[1]}

    def ask(self, code, options, uri, *rest):
        """A request with the next id, and its answer."""
        self.send(code, self.request(), options, uri, *rest)
        return self.recv()

    def subscribe(self, uri, **options):
        answer = self.ask(32, options, uri)
        assert answer[:2] == [33, self._request], answer
        return answer[2]

    def register(self, uri, **options):
        answer = self.ask(64, options, uri)
        assert answer[:2] == [65, self._request], answer
        return answer[2]

    def call(self, uri, *args, **options):
        """The first result of a call; an ERROR is an assertion."""
        answer = self.ask(48, options, uri, list(args))
        assert answer[:2] == [50, self._request], answer
        return answer[3][0] if len(answer) > 3 and answer[3] else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class WebSocketWire(Wire):
    def __init__(self, url, serializer, suffix="", max_queue=None):
        super().__init__(url, serializer)
        self._socket = connect(url, subprotocols=[f"wamp.2.{serializer}{suffix}"], max_size=None, max_queue=max_queue, proxy=None,
                               compression=None, open_timeout=SECONDS, close_timeout=2, ping_interval=None)
        self.subprotocol = self._socket.subprotocol

    def _write(self, data, text=None):
        try:
            self._socket.send(data, text=self.serializer == "json" if text is None else text)
        except ConnectionClosed:
            pass  # what was answered is read all the same

    def _read(self, seconds):
        try:
            return self._socket.recv(timeout=seconds, decode=False)
        except TimeoutError:
            raise Silence from None
        except ConnectionClosed as end:
            raise Closed(*((end.rcvd.code, end.rcvd.reason) if end.rcvd else (1006, ""))) from None

    def close(self):
        self._socket.close()

    def drop(self):
        self._socket.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.socket.close()


class RawSocketWire(Wire):
    def __init__(self, url, serializer, length=15, receive_buffer=None):
        super().__init__(url, serializer)
        self._socket = open_socket(url, receive_buffer)
        self._socket.sendall(bytes([0x7F, length << 4 | RAWSOCKET_IDS[serializer], 0, 0]))
        reply = read_exactly(self._socket, 4)
        assert reply[0] == 0x7F and reply[1] & 15 == RAWSOCKET_IDS[serializer] and reply[2:] == b"\0\0", f"handshake reply {reply.hex()}"
        self.limit = 1 << (reply[1] >> 4) + 9

    def _write(self, data, kind=0):
        self.write(struct.pack(">I", kind << 24 | len(data)) + data)

    def write(self, octets):
        """Octets as they are, framing and all."""
        self._socket.settimeout(SECONDS)
        try:
            self._socket.sendall(octets)
        except OSError:
            pass  # what was answered is read all the same

    def read_frame(self, seconds=SECONDS):
        """The next frame: its type and its payload."""
        header, = struct.unpack(">I", read_exactly(self._socket, 4, seconds))
        return header >> 24, read_exactly(self._socket, header & 0xFFFFFF, seconds)

    def _read(self, seconds):
        kind, data = self.read_frame(seconds)
        assert kind == 0, f"a frame of type {kind}"
        return data

    def close(self):
        self._socket.close()

    def drop(self):
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()


def open_wire(url, serializer, **options):
    return (RawSocketWire if url.startswith("rs:") else WebSocketWire)(url, serializer, **options)


def open_socket(url, receive_buffer=None):
    tcp = socket.socket()
    if receive_buffer is not None:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    tcp.settimeout(SECONDS)
    tcp.connect(address_of(url))
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return tcp


def read_exactly(tcp, count, seconds=SECONDS):
    data, end = b"", time.monotonic() + seconds
    while len(data) < count:
        tcp.settimeout(max(0.001, end - time.monotonic()))
        try:
            got = tcp.recv(min(count - len(data), 1 << 20))
        except TimeoutError:
            raise Silence from None
        except OSError:
            got = b""
        if not got:
            raise Closed
        data += got
    return data


def _short(message):
    text = json.dumps(message, ensure_ascii=False, default=repr)
    return text if len(text) < 240 else text[:200] + "..."
