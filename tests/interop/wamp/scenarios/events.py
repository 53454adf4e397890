"""Publishing and subscribing."""
from autobahn.wamp.types import PublishOptions, RegisterOptions

from .common import VALUES, events, scenario


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
