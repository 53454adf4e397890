#!/usr/bin/env python3
"""`wirebahn tunnel` against other people's ends of such a tunnel.   tunnel.py WIREBAHN

websockify as the end with the target, and its WebSocket class as a client; Autobahn's wrapping as both, in both encodings.
"""
import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time

from checks import Checks
from websockify.websocket import WebSocket, WebSocketWantReadError

SECONDS = 20
LEN = 300_000

wirebahn = sys.argv[1]
WRAPPING = [sys.executable, "-W", "ignore", str(pathlib.Path(__file__).with_name("wrapping.py"))]


@contextlib.contextmanager
def process(*command):
    """Runs a command for a while; gives what stands behind `listening on` in its first line."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        first = child.stdout.readline()
        assert first.startswith("listening on "), f"{command[0]} did not start: {first!r}"
        yield first.split()[-1]
    finally:
        child.terminate()
        child.wait()


def entrance(to, *options):
    return process(wirebahn, "tunnel", "--listen", "tcp:127.0.0.1:0", "--to", to, *options)


def leads_to(target):
    return process(wirebahn, "tunnel", "--listen", "ws://127.0.0.1:0/", "--to", target)


def serve(handle):
    """A target on TCP; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=handle, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return "127.0.0.1:%d" % listener.getsockname()[1]


def echo(connection):
    with connection, contextlib.suppress(ConnectionResetError):
        while data := connection.recv(65536):
            connection.sendall(data)


def greet(connection):
    with connection:
        connection.sendall(b"hello and goodbye")


@contextlib.contextmanager
def websockify(target):
    """Their server, once it listens; it says so nowhere."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "websockify", f"127.0.0.1:{port}", target]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                assert time.monotonic() < until and child.poll() is None, "websockify did not start"
                time.sleep(0.05)
        yield f"ws://127.0.0.1:{port}/websockify"
    finally:
        child.terminate()
        child.wait()


def connect(place):
    host, port = place.removeprefix("tcp:").split(":")
    return socket.create_connection((host, int(port)), timeout=SECONDS)


def read_all(connection):
    received = b""
    while data := connection.recv(65536):
        received += data
    return received


def exchange(place):
    """Sends much, gets it back, closes, and sees the end."""
    with connect(place) as connection:
        sent, received = os.urandom(LEN), b""
        sender = threading.Thread(target=connection.sendall, args=(sent,))
        sender.start()
        while len(received) < LEN:
            data = connection.recv(65536)
            assert data, f"only {len(received)} of {LEN} bytes came back"
            received += data
        sender.join()
        assert received == sent, "other bytes came back"
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b"", "more bytes than were sent"


def insist(call, *arguments, **keywords):
    """Its socket blocks; what wants to read more has read a part of what it needs."""
    while True:
        try:
            return call(*arguments, **keywords)
        except WebSocketWantReadError:
            pass


def exchange_as_websockify(url, protocols):
    """The same with their client, which has no more of a subprotocol than its name."""
    client = WebSocket()
    insist(client.connect, url, protocols=protocols)
    client.socket.settimeout(SECONDS)
    sent, received = os.urandom(LEN), b""
    for at in range(0, LEN, 10_000):
        client.sendmsg(sent[at:at + 10_000])
        while len(received) < at + 10_000:
            received += insist(client.recvmsg)
    assert received == sent, "other bytes came back"
    client.shutdown(socket.SHUT_WR, 1000, "done")
    while insist(client.recvmsg) is not None:
        pass
    assert client.close_code == 1000, f"closed with {client.close_code}"


checks = Checks("websockify")
with websockify(serve(echo)) as url, websockify(serve(greet)) as greeting:
    for options in [], ["--subprotocol", "binary"]:
        with checks(f"as the far end, bytes come back: {' '.join(options) or 'what it prefers'}"):
            with entrance(url, *options) as place:
                for _ in range(2):
                    exchange(place)
    with checks("as the far end, a target that closes ends the connection behind what it has sent"):
        with entrance(greeting) as place, connect(place) as connection:
            received = read_all(connection)
            assert received == b"hello and goodbye", received
with leads_to("tcp:" + serve(echo)) as url:
    for protocols in ["binary"], []:
        with checks(f"as a client, bytes come back: {protocols or 'no subprotocol'}"):
            exchange_as_websockify(url, protocols)
failed = checks.failed

checks = Checks("autobahn's wrapping")
with process(*WRAPPING, "serve") as url:
    for encoding in "binary", "base64":
        with checks(f"as the far end, bytes come back: {encoding}"):
            with entrance(url, "--subprotocol", encoding) as place:
                for _ in range(2):
                    exchange(place)
with leads_to("tcp:" + serve(echo)) as url:
    for encoding in "binary", "base64":
        with checks(f"as a client, bytes come back: {encoding}"):
            done = subprocess.run([*WRAPPING, "connect", url, encoding], capture_output=True, text=True, timeout=SECONDS)
            # Its Close frame has no code, and ours the same.
            assert done.stdout == "exchanged, closed cleanly with None\n", done.stdout + done.stderr
sys.exit(1 if failed or checks.failed else 0)
