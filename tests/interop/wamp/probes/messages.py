"""Messages where they do not belong, and messages that are none."""
from router import REALM
from wire import encode

from .probe import HELLO, closes, ends, lives, refuses, violates

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

WRONG_OPTIONS = [[16, 1, {"acknowledge": 1}, "a.b"], [16, 1, {"acknowledge": "yes"}, "a.b"], [16, 1, {"exclude_me": 0}, "a.b"],
                 [16, 1, {"exclude": 7}, "a.b"], [16, 1, {"exclude": ["x"]}, "a.b"], [16, 1, {"eligible": {}}, "a.b"],
                 [16, 1, {"eligible_authid": [7]}, "a.b"], [16, 1, {"exclude_authrole": "x"}, "a.b"],
                 [32, 1, {"match": 7}, "a.b"], [48, 1, {"timeout": "long"}, "a.b"], [48, 1, {"timeout": -1}, "a.b"],
                 [48, 1, {"receive_progress": 1}, "a.b"], [64, 1, {"match": []}, "a.b"], [64, 1, {"invoke": 7}, "a.b"]]
UNKNOWN_VALUES = [[32, 1, {"match": "fuzzy"}, "a.b"], [64, 1, {"match": "fuzzy"}, "a.b"], [64, 1, {"invoke": "worst"}, "a.b"]]


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
                ends(wire)
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
