#!/usr/bin/env python3
"""Peers that do not read what they are sent.   slow.py WS_URL RS_URL PID

PID is the router's process: its memory must stay within what the queues may hold, the others must be served, and the
one that does not read must be gone in the end, with nothing left of it.
"""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from checks import Checks
from router import peak_memory, resident_kib
from wire import Closed, RawSocketWire, Silence, WebSocketWire

SERIALIZER = "msgpack"
PAYLOAD = "x" * 65536
MESSAGES = 1500
WINDOW = 8
# How far the one that reads may be behind: far less than what would make it a slow one too.
LAG = 32
# More than the system's buffers take, and less than a queue may hold.
SMALL_PAYLOAD = "x" * 2000
SMALL_EVENTS = 6000
# The default bound of a session's queue is 16 MiB; around it lie the buffers of the connection and what is on its way.
MEMORY_KIB = 48 * 1024
SMALL_RECEIVE_BUFFER = 4096

websocket, rawsocket, pid = sys.argv[1], sys.argv[2], int(sys.argv[3])


def deaf_wire(kind):
    """A session that will leave most of what it is sent in the router's hands."""
    if kind == "ws":
        wire = WebSocketWire(websocket, SERIALIZER, max_queue=1)
    else:
        wire = RawSocketWire(rawsocket, SERIALIZER, receive_buffer=SMALL_RECEIVE_BUFFER)
    wire.join()
    return wire


def wire():
    joined = RawSocketWire(rawsocket, SERIALIZER)
    joined.join()
    return joined


def is_gone(session):
    watcher = wire()
    end = time.monotonic() + 10
    while session in watcher.call("wamp.session.list"):
        assert time.monotonic() < end, "the session that does not read is still there"
        time.sleep(0.05)
    watcher.close()


def ends(deaf):
    """What had been sent before can still be read; then comes the end."""
    last = None
    try:
        while True:
            last = deaf.recv(10)
    except Closed:
        pass
    except Silence:
        raise AssertionError(f"the connection was not closed; the last message was {str(last)[:100]}") from None


class Background:
    """A function on a thread of its own; leaving the block waits for it and raises what it raised."""

    def __init__(self, body):
        self._error = None
        self._thread = threading.Thread(target=self._run, args=(body,), daemon=True)

    def _run(self, body):
        try:
            body()
        except Exception as error:
            self._error = error

    def __enter__(self):
        self._thread.start()

    def __exit__(self, kind, *_):
        self._thread.join(60)
        if kind is None:
            assert not self._thread.is_alive(), "the other side did not end"
            if self._error is not None:
                raise self._error


class bounded:
    """The memory grows by no more than it may while the block runs."""

    def __enter__(self):
        self._before = resident_kib([pid])
        self._peak = peak_memory(lambda: resident_kib([pid]))
        self._peak.__enter__()

    def __exit__(self, kind, *_):
        self._peak.__exit__()
        grown = self._peak.kib - self._before
        assert kind is not None or grown < MEMORY_KIB, f"memory grew by {grown // 1024} MiB"


def subscriber(kind):
    deaf, reader, publisher = deaf_wire(kind), wire(), wire()
    for one in (deaf, reader):
        one.subscribe("slow.topic")

    room = threading.Semaphore(LAG)

    def read():
        for n in range(MESSAGES):
            event = reader.recv(20)
            assert event[0] == 36 and event[4][0] == n, f"event {n}: {str(event)[:100]}"
            room.release()

    with bounded(), Background(read):
        for n in range(MESSAGES):
            assert room.acquire(timeout=20), "the one that reads gets nothing any more"
            publisher.send(16, n + 2, {"acknowledge": True}, "slow.topic", [n, PAYLOAD])
            if n >= WINDOW:
                assert publisher.recv(20)[0] == 17
    is_gone(deaf.session)
    ends(deaf)
    assert reader.call("wamp.session.count") >= 2


def small_events(kind):
    """Between the events the publisher sends large messages that nobody keeps: what lies beside a small event in a read
    buffer must not be kept with it."""
    uri = f"slow.small.{kind}"
    deaf, publisher = deaf_wire(kind), wire()
    deaf.subscribe(uri)
    with bounded():
        for n in range(SMALL_EVENTS):
            publisher.send(48, publisher.request(), {}, "slow.nobody", [PAYLOAD])
            publisher.send(16, publisher.request(), {"acknowledge": True}, uri, [SMALL_PAYLOAD])
            assert [publisher.recv()[0], publisher.recv()[0]] == [8, 17]
    deaf.drop()


def callee(kind):
    uri = f"slow.procedure.{kind}"
    deaf, caller = deaf_wire(kind), wire()
    deaf.register(uri)
    errors = []

    def read(count):
        while len(errors) < count:
            answer = caller.recv(20)
            assert answer[:2] == [8, 48], answer
            errors.append(answer[4])

    # What fits into queues and buffers waits for the callee; the rest fails at once. The rest is most of it.
    with bounded(), Background(lambda: read(MESSAGES // 2)):
        for n in range(MESSAGES):
            caller.send(48, n + 1, {}, uri, [PAYLOAD])
    assert set(errors) <= {"wamp.error.unavailable", "wamp.error.network_failure", "wamp.error.no_available_callee"}, set(errors)
    # What waited fails with the callee.
    deaf.drop()
    read(MESSAGES)
    assert errors[-1] in ("wamp.error.canceled", "wamp.error.no_such_procedure"), errors[-1]
    is_gone(deaf.session)
    wire().register(uri)


def caller(kind):
    uri = f"slow.results.{kind}"
    procedure, deaf = wire(), deaf_wire(kind)
    procedure.register(uri)
    over = threading.Event()

    def answer():
        while True:
            try:
                invocation = procedure.recv(0.5)
            except Silence:
                if over.is_set():
                    return
                continue
            if invocation[0] == 68:
                procedure.send(70, invocation[1], {}, [PAYLOAD])

    with bounded(), Background(answer):
        for n in range(MESSAGES):
            deaf.send(48, n + 1, {}, uri)
        is_gone(deaf.session)
        over.set()
    ends(deaf)
    assert procedure.call("wamp.session.count") >= 1


failed = 0
for kind in ("ws", "rs"):
    checks = Checks(f"slow peers {kind}")
    # First, for what an allocator keeps from other checks would hide it.
    with checks("small events that wait for a subscriber keep no more memory than their own"):
        small_events(kind)
    with checks("a subscriber that does not read is disconnected, the other one has every event"):
        subscriber(kind)
    with checks("calls to a callee that does not read fail, at once or with it"):
        callee(kind)
    with checks("a caller that does not read its results is disconnected"):
        caller(kind)
    failed += checks.failed
sys.exit(1 if failed else 0)
