"""What Autobahn|Python does with a router, scenario by scenario.

A scenario is a coroutine on a `Cell` (cell.py): it joins sessions of the cell's transport and serializer and asserts
what comes back. Where no event may arrive, another one sent after it to the same subscriber is the proof: events of one
publisher arrive in order. `differs` names what a router is known to do otherwise, and why: there it must fail.
"""
from autobahn.wamp import message
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallOptions, CallResult, PublishOptions, RegisterOptions, SubscribeOptions

from peer import Refused, Timeout

ALL = []
NAMES = "Grüße, 世界 \U0001F600 \u0000 \u2028 \"\\/"
VALUES = [None, True, False, 0, -1, 127, 128, -129, 65536, 2**31, 2**53, -2**53, 0.5, -1e300, "", NAMES,
          [], [[1, [2, [3]]]], {}, {"a": {"b": [1, {"c": None}]}, "ключ": "значение"}]
BINARY = [b"", b"\x00", bytes(range(256)), b"\xff" * 1000]
INTEGERS = [2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, -2**53, -2**63]


def scenario(name, differs=None):
    def keep(body):
        ALL.append((name, body, differs or {}))
        return body
    return keep


async def fails_with(uri, call):
    """Awaits a failing call and gives its error."""
    try:
        got = await call
    except ApplicationError as error:
        assert error.error == uri, f"{error.error}, not {uri}"
        return error
    raise AssertionError(f"{got!r}, not {uri}")


# --- calls ---------------------------------------------------------------------------------------------------------

@scenario("arguments and results of every kind come back unchanged")
async def _(t):
    callee, caller = await t.sessions(2)

    async def echo(*args, **kwargs):
        return CallResult(*args, **kwargs)

    await callee.register(echo, t.uri("echo"))
    assert await caller.call(t.uri("echo"), 7) == 7
    assert await caller.call(t.uri("echo"), None) is None
    both = await caller.call(t.uri("echo"), *VALUES, names=VALUES, **{"ключ": 1})
    assert list(both.results) == VALUES, both.results
    assert both.kwresults == {"names": VALUES, "ключ": 1}, both.kwresults
    only_names = await caller.call(t.uri("echo"), a=1)
    assert list(only_names.results) == [] and only_names.kwresults == {"a": 1}, only_names


@scenario("no arguments and no result work")
async def _(t):
    callee, caller = await t.sessions(2)
    got = t.inbox()
    await callee.register(lambda *args, **kwargs: got.put((args, kwargs)), t.uri("nothing"))
    assert await caller.call(t.uri("nothing")) is None
    assert await got.get() == ((), {})


@scenario("a session calls its own procedure")
async def _(t):
    session = await t.join()
    await session.register(lambda x: x + 1, t.uri("self"))
    assert await session.call(t.uri("self"), 1) == 2


@scenario("errors carry URI, args and kwargs to the caller")
async def _(t):
    callee, caller = await t.sessions(2)

    def fail():
        raise ApplicationError("com.example.broken", "wheel", 3, where="left", deep={"x": [1]})

    await callee.register(fail, t.uri("fail"))
    error = await fails_with("com.example.broken", caller.call(t.uri("fail")))
    assert list(error.args) == ["wheel", 3] and error.kwargs == {"where": "left", "deep": {"x": [1]}}, (error.args, error.kwargs)


@scenario("an exception of a procedure is a runtime error at the caller")
async def _(t):
    callee, caller = await t.sessions(2)
    await callee.register(lambda: 1 // 0, t.uri("crash"))
    await fails_with("wamp.error.runtime_error", caller.call(t.uri("crash")))


@scenario("a procedure nobody registered is no_such_procedure")
async def _(t):
    await fails_with("wamp.error.no_such_procedure", (await t.join()).call(t.uri("nobody")))


@scenario("a second registration of a procedure is procedure_already_exists")
async def _(t):
    a, b = await t.sessions(2)
    await a.register(lambda: 1, t.uri("taken"))
    await fails_with("wamp.error.procedure_already_exists", b.register(lambda: 2, t.uri("taken")))


@scenario("after unregistering the procedure is gone and free again")
async def _(t):
    a, b = await t.sessions(2)
    registration = await a.register(lambda: "a", t.uri("moving"))
    await registration.unregister()
    await fails_with("wamp.error.no_such_procedure", b.call(t.uri("moving")))
    await b.register(lambda: "b", t.uri("moving"))
    assert await a.call(t.uri("moving")) == "b"


@scenario("registering below wamp. is refused")
async def _(t):
    await fails_with("wamp.error.invalid_uri", (await t.join()).register(lambda: 1, "wamp.session.my_own"))


@scenario("two hundred pipelined calls are invoked in order and each gets its own result")
async def _(t):
    callee, caller = await t.sessions(2)
    seen = []

    def double(n):
        seen.append(n)
        return 2 * n

    await callee.register(double, t.uri("double"))
    calls = [caller.call(t.uri("double"), n) for n in range(200)]
    assert [await call for call in calls] == [2 * n for n in range(200)]
    assert seen == list(range(200)), seen


@scenario("results may come in another order than the calls")
async def _(t):
    callee, caller = await t.sessions(2)
    gates = [t.inbox() for _ in range(3)]

    async def wait(n):
        await gates[n].get()
        return n

    await callee.register(wait, t.uri("wait"))
    done = t.inbox()

    async def call(n):
        done.put(await caller.call(t.uri("wait"), n))

    calls = [t.spawn(call(n)) for n in range(3)]
    for n in (2, 0, 1):
        gates[n].put(None)
        assert await done.get() == n
    for call in calls:
        await call


@scenario("progressive results arrive in order before the final one")
async def _(t):
    callee, caller = await t.sessions(2)

    async def count(n, details):
        for i in range(n):
            details.progress(i, half=i / 2)
        return n

    await callee.register(count, t.uri("count"), RegisterOptions(details_arg="details"))
    got = []
    result = await caller.call(t.uri("count"), 10, options=CallOptions(on_progress=lambda i, half: got.append((i, half))))
    assert result == 10 and got == [(i, i / 2) for i in range(10)], (result, got)


@scenario("a caller that does not ask gets no progressive results")
async def _(t):
    callee, caller = await t.sessions(2)
    await callee.register(lambda details: details.progress is None, t.uri("asked"), RegisterOptions(details_arg="details"))
    assert await caller.call(t.uri("asked")) is True


# --- cancelling -------------------------------------------------------------------------------------------------------

def pending(t):
    """A procedure that waits until it is let go or cancelled, and what it saw."""
    saw, gate = t.inbox("the procedure's report"), t.inbox("the gate")

    async def procedure():
        saw.put("called")
        try:
            await gate.get(20)
        except t.cancelled:
            saw.put("interrupted")
            raise ApplicationError("com.example.cleaned", "up") from None
        saw.put("ended")
        return "done"

    return procedure, saw, gate


def call_and_cancel(session, uri, mode, **options):
    """A call, and the function that sends CANCEL for it (Autobahn itself knows no modes)."""
    result = session.call(uri, options=CallOptions(**options)) if options else session.call(uri)
    request = max(session._call_reqs)
    return result, lambda: session._transport.send(message.Cancel(request, mode=mode))


@scenario("cancel with kill: the callee is interrupted and its answer reaches the caller",
          differs={"crossbar": "answers the caller at once in every mode"})
async def _(t):
    callee, caller = await t.sessions(2)
    procedure, saw, _ = pending(t)
    await callee.register(procedure, t.uri("kill"))
    result, cancel = call_and_cancel(caller, t.uri("kill"), "kill")
    assert await saw.get() == "called"
    cancel()
    error = await fails_with("com.example.cleaned", t.within(result))
    assert list(error.args) == ["up"] and await saw.get() == "interrupted"


@scenario("cancel with killnowait: the caller has canceled at once and the callee is interrupted")
async def _(t):
    callee, caller = await t.sessions(2)
    procedure, saw, _ = pending(t)
    await callee.register(procedure, t.uri("killnowait"))
    result, cancel = call_and_cancel(caller, t.uri("killnowait"), "killnowait")
    assert await saw.get() == "called"
    cancel()
    await fails_with("wamp.error.canceled", t.within(result))
    assert await saw.get() == "interrupted"
    # What the callee answered to the interrupt was dropped on the way; both sessions live on.
    await callee.register(lambda: 5, t.uri("five"))
    assert await caller.call(t.uri("five")) == 5


@scenario("cancel with skip: the caller has canceled at once and the callee goes on undisturbed",
          differs={"crossbar": "sends no answer to a caller that cancels with skip"})
async def _(t):
    callee, caller = await t.sessions(2)
    procedure, saw, gate = pending(t)
    await callee.register(procedure, t.uri("skip"))
    result, cancel = call_and_cancel(caller, t.uri("skip"), "skip")
    assert await saw.get() == "called"
    cancel()
    await fails_with("wamp.error.canceled", t.within(result))
    gate.put(None)
    assert await saw.get() == "ended"
    await callee.register(lambda: 5, t.uri("five"))
    assert await caller.call(t.uri("five")) == 5


@scenario("cancelling Autobahn's own way interrupts the callee")
async def _(t):
    callee, caller = await t.sessions(2)
    procedure, saw, _ = pending(t)
    await callee.register(procedure, t.uri("plain"))
    result, cancel = call_and_cancel(caller, t.uri("plain"), None)
    assert await saw.get() == "called"
    cancel()
    await fails_with("wamp.error.canceled", t.within(result))
    assert await saw.get() == "interrupted"


@scenario("a late cancel of a finished call does nothing")
async def _(t):
    callee, caller = await t.sessions(2)
    await callee.register(lambda: 1, t.uri("quick"))
    result, cancel = call_and_cancel(caller, t.uri("quick"), "kill")
    assert await result == 1
    cancel()
    assert await caller.call(t.uri("quick")) == 1


@scenario("a call that takes longer than its timeout in milliseconds is wamp.error.timeout and interrupts the callee",
          differs={"crossbar": "takes the timeout for seconds"})
async def _(t):
    callee, caller = await t.sessions(2)
    procedure, saw, _ = pending(t)
    await callee.register(procedure, t.uri("slow"))
    await fails_with("wamp.error.timeout", t.within(caller.call(t.uri("slow"), options=CallOptions(timeout=200))))
    assert await saw.take(2) == ["called", "interrupted"]


@scenario("a call that is answered within its timeout is not disturbed by it")
async def _(t):
    callee, caller = await t.sessions(2)
    await callee.register(lambda: 1, t.uri("in_time"))
    assert await caller.call(t.uri("in_time"), options=CallOptions(timeout=150)) == 1
    await t.sleep(0.25)
    assert await caller.call(t.uri("in_time")) == 1


@scenario("a caller that leaves interrupts its callee")
async def _(t):
    callee, caller = await t.sessions(2)
    procedure, saw, _ = pending(t)
    await callee.register(procedure, t.uri("orphan"))
    ignored = caller.call(t.uri("orphan"))
    assert await saw.get() == "called"
    await caller.end()
    assert await saw.get() == "interrupted"
    try:
        await ignored
    except ApplicationError:
        pass


@scenario("a callee that leaves makes the pending call fail")
async def _(t):
    callee, caller = await t.sessions(2)
    procedure, saw, gate = pending(t)
    await callee.register(procedure, t.uri("deserted"))
    call = caller.call(t.uri("deserted"))
    assert await saw.get() == "called"
    await callee.end()
    await fails_with("wamp.error.canceled", t.within(call))
    await fails_with("wamp.error.no_such_procedure", caller.call(t.uri("deserted")))
    gate.put(None)


# --- publishing and subscribing ------------------------------------------------------------------------------------------

async def events(t, session, uri, **options):
    """Subscribes and gives the inbox of (args, kwargs, details)."""
    inbox = t.inbox(f"an event on {uri}")

    def handler(*args, details, **kwargs):
        inbox.put((list(args), kwargs, details))

    await session.subscribe(handler, uri, SubscribeOptions(details_arg="details", **options))
    return inbox


@scenario("events carry arguments of every kind")
async def _(t):
    subscriber, publisher = await t.sessions(2)
    inbox = await events(t, subscriber, t.uri("topic"))
    publisher.publish(t.uri("topic"), *VALUES, names=VALUES)
    args, kwargs, details = await inbox.get()
    assert args == VALUES and kwargs == {"names": VALUES}, (args, kwargs)
    assert details.publisher is None, "the publisher is disclosed although it did not ask for it"


@scenario("an acknowledged publication has the id that the event carries")
async def _(t):
    subscriber, publisher = await t.sessions(2)
    inbox = await events(t, subscriber, t.uri("topic"))
    published = await publisher.publish(t.uri("topic"), 1, options=PublishOptions(acknowledge=True))
    args, _, details = await inbox.get()
    assert args == [1] and details.publication == published.id, (args, details, published)


@scenario("events of a publisher arrive in order over several topics")
async def _(t):
    subscriber, publisher = await t.sessions(2)
    inbox = t.inbox()
    for topic in "ab":
        await subscriber.subscribe(inbox.put, t.uri(topic))
    for n in range(200):
        publisher.publish(t.uri("ab"[n % 2]), n)
    assert await inbox.take(200) == list(range(200))


@scenario("the publisher is excluded, and not when it says so")
async def _(t):
    session = await t.join()
    inbox = await events(t, session, t.uri("topic"))
    await session.publish(t.uri("topic"), "excluded", options=PublishOptions(acknowledge=True))
    await session.publish(t.uri("topic"), "included", options=PublishOptions(acknowledge=True, exclude_me=False))
    assert (await inbox.get())[0] == ["included"]


@scenario("two handlers of a session on one topic both get the event, once each")
async def _(t):
    subscriber, publisher = await t.sessions(2)
    a, b = await events(t, subscriber, t.uri("topic")), await events(t, subscriber, t.uri("topic"))
    publisher.publish(t.uri("topic"), 1)
    publisher.publish(t.uri("topic"), 2)
    for inbox in (a, b):
        assert [(await inbox.get())[0] for _ in range(2)] == [[1], [2]]


@scenario("after unsubscribing no event arrives")
async def _(t):
    subscriber, publisher = await t.sessions(2)
    got, after = t.inbox(), await events(t, subscriber, t.uri("after"))
    subscription = await subscriber.subscribe(got.put, t.uri("topic"))
    await publisher.publish(t.uri("topic"), 1, options=PublishOptions(acknowledge=True))
    assert await got.get() == 1
    await subscription.unsubscribe()
    publisher.publish(t.uri("topic"), 2)
    publisher.publish(t.uri("after"), 3)
    assert (await after.get())[0] == [3] and len(got) == 0


async def receivers(t, name, options, count=3):
    """Publishes with these options to `count` subscribers and gives the indices of those that got it."""
    publisher, *subscribers = await t.sessions(count + 1)
    inboxes = [await events(t, s, t.uri("topic")) for s in subscribers]
    await publisher.publish(t.uri("topic"), name, options=PublishOptions(acknowledge=True, **options(publisher, subscribers)))
    await publisher.publish(t.uri("topic"), "end", options=PublishOptions(acknowledge=True))
    got = []
    for i, inbox in enumerate(inboxes):
        first = (await inbox.get())[0]
        if first == [name]:
            got.append(i)
            first = (await inbox.get())[0]
        assert first == ["end"], first
    return got


@scenario("eligible and exclude lists of session ids are obeyed")
async def _(t):
    ids = lambda sessions: [s.welcome.session for s in sessions]
    assert await receivers(t, "only", lambda _, s: {"eligible": ids(s[:2])}) == [0, 1]
    assert await receivers(t, "not", lambda _, s: {"exclude": ids(s[:2])}) == [2]
    assert await receivers(t, "both", lambda _, s: {"eligible": ids(s[:2]), "exclude": ids(s[1:])}) == [0]
    assert await receivers(t, "strangers", lambda _, s: {"eligible": [1, 2**53], "exclude": [3]}) == []


@scenario("an empty eligible list means nobody", differs={"crossbar": "takes an empty list for none"})
async def _(t):
    assert await receivers(t, "none", lambda _, s: {"eligible": []}) == []


@scenario("eligible and exclude lists of authids are obeyed")
async def _(t):
    ids = lambda sessions: [s.welcome.authid for s in sessions]
    assert await receivers(t, "only", lambda _, s: {"eligible_authid": ids(s[1:])}) == [1, 2]
    assert await receivers(t, "not", lambda _, s: {"exclude_authid": ids(s[1:])}) == [0]


@scenario("eligible and exclude lists of authroles are obeyed")
async def _(t):
    role = lambda sessions: [sessions[0].welcome.authrole]
    assert await receivers(t, "mine", lambda _, s: {"eligible_authrole": role(s)}) == [0, 1, 2]
    assert await receivers(t, "others", lambda _, s: {"eligible_authrole": ["nobody at all"]}) == []
    assert await receivers(t, "not mine", lambda _, s: {"exclude_authrole": role(s)}) == []
    assert await receivers(t, "not others", lambda _, s: {"exclude_authrole": ["nobody at all"]}) == [0, 1, 2]


@scenario("a publisher that discloses itself is named in the event",
          differs={"crossbar": "discloses by its configuration, not by disclose_me"})
async def _(t):
    subscriber, publisher = await t.sessions(2)
    inbox = await events(t, subscriber, t.uri("topic"))
    publisher.disclose_me()
    publisher.publish(t.uri("topic"), 1)
    _, _, details = await inbox.get()
    who = publisher.welcome
    assert (details.publisher, details.publisher_authid, details.publisher_authrole) == (who.session, who.authid, who.authrole), details


@scenario("a caller that discloses itself is named in the call, another is not",
          differs={"crossbar": "discloses by its configuration, not by disclose_me"})
async def _(t):
    callee, caller = await t.sessions(2)
    await callee.register(lambda details: [details.caller, details.caller_authid, details.caller_authrole], t.uri("who"),
                          RegisterOptions(details_arg="details"))
    assert await caller.call(t.uri("who")) == [None, None, None]
    caller.disclose_me()
    who = caller.welcome
    assert await caller.call(t.uri("who")) == [who.session, who.authid, who.authrole]


# --- patterns ---------------------------------------------------------------------------------------------------------------

@scenario("prefix, wildcard and exact subscriptions each deliver, with one publication id and the topic")
async def _(t):
    subscriber, publisher = await t.sessions(2)
    prefix = await events(t, subscriber, t.uri("a.b"), match="prefix")
    wildcard = await events(t, subscriber, t.uri("a..c"), match="wildcard")
    exact = await events(t, subscriber, t.uri("a.b.c"))
    for topic in ("a.b.c", "a.bx.c", "a.b.c.d"):
        await publisher.publish(t.uri(topic), topic, options=PublishOptions(acknowledge=True))
    await publisher.publish(t.uri("a.b.c"), "end", options=PublishOptions(acknowledge=True))
    seen = {}
    for name, inbox, want in (("prefix", prefix, ["a.b.c", "a.bx.c", "a.b.c.d", "end"]),
                              ("wildcard", wildcard, ["a.b.c", "a.bx.c", "end"]), ("exact", exact, ["a.b.c", "end"])):
        for text in want:
            args, _, details = await inbox.get()
            topic = t.uri("a.b.c" if text == "end" else text)
            assert args == [text], (name, args, text)
            assert details.topic == topic, (name, details.topic, topic)
            assert seen.setdefault(text, details.publication) == details.publication, name


@scenario("the best pattern registration is called, and is told the procedure",
          differs={"crossbar": "does not compare wildcards by their first run of literal components"})
async def _(t):
    callee, caller = await t.sessions(2)

    async def register(name, uri, match):
        await callee.register(lambda details: [name, details.procedure], t.uri(uri), RegisterOptions(match=match, details_arg="details"))

    # The example set of the specification.
    await register("exact", "a1.b2.c3.d4.e55", "exact")
    await register("prefix 3", "a1.b2.c3", "prefix")
    await register("prefix 4", "a1.b2.c3.d4", "prefix")
    await register("wildcard 1", "a1.b2..d4.e5", "wildcard")
    await register("wildcard 2", "a1.b2.c33..e5", "wildcard")
    await register("wildcard 3", "a1.b2..d4.e5..g7", "wildcard")
    await register("wildcard 4", "a1.b2..d4..f6.g7", "wildcard")
    for uri, want in (("a1.b2.c3.d4.e55", "exact"), ("a1.b2.c3.d98.e74", "prefix 3"), ("a1.b2.c3.d4.e325", "prefix 4"),
                      ("a1.b2.c55.d4.e5", "wildcard 1"), ("a1.b2.c33.d4.e5", "wildcard 2"),
                      ("a1.b2.c88.d4.e5.f6.g7", "wildcard 3")):
        assert await caller.call(t.uri(uri)) == [want, t.uri(uri)], uri
    await fails_with("wamp.error.no_such_procedure", caller.call(t.uri("a2.b2.c2.d2.e2")))


# --- shared registrations ------------------------------------------------------------------------------------------------------

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


# --- meta API ----------------------------------------------------------------------------------------------------------------------

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


# --- sessions and payloads -------------------------------------------------------------------------------------------------------------

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
    sessions = {name: await t.join(serializer=name) for name in t.serializers}
    publisher = sessions[t.serializer]
    inboxes = {name: await events(t, session, t.uri("topic")) for name, session in sessions.items()}
    publisher.publish(t.uri("topic"), *values, values=values, options=PublishOptions(exclude_me=False))
    for name, inbox in inboxes.items():
        args, kwargs, _ = await inbox.get()
        same(name, args, values)
        same(name, kwargs["values"], values)
    for name, session in sessions.items():
        await session.register(lambda *args: CallResult(*args, back=list(args)), t.uri(name))
        got = await publisher.call(t.uri(name), *values)
        same(name, list(got.results), values)
        same(name, got.kwresults["back"], values)


def same(name, got, wanted):
    for a, b in zip(got, wanted, strict=True):
        assert a == b and type(a) is type(b), f"{name}: {a!r:.60}, not {b!r:.60}"


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
