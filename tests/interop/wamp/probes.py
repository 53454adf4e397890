#!/usr/bin/env python3
"""Malformed and out-of-place messages, octet by octet.   probes.py WS_URL RS_URL [--router NAME] [--only TEXT]

Whatever a client sends, the router answers as the specification says (mostly ABORT wamp.error.protocol_violation, and
it closes), keeps nothing of that session, and goes on serving the others. A failed check prints the messages that went
over the wire. Other routers than ours are measured by the same checks: `--router crossbar` only counts.
"""
import argparse
import os
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from checks import Checks
from router import REALM
from wire import (HELLO_ROLES, Closed, Silence, WebSocketWire, Wire, encode, open_socket, open_wire, read_exactly)

VIOLATION = "wamp.error.protocol_violation"
SERIALIZERS = ["json", "msgpack", "cbor"]
HELLO = {"roles": HELLO_ROLES}
MAX_ID = 2**53

# Every message that is not HELLO, well formed.
ALL_BUT_HELLO = {
    "WELCOME": [2, 1, {"roles": {"broker": {}}}], "CHALLENGE": [4, "ticket", {}], "AUTHENTICATE": [5, "secret", {}],
    "GOODBYE": [6, {}, "wamp.close.close_realm"], "ERROR": [8, 48, 1, {}, "a.b"], "PUBLISH": [16, 1, {}, "a.b"],
    "PUBLISHED": [17, 1, 1], "SUBSCRIBE": [32, 1, {}, "a.b"], "SUBSCRIBED": [33, 1, 1], "UNSUBSCRIBE": [34, 1, 1],
    "UNSUBSCRIBED": [35, 1], "EVENT": [36, 1, 1, {}], "CALL": [48, 1, {}, "a.b"], "CANCEL": [49, 1, {}],
    "RESULT": [50, 1, {}], "REGISTER": [64, 1, {}, "a.b"], "REGISTERED": [65, 1, 1], "UNREGISTER": [66, 1, 1],
    "UNREGISTERED": [67, 1], "INVOCATION": [68, 1, 1, {}], "INTERRUPT": [69, 1, {}], "YIELD": [70, 1, {}],
}
# Those that a router never receives in a session.
NEVER_RECEIVED = ["WELCOME", "CHALLENGE", "AUTHENTICATE", "PUBLISHED", "SUBSCRIBED", "UNSUBSCRIBED", "EVENT", "RESULT",
                  "REGISTERED", "UNREGISTERED", "INVOCATION", "INTERRUPT"]

NOT_MESSAGES = [[], {}, "HELLO", 1, None, True, [None], ["16"], [True], [[]], [{}], [-1], [1.5], [0], [7], [9], [255], [256],
                [1023], [2**32], [MAX_ID + 1], [[48, 1, {}, "a.b"]]]

WRONG_LENGTHS = [[16], [16, 1], [16, 1, {}], [16, 1, {}, "a.b", [], {}, 1], [32], [32, 1, {}], [32, 1, {}, "a.b", 1], [34], [34, 1],
                 [34, 1, 1, {}, 1], [48], [48, 1, {}], [48, 1, {}, "a.b", [], {}, 1], [49], [49, 1], [64, 1, {}],
                 [64, 1, {}, "a.b", 1], [66, 1], [70], [70, 1], [70, 1, {}, [], {}, 1], [8], [8, 68, 1, {}], [6], [6, {}]]

WRONG_TYPES = [[16, "1", {}, "a.b"], [16, -1, {}, "a.b"], [16, 1.5, {}, "a.b"], [16, True, {}, "a.b"], [16, None, {}, "a.b"],
               [16, MAX_ID + 1, {}, "a.b"], [16, 1, [], "a.b"], [16, 1, None, "a.b"], [16, 1, {}, 7], [16, 1, {}, None],
               [16, 1, {}, "a.b", {}], [16, 1, {}, "a.b", 7], [16, 1, {}, "a.b", [], []], [16, 1, {}, "a.b", [], 7],
               [32, "1", {}, "a.b"], [32, 1, [], "a.b"], [32, 1, {}, ["a.b"]], [34, 1, "x"], [34, 1, {}], [48, {}, {}, "a.b"],
               [48, 1, {}, {}], [48, 1, {}, "a.b", {}], [48, 1, {}, "a.b", [], []], [49, "1", {}], [49, 1, []], [64, 1, {}, 7],
               [66, 1, "x"], [70, "1", {}], [70, 1, []], [8, "68", 1, {}, "a.b"], [8, 68, 1, [], "a.b"], [8, 68, 1, {}, 7],
               [6, [], "a.b"], [6, {}, 7], [3, [], "a.b"]]

# An ABORT of ABORT or GOODBYE would be an answer to an end; the connection just ends.
WRONG_OPTIONS = [[16, 1, {"acknowledge": 1}, "a.b"], [16, 1, {"acknowledge": "yes"}, "a.b"], [16, 1, {"exclude_me": 0}, "a.b"],
                 [16, 1, {"exclude": 7}, "a.b"], [16, 1, {"exclude": ["x"]}, "a.b"], [16, 1, {"eligible": {}}, "a.b"],
                 [16, 1, {"eligible_authid": [7]}, "a.b"], [16, 1, {"exclude_authrole": "x"}, "a.b"],
                 [32, 1, {"match": 7}, "a.b"], [48, 1, {"timeout": "long"}, "a.b"], [48, 1, {"timeout": -1}, "a.b"],
                 [48, 1, {"receive_progress": 1}, "a.b"], [64, 1, {"match": []}, "a.b"], [64, 1, {"invoke": 7}, "a.b"]]
UNKNOWN_VALUES = [[32, 1, {"match": "fuzzy"}, "a.b"], [64, 1, {"match": "fuzzy"}, "a.b"], [64, 1, {"invoke": "worst"}, "a.b"]]


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


# --- messages -------------------------------------------------------------------------------------------------------

def out_of_place(p):
    for name, message in ALL_BUT_HELLO.items():
        def before_hello(p, message=message):
            wire = p.open()
            wire.send(*message)
            violates(wire)
        p.run(f"{name} before HELLO is a violation", before_hello)

    def abort_first(p):
        wire = p.open()
        wire.send(3, {}, "wamp.error.whatever")
        closes(wire)
    p.run("ABORT before HELLO closes without an answer", abort_first)

    for name in ["HELLO", *NEVER_RECEIVED]:
        def in_session(p, name=name):
            wire = p.joined()
            wire.send(*([1, REALM, HELLO] if name == "HELLO" else ALL_BUT_HELLO[name]))
            violates(wire)
        p.run(f"{name} in a session is a violation", in_session)

    def abort_in_session(p):
        wire = p.joined()
        wire.send(3, {}, "wamp.error.whatever")
        closes(wire)
    p.run("ABORT in a session ends it without an answer", abort_in_session)

    for code in (16, 32, 48, 64, 69, 99, 0):
        def error_for(p, code=code):
            wire = p.joined()
            wire.send(8, code, 1, {}, "a.b")
            violates(wire)
        p.run(f"ERROR for a request of type {code} is a violation", error_for)

    for code, message in ((70, [70, 12345, {}]), (8, [8, 68, 12345, {}, "a.b"])):
        def never_invoked(p, message=message):
            wire = p.joined()
            wire.send(*message)
            violates(wire)
        p.run(f"an answer ({code}) to an invocation that never was is a violation", never_invoked)

    def late_answer(p):
        callee, caller = p.joined(), p.joined()
        callee.register("probe.late")
        caller.send(48, caller.request(), {}, "probe.late")
        invocation = callee.recv()
        callee.send(70, invocation[1], {}, [1])
        assert caller.recv()[3] == [1]
        callee.send(70, invocation[1], {}, [2])
        callee.send(8, 68, invocation[1], {}, "a.b")
        lives(callee)
        lives(caller)
    p.run("a second answer to an invocation is a race, and dropped", late_answer)

    def late_cancel(p):
        wire = p.joined()
        wire.send(49, 77, {"mode": "kill"})
        lives(wire)
    p.run("CANCEL of a call that is not pending is a race, and dropped", late_cancel)


def malformed(p):
    for message in NOT_MESSAGES:
        def not_a_message(p, message=message):
            wire = p.joined()
            wire.send_octets(encode(p.serializer, message))
            violates(wire)
        p.run(f"{message!r} is a violation", not_a_message)

    def not_first(p):
        wire = p.open()
        wire.send_octets(encode(p.serializer, []))
        violates(wire)
    p.run("[] as the first message is a violation", not_first)

    for message in WRONG_LENGTHS + WRONG_TYPES:
        def wrong(p, message=message):
            wire = p.joined()
            wire.send(*message)
            if message[0] == 3:
                closes(wire)
            else:
                violates(wire)
        p.run(f"{message!r:.70} is a violation", wrong)

    for message in WRONG_OPTIONS:
        def wrong_option(p, message=message):
            wire = p.joined()
            wire.send(*message)
            violates(wire)
        p.run(f"an option of the wrong type is a violation: {message}", wrong_option)

    for message in UNKNOWN_VALUES:
        def unknown_value(p, message=message):
            wire = p.joined()
            wire.send(*message)
            refuses(wire, message[0])
        p.run(f"a value that nobody knows is refused: {message}", unknown_value)

    def unknown_option(p):
        wire = p.joined()
        wire.subscribe("probe.options", x_mine=[1, {"a": None}], nkey="k", _private=1)
        wire.register("probe.options", x_mine=1, surprise={})
        assert wire.ask(16, {"acknowledge": True, "surprise": [1]}, "probe.options")[0] == 17
    p.run("unknown options are ignored", unknown_option)

    for what, octets in undecodable(p.serializer).items():
        def garbage(p, octets=octets):
            wire = p.joined()
            wire.send_octets(octets)
            violates(wire)
        p.run(f"{what} is a violation", garbage)

        def garbage_first(p, octets=octets):
            wire = p.open()
            wire.send_octets(octets)
            violates(wire)
        p.run(f"{what} before HELLO is a violation", garbage_first)


def undecodable(serializer):
    whole = encode(serializer, [48, 1, {}, "wamp.session.count"])
    cases = {"an empty message": b"", "a truncated message": whole[:-3], "a message with octets after it": whole + whole[:2],
             "two messages in one": whole + whole}
    if serializer == "json":
        cases |= {"text that is not JSON": b"hello", "JSON with a trailing comma": b'[48,1,{},"a.b",]', "a NaN": b'[48,1,{},"a.b",[NaN]]',
                  "a control character in a string": b'[48,1,{},"a\nb"]'}
    elif serializer == "msgpack":
        cases |= {"the octet c1, which MessagePack reserves": b"\x94\x30\x01\xc1\xa3a.b", "an array of four billion": b"\xdd\xff\xff\xff\xff",
                  "a string that is not UTF-8": b"\x94\x30\x01\x80\xa2\xff\xfe"}
    else:
        cases |= {"a reserved additional information": b"\x84\x18\x30\x01\xa0\x1c", "an array of 2^62": b"\x9b\x40\0\0\0\0\0\0\0",
                  "a break outside": b"\xff", "a string that is not UTF-8": b"\x84\x18\x30\x01\xa0\x62\xff\xfe"}
    return cases


def session_rules(p):
    for details, what in (({}, "no roles"), ({"roles": {}}, "an empty set of roles"), ({"roles": []}, "roles that are a list"),
                          ({"roles": {"caller": 7}}, "a role that is no dictionary"), ([], "details that are a list")):
        def hello(p, details=details):
            wire = p.open()
            wire.send(1, REALM, details)
            assert wire.recv()[0] == 3
            closes(wire)
        p.run(f"HELLO with {what} is refused", hello)

    def unknown_role(p):
        wire = p.open()
        wire.send(1, REALM, {"roles": {"caller": {"features": {"telepathy": True}}, "juggler": {}}, "agent": "probe", "x_more": [1]})
        assert wire.recv()[0] == 2
    p.run("HELLO with roles and features that nobody knows is welcome", unknown_role)

    for realm in ("", "a b", "a..b", 7, None):
        def bad_realm(p, realm=realm):
            wire = p.open()
            wire.send(1, realm, HELLO)
            assert wire.recv()[0] == 3
            closes(wire)
        p.run(f"HELLO for the realm {realm!r} is refused", bad_realm)

    def no_realm(p):
        wire = p.open()
        wire.send(1, "no.such.realm", HELLO)
        violates(wire, "wamp.error.no_such_realm")
    p.run("HELLO for a realm that is not there is no_such_realm", no_realm)

    def no_method(p):
        wire = p.open()
        wire.send(1, REALM, {**HELLO, "authmethods": ["telepathy"]})
        answer = wire.recv()
        assert answer[0] == 3 and answer[2] in ("wamp.error.no_matching_auth_method", "wamp.error.authentication_failed"), answer
        closes(wire)
    p.run("HELLO with no authentication method that we have is refused", no_method)

    def goodbye(p):
        wire = p.joined()
        wire.send(6, {}, "wamp.close.close_realm")
        answer = wire.recv()
        assert answer[0] == 6 and answer[2] == "wamp.close.goodbye_and_out", answer
    p.run("GOODBYE is answered with goodbye_and_out", goodbye)

    def after_goodbye(p):
        wire = p.joined()
        wire.send(6, {"message": "bye", "x_more": 1}, "wamp.close.close_realm")
        wire.send(48, wire.request(), {}, "wamp.session.count")
        assert wire.recv()[0] == 6
        try:
            answer = wire.recv(1)
        except (Closed, Silence):
            return
        assert answer[0] == 3, answer
    p.run("what follows a GOODBYE is not served", after_goodbye)

    def again(p):
        wire = p.joined()
        wire.send(6, {}, "wamp.close.close_realm")
        assert wire.recv()[0] == 6
        try:
            wire.send(1, REALM, HELLO)
            assert wire.recv()[0] == 2
        except Closed:
            pass
    p.run("HELLO after GOODBYE opens a session or finds the connection closed", again)


def requests(p):
    for first in (0, 77, MAX_ID):
        def first_id(p, first=first):
            wire = p.joined()
            wire.send(48, first, {}, "wamp.session.count")
            answer = wire.recv()
            if answer[0] == 3:
                assert answer[2] == VIOLATION
                closes(wire)
            else:
                assert answer[:2] == [50, first], answer
        p.run(f"a first request id of {first} is served or a violation", first_id)

    def live_twice(p):
        callee, caller = p.joined(), p.joined()
        registration = callee.register("probe.twice")
        for _ in range(2):
            caller.send(48, 1, {}, "probe.twice")
        invocation = callee.recv()
        refuses(caller, 48)
        callee.send(70, invocation[1], {}, [1])
        lives(callee)
        callee.drop()
        p.gone(registration)
        other = p.joined()
        other.register("probe.twice")
    p.run("a second live CALL with one id is refused, and no registration is left behind", live_twice)

    def own_subscription_twice(p):
        wire = p.joined()
        first = wire.subscribe("probe.one")
        assert wire.subscribe("probe.one") == first
        assert wire.subscribe("probe.one", match="prefix") != first
        wire.send(34, wire.request(), first)
        assert wire.recv() == [35, wire._request]
        wire.send(34, wire.request(), first)
        fails(wire, 34, "wamp.error.no_such_subscription")
    p.run("a second SUBSCRIBE has the same id, and one UNSUBSCRIBE ends both", own_subscription_twice)

    def unknown_ids(p):
        a, b = p.joined(), p.joined()
        registration, subscription = a.register("probe.mine"), a.subscribe("probe.mine")
        for code, id, uri in ((34, 1, "no_such_subscription"), (66, 1, "no_such_registration"),
                              (34, subscription, "no_such_subscription"), (66, registration, "no_such_registration")):
            b.send(code, b.request(), id)
            fails(b, code, f"wamp.error.{uri}")
        assert b.call("wamp.registration.count_callees", registration) == 1
    p.run("unsubscribing and unregistering what is not one's own is refused", unknown_ids)

    def with_options(p):
        wire = p.joined()
        for code, id in ((34, wire.subscribe("probe.o")), (66, wire.register("probe.o"))):
            wire.send(code, wire.request(), id, {"x_more": 1})
            assert wire.recv() == [code + 1, wire._request]
    p.run("UNSUBSCRIBE and UNREGISTER may carry options, as Autobahn's do", with_options)

    for uri in ("a..b", ".a", "a.", "a b", "a#b", "", "a.\u00a0.b"):
        def bad_uri(p, uri=uri):
            wire = p.joined()
            for code in (48, 32, 64):
                wire.send(code, wire.request(), {}, uri)
                fails(wire, code, "wamp.error.invalid_uri")
            wire.send(16, wire.request(), {"acknowledge": True}, uri)
            fails(wire, 16, "wamp.error.invalid_uri")
            wire.send(16, wire.request(), {}, uri)
            lives(wire)
        p.run(f"the URI {uri!r} is invalid_uri", bad_uri)

    def bad_patterns(p):
        wire = p.joined()
        for match, uri in (("wildcard", "a b"), ("wildcard", "a#..b"), ("prefix", "a..b"), ("prefix", "a b")):
            for code in (32, 64):
                wire.send(code, wire.request(), {"match": match}, uri)
                fails(wire, code, "wamp.error.invalid_uri")
        wire.subscribe("probe.", match="prefix")
        wire.subscribe("probe..x.", match="wildcard")
    p.run("patterns: empty components are for wildcards, a last one also for prefixes", bad_patterns)

    def reserved(p):
        wire = p.joined()
        wire.send(64, wire.request(), {}, "wamp.my.own")
        fails(wire, 64, "wamp.error.invalid_uri")
        wire.subscribe("wamp.session.on_join")
    p.run("nobody registers below wamp.", reserved)

    def feature_misuse(p):
        for code, options in ((48, {"progress": True}), (16, {"ppt_scheme": "x_mine", "acknowledge": True})):
            wire = p.joined(features=False)
            wire.send(code, wire.request(), options, "probe.feature", [b"x" if p.serializer != "json" else "x"])
            refuses(wire, code)
    p.run("a feature that was not announced is refused when used", feature_misuse)

    def unasked_progress(p):
        callee, caller = p.joined(), p.joined()
        callee.register("probe.progress")
        caller.send(48, caller.request(), {}, "probe.progress")
        invocation = callee.recv()
        assert not invocation[3].get("receive_progress"), invocation
        callee.send(70, invocation[1], {"progress": True}, [1])
        callee.send(70, invocation[1], {}, [2])
        answer = caller.recv()
        assert answer[0] == 8 or (answer[0] == 50 and answer[3] == [2]), answer
    p.run("progress that nobody asked for does not reach the caller", unasked_progress)

    def cancel_twice(p):
        callee, caller = p.joined(), p.joined()
        callee.register("probe.cancel")
        caller.send(48, caller.request(), {}, "probe.cancel")
        invocation = callee.recv()
        for mode in ("killnowait", "kill", "skip"):
            caller.send(49, 1, {"mode": mode})
        fails(caller, 48, "wamp.error.canceled")
        interrupt = callee.recv()
        assert interrupt[:2] == [69, invocation[1]], interrupt
        callee.send(8, 68, invocation[1], {}, "wamp.error.canceled")
        lives(caller)
        lives(callee)
    p.run("a call is cancelled once, however often CANCEL comes", cancel_twice)

    def no_interrupt(p):
        callee, caller = p.joined(features=False), p.joined()
        callee.register("probe.cancel")
        caller.send(48, caller.request(), {}, "probe.cancel")
        invocation = callee.recv()
        caller.send(49, 1, {"mode": "kill"})
        fails(caller, 48, "wamp.error.canceled")
        callee.send(70, invocation[1], {}, [1])
        lives(callee)
        lives(caller)
    p.run("a callee that did not announce call_canceling gets no INTERRUPT", no_interrupt)

    def kill_answered(p):
        callee, caller = p.joined(), p.joined()
        callee.register("probe.kill")
        caller.send(48, caller.request(), {}, "probe.kill")
        invocation = callee.recv()
        caller.send(49, 1, {"mode": "kill"})
        assert callee.recv()[:2] == [69, invocation[1]]
        callee.send(70, invocation[1], {}, ["made it"])
        answer = caller.recv()
        assert answer[0] == 50 and answer[3] == ["made it"], answer
    p.run("a callee may still answer a call that is being killed", kill_answered)


Probe.gone = lambda self, registration: until(lambda: self._watcher.ask(48, {}, "wamp.registration.get", [registration])[0] == 8)


def until(condition, seconds=3):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.02)


# --- payloads -----------------------------------------------------------------------------------------------------------

def payloads(p):
    for what, args in strange_payloads(p.serializer).items():
        def strange(p, args=args):
            subscribers = {s: p.joined(s) for s in SERIALIZERS}
            for wire in subscribers.values():
                wire.subscribe("probe.payload")
            publisher = p.joined()
            head = publisher.serializer, [16, publisher.request(), {}, "probe.payload"]
            publisher.send_octets(with_args(*head, args))
            publisher.send(16, publisher.request(), {}, "probe.payload", ["end"])
            for wire in subscribers.values():
                # It is delivered as well as it can be, or not at all; what follows it is delivered in any case,
                # unless the publisher was sent away.
                try:
                    while wire.recv(1)[4:5] != [["end"]]:
                        pass
                except Silence:
                    violates(publisher)
                lives(wire)
        p.run(f"arguments with {what} do no harm", strange)

    for what, octets in same_message(p.serializer).items():
        def accepted(p, octets=octets):
            wire = p.joined()
            wire.send_octets(octets)
            answer = wire.recv()
            assert answer[:2] == [50, 1], answer
        p.run(f"a message with {what} is understood", accepted)


def with_args(serializer, message, args):
    """The message with one more element, which is given encoded."""
    whole = encode(serializer, message)
    if serializer == "json":
        return whole[:-1] + b"," + args + b"]"
    return bytes([whole[0] + 1]) + whole[1:] + args


def strange_payloads(serializer):
    if serializer == "json":
        return {"an integer of 70 bits": b"[1180591620717411303424]", "a float beyond range": b"[1e400]", "a lone surrogate": b'["\\ud800"]',
                "text after U+0000 that is not base64": b'["\\u0000???"]', "10,000 nested lists": b"[" * 10_000 + b"]" * 10_000,
                "a name twice": b'[{"a":1,"a":2}]'}
    if serializer == "msgpack":
        return {"NaN and infinity": b"\x92\xcb\x7f\xf8\0\0\0\0\0\0\xcb\x7f\xf0\0\0\0\0\0\0", "an extension": b"\x91\xd4\x05\x01",
                "a timestamp": b"\x91\xd6\xff\0\0\0\x01", "a map with integers for names": b"\x91\x81\x01\x02",
                "a string that is not UTF-8": b"\x91\xa2\xff\xfe", "10,000 nested lists": b"\x91" * 10_000 + b"\xc0"}
    return {"NaN and infinity": b"\x82\xf9\x7e\x00\xf9\x7c\x00", "a tag": b"\x81\xc1\x1a\x51\x4b\x67\xb0", "a bignum": b"\x81\xc2\x49\x01" + b"\0" * 8,
            "undefined": b"\x81\xf7", "an unassigned simple value": b"\x81\xf0", "strings in pieces": b"\x82\x7f\x61a\x61b\xff\x5f\x41\x01\xff",
            "a map with integers for names": b"\x81\xa1\x01\x02", "10,000 nested lists": b"\x81" * 10_000 + b"\xf6"}


def same_message(serializer):
    """[48, 1, {}, "wamp.session.count"] in other clothes."""
    name = b"wamp.session.count"
    if serializer == "json":
        return {"spaces and escapes": b' [\n48 ,\t1, { } , "\\u0077amp.session.c\\u006funt" ]\r\n'}
    if serializer == "msgpack":
        return {"the longest headers": b"\xdd\0\0\0\x04\xcf" + struct.pack(">Q", 48) + b"\xd3" + struct.pack(">q", 1) + b"\xdf\0\0\0\0\xdb\0\0\0\x12" + name}
    return {"the longest headers": b"\x9b" + struct.pack(">Q", 4) + b"\x1b" + struct.pack(">Q", 48) + b"\x1a\0\0\0\x01\xb9\0\0\x78\x12" + name,
            "indefinite lengths": b"\x9f\x18\x30\x01\xbf\xff\x7f\x65wamp.\x6dsession.count\xff\xff"}


# --- transports -----------------------------------------------------------------------------------------------------------

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


def ends(wire):
    """Perhaps an ABORT, then the end."""
    try:
        answer = wire.recv()
    except Closed:
        return
    assert answer[0] == 3, answer
    closes(wire)


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
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

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

    def batch(serializer, *messages, separator=b"\x1e"):
        encoded = [encode(serializer, m) for m in messages]
        if serializer == "json":
            return b"".join(m + separator for m in encoded)
        return b"".join(struct.pack(">I", len(m)) + m for m in encoded)

    def unbatch(serializer, data):
        import wire
        if serializer == "json":
            assert data[-1:] in (b"\x1e", b"\x18"), data
            return [wire.decode(serializer, m) for m in data.replace(b"\x18", b"\x1e").split(b"\x1e")[:-1]]
        out = []
        while data:
            length, = struct.unpack(">I", data[:4])
            out.append(wire.decode(serializer, data[4:4 + length]))
            data = data[4 + length:]
        return out

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


# --- running ---------------------------------------------------------------------------------------------------------------

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("websocket")
    parser.add_argument("rawsocket")
    parser.add_argument("--router", default="wirebahn")
    parser.add_argument("--only", default="")
    parser.add_argument("--patience", type=float, default=Wire.patience, help="seconds until no answer counts as silence")
    options = parser.parse_args()
    Wire.patience = options.patience
    all_checks = []
    for url in (options.websocket, options.rawsocket):
        kind = url.split(":")[0]
        for serializer in SERIALIZERS:
            checks = Checks(f"probe {kind} {serializer}")
            all_checks.append(checks)
            p = Probe(url, serializer, checks, options.only)
            for group in (out_of_place, malformed, session_rules, requests, payloads, rawsocket_frames if kind == "rs" else websocket_frames):
                group(p)
            if serializer == "json":
                (rawsocket_handshake if kind == "rs" else subprotocols)(p, url)
    sys.exit(options.router == "wirebahn" and any(checks.failed for checks in all_checks))


main()
