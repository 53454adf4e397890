"""The rules of sessions and of requests."""
from router import REALM
from wire import Closed, Silence

from .probe import HELLO, VIOLATION, closes, fails, lives, refuses, violates

MAX_ID = 2**53


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
        # If the caller was sent away for it, its first call is interrupted.
        callee.send(48, callee.request(), {}, "wamp.session.count")
        answer = callee.recv()
        assert (answer if answer[0] != 69 else callee.recv())[0] == 50
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
