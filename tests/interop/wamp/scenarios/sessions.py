"""Joining, leaving, and payloads that are out of the ordinary."""
from autobahn.wamp.types import CallResult, PublishOptions

from peer import Refused

from .common import VALUES, events, fails_with, scenario


BINARY = [b"", b"\x00", bytes(range(256)), b"\xff" * 1000]
INTEGERS = [2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, -2**53, -2**63]


@scenario("a realm that does not exist is refused with no_such_realm")
async def _(t):
    try:
        await t.join(realm="no.such.realm.here")
    except Refused as refused:
        assert refused.reason == "wamp.error.no_such_realm", refused
    else:
        raise AssertionError("it was joined")


@scenario("WELCOME names the session, who it is, and the router's roles")
async def _(t):
    session = await t.join()
    got = session.welcome
    assert 1 <= got.session <= 2**53 and got.realm == t.realm and got.authmethod == "anonymous", got
    assert got.authid and got.authrole, got
    features = {f for role in session._router_roles.values() for f, on in vars(role).items() if on is True}
    for feature in ("progressive_call_results", "call_canceling", "pattern_based_registration", "shared_registration",
                    "pattern_based_subscription", "publisher_exclusion", "subscriber_blackwhite_listing", "session_meta_api"):
        assert feature in features, f"{feature} is not announced: {sorted(features)}"


@scenario("GOODBYE is answered and the connection ends")
async def _(t):
    session = await t.join()
    session.leave("com.example.enough", "for today")
    left = await session.left.get()
    assert left.reason.startswith("wamp."), left
    await session.gone.get()


@scenario("binary payloads come back unchanged")
async def _(t):
    callee, caller = await t.sessions(2)
    await callee.register(lambda *args, **kwargs: CallResult(*args, **kwargs), t.uri("bytes"))
    got = await caller.call(t.uri("bytes"), *BINARY, deep={"in": [BINARY[2]]})
    assert list(got.results) == BINARY and got.kwresults == {"deep": {"in": [BINARY[2]]}}, got


@scenario("payloads of a megabyte and more come back unchanged")
async def _(t):
    callee, caller = await t.sessions(2)
    await callee.register(lambda x: x, t.uri("large"))
    for payload in ("é" * 500_000, "x" * 5_000_000, list(range(100_000)), b"\xfe" * 1_000_000):
        assert await t.within(caller.call(t.uri("large"), payload), 20) == payload


@scenario("every serializer reaches every other, with binary and integers of 64 bits")
async def _(t):
    values = [*VALUES, *BINARY, *INTEGERS]
    publisher = await t.join()
    sessions = {name: await t.join(serializer=name) for name in t.serializers}
    inboxes = {name: await events(t, session, t.uri("topic")) for name, session in sessions.items()}
    publisher.publish(t.uri("topic"), *values, values=values)
    for name, inbox in inboxes.items():
        args, kwargs, _ = await inbox.get()
        same(name, args, values)
        same(name, kwargs["values"], values)
    for name, session in sessions.items():
        await session.register(lambda *args: CallResult(*args, back=list(args)), t.uri(name))
        got = await publisher.call(t.uri(name), *values)
        same(name, list(got.results), values)
        same(name, got.kwresults["back"], values)


@scenario("a session that lost its transport leaves no registration and no subscription behind")
async def _(t):
    watcher, other = await t.sessions(2)
    registration = await other.register(lambda: 1, t.uri("ghost"))
    subscription = await other.subscribe(lambda: 1, t.uri("ghost"))
    leaves = await events(t, watcher, "wamp.session.on_leave")
    session = other.welcome.session
    t.drop(other)
    while (await leaves.get())[0][0] != session:
        pass
    await fails_with("wamp.error.no_such_registration", watcher.call("wamp.registration.get", registration.id))
    await fails_with("wamp.error.no_such_subscription", watcher.call("wamp.subscription.get", subscription.id))
    await watcher.register(lambda: 2, t.uri("ghost"))
    assert await watcher.call(t.uri("ghost")) == 2


def same(name, got, wanted):
    for a, b in zip(got, wanted, strict=True):
        assert a == b and type(a) is type(b), f"{name}: {a!r:.60}, not {b!r:.60}"
