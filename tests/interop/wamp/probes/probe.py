"""How a probe is run, and what answers there are."""
import time

from wire import HELLO_ROLES, Closed, open_wire

VIOLATION = "wamp.error.protocol_violation"
SERIALIZERS = ["json", "msgpack", "cbor"]
HELLO = {"roles": HELLO_ROLES}


class Probe:
    """One transport and serializer, and an old session that watches what becomes of the others."""

    def __init__(self, url, serializer, checks, only):
        self.url, self.serializer, self._check, self._only = url, serializer, checks, only
        self._wires = []
        self._watcher = open_wire(url, serializer)
        self._watcher.join()

    def open(self, serializer=None, **options):
        wire = open_wire(self.url, serializer or self.serializer, **options)
        self._wires.append(wire)
        return wire

    def joined(self, serializer=None, features=True, **options):
        wire = self.open(serializer, **options)
        wire.join(features=features)
        return wire

    def run(self, name, body):
        if self._only not in name:
            return
        with self._check(name):
            self._wires = []
            try:
                body(self)
                self._is_unharmed()
            except Exception as error:
                raise AssertionError(f"{error or type(error).__name__} | " + " || ".join(" ".join(w.log[-8:]) for w in self._wires)) from error
            finally:
                for wire in self._wires:
                    wire.close()

    def gone(self, registration):
        """Waits until the registration is."""
        until(lambda: self._watcher.ask(48, {}, "wamp.registration.get", [registration])[0] == 8)

    def _is_unharmed(self):
        """The old session is served, and the sessions that were closed are gone."""
        assert self._watcher.call("wamp.session.count") >= 1
        closed = {w.session for w in self._wires if hasattr(w, "session") and w.log and w.log[-1].startswith("< closed")}
        end = time.monotonic() + 3
        while closed & set(self._watcher.call("wamp.session.list")):
            assert time.monotonic() < end, "a closed session is still in the realm"
            time.sleep(0.02)


def violates(wire, reason=VIOLATION):
    """ABORT with this reason comes next, then the connection is closed."""
    answer = wire.recv()
    assert answer[0] == 3 and answer[2] == reason and isinstance(answer[1], dict), f"no ABORT {reason} but {answer}"
    assert answer[1].get("message"), "the ABORT does not say why"
    closes(wire)


def closes(wire):
    try:
        answer = wire.recv()
    except Closed:
        return
    raise AssertionError(f"not closed but {answer}")


def fails(wire, code, uri):
    """ERROR for the last request."""
    answer = wire.recv()
    assert answer[:3] == [8, code, wire._request] and (uri is None or answer[4] == uri), f"no ERROR {uri} but {answer}"


def refuses(wire, code):
    """ERROR for the request or ABORT and the end: either is an answer."""
    answer = wire.recv()
    if answer[0] == 3:
        closes(wire)
    else:
        assert answer[:3] == [8, code, 1], f"neither ERROR nor ABORT but {answer}"


def lives(wire):
    assert wire.call("wamp.session.count") >= 1


def ends(wire):
    """Perhaps an ABORT, then the end."""
    try:
        answer = wire.recv()
    except Closed:
        return
    assert answer[0] == 3, answer
    closes(wire)


def until(condition, seconds=3):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.02)
