"""Arguments that not every serializer can say, and messages in unusual clothes."""
import struct

from wire import Silence, encode

from .probe import SERIALIZERS, lives, violates


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
            # It is delivered as well as it can be, or not at all; what follows it is delivered in any case, unless the
            # publisher was sent away.
            got = [wire for wire in subscribers.values() if receives_end(wire)]
            if not got:
                violates(publisher)
            assert not got or len(got) == len(subscribers), "what followed reached only some"
            for wire in subscribers.values():
                lives(wire)
        p.run(f"arguments with {what} do no harm", strange)

    for what, octets in same_message(p.serializer).items():
        def accepted(p, octets=octets):
            wire = p.joined()
            wire.send_octets(octets)
            answer = wire.recv()
            assert answer[:2] == [50, 1], answer
        p.run(f"a message with {what} is understood", accepted)


def receives_end(wire):
    try:
        while wire.recv(1)[4:5] != [["end"]]:
            pass
    except Silence:
        return False
    return True


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
