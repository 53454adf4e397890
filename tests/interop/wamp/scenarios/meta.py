"""What sessions can ask the router itself."""
from autobahn.wamp.types import RegisterOptions, SubscribeOptions

from .common import events, fails_with, pending, scenario


@scenario("session meta procedures: count, list, get")
async def _(t):
    a, b = await t.sessions(2)
    ids = await a.call("wamp.session.list")
    assert a.welcome.session in ids and b.welcome.session in ids, ids
    assert await a.call("wamp.session.count") >= 2
    assert await a.call("wamp.session.count", ["nobody at all"]) == 0
    assert b.welcome.session in await a.call("wamp.session.list", [b.welcome.authrole])
    got = await a.call("wamp.session.get", b.welcome.session)
    assert (got["session"], got["authid"], got["authrole"]) == (b.welcome.session, b.welcome.authid, b.welcome.authrole), got
    await fails_with("wamp.error.no_such_session", a.call("wamp.session.get", 1))


@scenario("session meta events: on_join and on_leave")
async def _(t):
    watcher = await t.join()
    joins, leaves = await events(t, watcher, "wamp.session.on_join"), await events(t, watcher, "wamp.session.on_leave")
    other = await t.join()
    who, session = other.welcome, other.welcome.session
    while (joined := (await joins.get())[0][0])["session"] != session:
        pass
    assert (joined["authid"], joined["authrole"]) == (who.authid, who.authrole), joined
    await other.end()
    while (await leaves.get())[0][0] != session:
        pass
    await fails_with("wamp.error.no_such_session", watcher.call("wamp.session.get", session))


@scenario("on_leave also names authid and authrole", differs={"crossbar": "gives the session id alone"})
async def _(t):
    watcher = await t.join()
    leaves = await events(t, watcher, "wamp.session.on_leave")
    other = await t.join()
    who = other.welcome
    await other.end()
    while (args := (await leaves.get())[0])[0] != who.session:
        pass
    assert args == [who.session, who.authid, who.authrole], args


@scenario("registration meta events: create before register, unregister before delete")
async def _(t):
    watcher, callee = await t.sessions(2)
    inbox = t.inbox("a registration meta event")
    for name in ("create", "register", "unregister", "delete"):
        def handler(*args, name=name):
            if args[0] == callee.welcome.session:
                inbox.put((name, args[1]))
        await watcher.subscribe(handler, f"wamp.registration.on_{name}")
    registration = await callee.register(lambda: 1, t.uri("p.q"), RegisterOptions(match="prefix", invoke="roundrobin"))
    name, created = await inbox.get()
    assert name == "create" and created["id"] == registration.id, (name, created)
    assert (created["uri"], created["match"], created["invoke"]) == (t.uri("p.q"), "prefix", "roundrobin"), created
    assert await inbox.get() == ("register", registration.id)
    id = registration.id
    await registration.unregister()
    assert await inbox.take(2) == [("unregister", id), ("delete", id)]


@scenario("registration meta procedures")
async def _(t):
    caller, a, b = await t.sessions(3)
    exact = await a.register(lambda: 1, t.uri("p.q"), RegisterOptions(invoke="roundrobin"))
    await b.register(lambda: 1, t.uri("p.q"), RegisterOptions(invoke="roundrobin"))
    prefix = await a.register(lambda: 1, t.uri("p"), RegisterOptions(match="prefix"))
    wildcard = await a.register(lambda: 1, t.uri("p..r"), RegisterOptions(match="wildcard"))
    call = lambda name, *args: caller.call(f"wamp.registration.{name}", *args)
    ids = await call("list")
    assert exact.id in ids["exact"] and prefix.id in ids["prefix"] and wildcard.id in ids["wildcard"], ids
    assert await call("lookup", t.uri("p.q")) == exact.id
    assert await call("lookup", t.uri("p"), {"match": "prefix"}) == prefix.id
    assert await call("lookup", t.uri("p")) is None
    assert await call("match", t.uri("p.q")) == exact.id
    assert await call("match", t.uri("p.zzz")) == prefix.id
    assert await call("match", t.uri("nothing")) is None
    got = await call("get", exact.id)
    assert (got["id"], got["uri"], got["match"], got["invoke"]) == (exact.id, t.uri("p.q"), "exact", "roundrobin"), got
    assert "created" in got, got
    assert sorted(await call("list_callees", exact.id)) == sorted([a.welcome.session, b.welcome.session])
    assert await call("count_callees", exact.id) == 2
    for name in ("get", "list_callees", "count_callees"):
        await fails_with("wamp.error.no_such_registration", call(name, 1))


@scenario("subscription meta events: create before subscribe, unsubscribe before delete")
async def _(t):
    watcher, subscriber = await t.sessions(2)
    inbox = t.inbox("a subscription meta event")
    for name in ("create", "subscribe", "unsubscribe", "delete"):
        def handler(*args, name=name):
            if args[0] == subscriber.welcome.session:
                inbox.put((name, args[1]))
        await watcher.subscribe(handler, f"wamp.subscription.on_{name}")
    subscription = await subscriber.subscribe(lambda: 1, t.uri("p.q"), SubscribeOptions(match="prefix"))
    name, created = await inbox.get()
    assert name == "create" and created["id"] == subscription.id, (name, created)
    assert (created["uri"], created["match"]) == (t.uri("p.q"), "prefix"), created
    assert await inbox.get() == ("subscribe", subscription.id)
    id = subscription.id
    await subscription.unsubscribe()
    assert await inbox.take(2) == [("unsubscribe", id), ("delete", id)]


@scenario("subscription meta procedures", differs={"crossbar": "lists no wildcard subscriptions"})
async def _(t):
    caller, a, b = await t.sessions(3)
    exact = await a.subscribe(lambda: 1, t.uri("p.q"))
    assert (await b.subscribe(lambda: 1, t.uri("p.q"))).id == exact.id, "two ids for one topic"
    prefix = await a.subscribe(lambda: 1, t.uri("p"), SubscribeOptions(match="prefix"))
    wildcard = await a.subscribe(lambda: 1, t.uri("p."), SubscribeOptions(match="wildcard"))
    call = lambda name, *args: caller.call(f"wamp.subscription.{name}", *args)
    ids = await call("list")
    assert exact.id in ids["exact"] and prefix.id in ids["prefix"] and wildcard.id in ids["wildcard"], ids
    assert await call("lookup", t.uri("p.q")) == exact.id
    assert await call("lookup", t.uri("p"), {"match": "prefix"}) == prefix.id
    assert sorted(await call("match", t.uri("p.q"))) == sorted([exact.id, prefix.id, wildcard.id])
    assert not await call("match", t.uri("nothing"))
    got = await call("get", exact.id)
    assert (got["id"], got["uri"], got["match"]) == (exact.id, t.uri("p.q"), "exact"), got
    assert sorted(await call("list_subscribers", exact.id)) == sorted([a.welcome.session, b.welcome.session])
    assert await call("count_subscribers", exact.id) == 2
    for name in ("get", "list_subscribers", "count_subscribers"):
        await fails_with("wamp.error.no_such_subscription", call(name, 1))


@scenario("a killed session is told why and is gone")
async def _(t):
    killer, victim = await t.sessions(2)
    procedure, saw, gate = pending(t)
    await victim.register(procedure, t.uri("victim"))
    call = killer.call(t.uri("victim"))
    assert await saw.get() == "called"
    await killer.call("wamp.session.kill", victim.welcome.session, reason="com.example.killed", message="too loud")
    left = await victim.left.get()
    assert left.reason == "com.example.killed" and left.message == "too loud", left
    await victim.gone.get()
    await fails_with("wamp.error.canceled", t.within(call))
    await fails_with("wamp.error.no_such_session", killer.call("wamp.session.kill", victim.welcome.session))
    gate.put(None)


@scenario("a session can not kill itself", differs={"crossbar": "kills the session"})
async def _(t):
    session = await t.join()
    await fails_with("wamp.error.no_such_session", session.call("wamp.session.kill", session.welcome.session))
    assert await session.call("wamp.session.count") >= 1
