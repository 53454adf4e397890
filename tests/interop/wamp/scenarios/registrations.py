"""Which callee gets a call: patterns and shared registrations."""
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import RegisterOptions

from .common import fails_with, pending, scenario


@scenario("the best pattern registration is called, and is told the procedure")
async def _(t):
    callee, caller = await t.sessions(2)

    async def register(name, uri, match):
        await callee.register(lambda details: [name, details.procedure], t.uri(uri), RegisterOptions(match=match, details_arg="details"))

    # The specification's examples. Its wildcards have a first component of their own here: prefixes are compared as
    # strings, so that a1.b2.c3 is one of a1.b2.c33 too, and goes before a wildcard.
    await register("exact", "a1.b2.c3.d4.e55", "exact")
    await register("prefix 3", "a1.b2.c3", "prefix")
    await register("prefix 4", "a1.b2.c3.d4", "prefix")
    await register("wildcard 1", "w1.b2..d4.e5", "wildcard")
    await register("wildcard 2", "w1.b2.c33..e5", "wildcard")
    await register("wildcard 3", "w1.b2..d4.e5..g7", "wildcard")
    await register("wildcard 4", "w1.b2..d4..f6.g7", "wildcard")
    for uri, want in (("a1.b2.c3.d4.e55", "exact"), ("a1.b2.c3.d98.e74", "prefix 3"), ("a1.b2.c3.d4.e325", "prefix 4"),
                      ("a1.b2.c33.d4.e5", "prefix 3"), ("w1.b2.c55.d4.e5", "wildcard 1"), ("w1.b2.c33.d4.e5", "wildcard 2"),
                      ("w1.b2.c88.d4.e5.f6.g7", "wildcard 3")):
        assert await caller.call(t.uri(uri)) == [want, t.uri(uri)], uri
    await fails_with("wamp.error.no_such_procedure", caller.call(t.uri("a2.b2.c2.d2.e2")))


async def shared(t, invoke, calls):
    """Three callees on one procedure: who answered each of the calls."""
    caller, *callees = await t.sessions(4)
    for i, callee in enumerate(callees):
        await callee.register(lambda i=i: i, t.uri(invoke), RegisterOptions(invoke=invoke))
    return [await caller.call(t.uri(invoke)) for _ in range(calls)]


@scenario("shared registrations: roundrobin, first, last and random")
async def _(t):
    got = await shared(t, "roundrobin", 7)
    assert got == [0, 1, 2, 0, 1, 2, 0], got
    assert await shared(t, "first", 5) == [0] * 5
    assert await shared(t, "last", 5) == [2] * 5
    assert set(await shared(t, "random", 100)) == {0, 1, 2}


@scenario("a shared registration goes on when one of its callees leaves")
async def _(t):
    caller, a, b = await t.sessions(3)
    for name, callee in (("a", a), ("b", b)):
        await callee.register(lambda name=name: name, t.uri("shared"), RegisterOptions(invoke="roundrobin"))
    assert {await caller.call(t.uri("shared")) for _ in range(2)} == {"a", "b"}
    await a.end()
    assert [await caller.call(t.uri("shared")) for _ in range(2)] == ["b", "b"]


@scenario("a shared registration with another policy is refused")
async def _(t):
    a, b = await t.sessions(2)
    await a.register(lambda: 1, t.uri("shared"), RegisterOptions(invoke="roundrobin"))
    try:
        await b.register(lambda: 2, t.uri("shared"), RegisterOptions(invoke="last"))
    except ApplicationError as error:
        assert error.error in ("wamp.error.procedure_exists_with_different_invocation_policy",
                               "wamp.error.procedure_already_exists"), error.error
    else:
        raise AssertionError("both policies stand")


@scenario("no more calls run at once than the concurrency allows")
async def _(t):
    callee, caller = await t.sessions(2)
    procedure, saw, gate = pending(t)
    await callee.register(procedure, t.uri("one"), RegisterOptions(invoke="roundrobin", concurrency=1))
    first = caller.call(t.uri("one"))
    assert await saw.get() == "called"
    try:
        await t.within(caller.call(t.uri("one")))
    except ApplicationError:
        pass
    else:
        raise AssertionError("the second call was answered")
    gate.put(None)
    assert await first == "done"


@scenario("a forced registration takes the procedure over and revokes the other one")
async def _(t):
    a, b, caller = await t.sessions(3)
    await a.register(lambda: "a", t.uri("forced"), RegisterOptions(force_reregister=True))
    assert await caller.call(t.uri("forced")) == "a"
    await b.register(lambda: "b", t.uri("forced"), RegisterOptions(force_reregister=True))
    assert await caller.call(t.uri("forced")) == "b"
