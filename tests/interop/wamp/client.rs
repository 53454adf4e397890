//! Our client on tokio against a router: `wamp-client WS_URL RS_URL REALM`.
//!
//! Runs every scenario over WebSocket and RawSocket with each serializer; two sessions of different serializers meet
//! in the last one. One line per check, `ok` or `FAILED`; the status is 1 if one failed.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;
use wirebahn_tokio::wamp::{
    CancelMode, Error as WampError, Event, Invocation, InvocationError, InvocationPolicy, Join, JoinError,
    LeftCause, Reply, Serializer, Session, Subscription, Value, close_reason, error_uri,
};

const SERIALIZERS: [Serializer; 3] = [Serializer::Json, Serializer::MsgPack, Serializer::Cbor];
const SCENARIO_LIMIT: Duration = Duration::from_secs(20);
const STEP: Duration = Duration::from_secs(5);
const PIPELINED: u64 = 1000;
const LARGE: usize = 3_000_000;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [websocket, rawsocket, realm] = arguments.as_slice() else {
        println!("FAILED wirebahn client: usage: wamp-client WS_URL RS_URL REALM");
        return ExitCode::FAILURE;
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            println!("FAILED wirebahn client: no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut failed = 0;
    for url in [websocket, rawsocket] {
        for serializer in SERIALIZERS {
            failed += runtime.block_on(run_all(&Cell { url: url.clone(), realm: realm.clone(), serializer }));
        }
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Where a scenario runs.
#[derive(Clone)]
struct Cell {
    url: String,
    realm: String,
    serializer: Serializer,
}

impl Cell {
    async fn join(&self) -> Result<Session, JoinError> {
        self.join_with(self.serializer).await
    }

    async fn join_with(&self, serializer: Serializer) -> Result<Session, JoinError> {
        Join::new(&self.url, &self.realm)?.serializers([serializer]).join().await
    }

    async fn two(&self) -> Result<(Session, Session), JoinError> {
        Ok((self.join().await?, self.join().await?))
    }
}

/// A URI that nobody else uses.
fn fresh(name: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("interop.ours.{}.n{}.{name}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

async fn run_all(cell: &Cell) -> u32 {
    let mut failed = 0;
    let mut report = |name: &str, outcome: Result<Outcome, _>| {
        let (kind, _) = cell.url.split_once(':').unwrap_or_default();
        let line = format!("wirebahn client {kind} {:?}: {name}", cell.serializer).to_lowercase();
        failed += u32::from(!matches!(outcome, Ok(Ok(()))));
        match outcome {
            Ok(Ok(())) => println!("ok     {line}"),
            Ok(Err(error)) => println!("FAILED {line}: {error}"),
            Err(tokio::time::error::Elapsed { .. }) => {
                println!("FAILED {line}: not within {SCENARIO_LIMIT:?}");
            }
        }
    };
    macro_rules! run {
        ($($scenario:ident: $name:literal,)*) => {
            $(report($name, timeout(SCENARIO_LIMIT, $scenario(cell.clone())).await);)*
        };
    }
    run! {
        arguments_and_results: "arguments and results of every kind come back unchanged",
        errors: "errors carry URI, args and kwargs",
        no_such_procedure: "a procedure nobody registered is no_such_procedure",
        already_exists: "a second registration is refused, and the name is free after unregistering",
        pipelined_calls: "a thousand calls at once are invoked in order and each gets its own result",
        progress: "progressive results arrive in order before the final one",
        dropped_call: "a call that is dropped interrupts the callee",
        timed_out_call: "a call that takes too long for its caller interrupts the callee",
        kill: "a callee that is interrupted with kill still answers",
        events: "events carry arguments of every kind, in order",
        exclusion: "publishers are excluded unless they say otherwise",
        receivers: "eligible and exclude lists choose who receives",
        pattern_subscriptions: "prefix and wildcard subscriptions tell the topic",
        pattern_registrations: "prefix and wildcard registrations tell the procedure",
        shared_registrations: "round robin goes around",
        dropped_handles: "dropped handles unregister and unsubscribe",
        meta: "the meta API knows us, and events tell of others",
        killed: "a session that is killed says by whom and why",
        callee_leaves: "a call fails when its callee leaves",
        no_such_realm: "a realm that is not there says so",
        leaving: "leaving is in order",
        large_and_binary: "large and binary payloads come back unchanged",
        every_serializer: "every serializer reaches every other",
    }
    failed
}

fn ensure(condition: bool, what: impl FnOnce() -> String) -> Outcome {
    if condition { Ok(()) } else { Err(what().into()) }
}

fn same<T: PartialEq + std::fmt::Debug>(got: &T, wanted: &T) -> Outcome {
    ensure(got == wanted, || format!("{got:.300?}, not {wanted:.300?}"))
}

fn failed_with<T: std::fmt::Debug>(
    outcome: Result<T, WampError>,
    uri: &str,
) -> Result<WampError, Box<dyn Error>> {
    match outcome {
        Err(error) if error.is(uri) => Ok(error),
        other => Err(format!("{other:?}, not {uri}").into()),
    }
}

async fn next(subscription: &mut Subscription) -> Result<Event, Box<dyn Error>> {
    let event = timeout(STEP, subscription.next()).await.map_err(|_| "no event came")?;
    Ok(event.ok_or("the subscription ended")?)
}

/// The arguments of a procedure's call, as many as there are.
type Any = Vec<Value>;

fn values() -> Any {
    let texts = ["", "Grüße, 世界 \u{1F600} \u{0} \u{2028} \"\\/"].map(Value::from);
    let numbers = [0, -1, 127, 128, -129, 65536, 1 << 31, 1 << 53, -(1 << 53), i64::MIN].map(Value::from);
    let list = Value::List(vec![Value::Null, Value::List(vec![Value::from(0.5)]), Value::from(u64::MAX)]);
    let plain = [Value::Null, true.into(), false.into(), (-1e300).into(), Value::List(vec![]), list];
    texts.into_iter().chain(numbers).chain(plain).collect()
}

// --- calls -----------------------------------------------------------------------------------------------------------

async fn arguments_and_results(cell: Cell) -> Outcome {
    let (callee, caller) = cell.two().await?;
    let uri = fresh("echo");
    let echo = |args: Any, invocation: Invocation| async move {
        let kwargs: BTreeMap<String, Value> = invocation.kwargs()?;
        Ok(Reply::new(args).kwargs(kwargs))
    };
    let _registration = callee.register(uri.as_str(), echo).await?;
    let kwargs =
        BTreeMap::from([("names".to_owned(), Value::List(values())), ("ключ".to_owned(), Value::from(1))]);
    let result = caller.call::<_, ()>(uri.as_str(), values()).kwargs(kwargs.clone()).result().await?;
    same(&result.args::<Any>()?, &values())?;
    same(&result.kwargs::<BTreeMap<String, Value>>()?, &kwargs)?;
    same(&caller.call::<_, i64>(uri.as_str(), (7,)).await?, &7)
}

async fn errors(cell: Cell) -> Outcome {
    let (callee, caller) = cell.two().await?;
    let uri = fresh("fail");
    let fail = |(): ()| async {
        Err::<(), _>(
            InvocationError::new("com.example.broken").message("wheel").arg(&3).kwarg("where", &"left"),
        )
    };
    let _registration = callee.register(uri.as_str(), fail).await?;
    let error = failed_with(caller.call::<_, ()>(uri.as_str(), ()).await, "com.example.broken")?;
    let WampError::Request(error) = error else { return Err("no answer".into()) };
    same(&error.args::<(String, u32)>()?, &("wheel".into(), 3))?;
    same(&error.kwargs::<BTreeMap<String, String>>()?, &BTreeMap::from([("where".into(), "left".into())]))
}

async fn no_such_procedure(cell: Cell) -> Outcome {
    let session = cell.join().await?;
    failed_with(session.call::<_, ()>(fresh("nobody"), ()).await, error_uri::NO_SUCH_PROCEDURE)?;
    Ok(())
}

async fn already_exists(cell: Cell) -> Outcome {
    let (a, b) = cell.two().await?;
    let uri = fresh("taken");
    let registration = a.register(uri.as_str(), |(): ()| async { Ok("a") }).await?;
    let second = b.register(uri.as_str(), |(): ()| async { Ok("b") }).await;
    failed_with(second, error_uri::PROCEDURE_ALREADY_EXISTS)?;
    registration.unregister().await?;
    let _registration = b.register(uri.as_str(), |(): ()| async { Ok("b") }).await?;
    same(&a.call::<_, String>(uri.as_str(), ()).await?, &"b".into())
}

async fn pipelined_calls(cell: Cell) -> Outcome {
    let (callee, caller) = cell.two().await?;
    let uri = fresh("double");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let double = move |(n,): (u64,)| {
        log.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(n);
        async move { Ok(2 * n) }
    };
    let _registration = callee.register(uri.as_str(), double).await?;
    let mut calls = Vec::new();
    for n in 0..PIPELINED {
        let call = caller.call::<_, u64>(uri.as_str(), (n,)).into_future();
        calls.push(tokio::spawn(call));
    }
    for (n, call) in (0..).zip(calls) {
        same(&call.await??, &(2 * n))?;
    }
    let seen = seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    same(&seen, &(0..PIPELINED).collect())
}

async fn progress(cell: Cell) -> Outcome {
    let (callee, caller) = cell.two().await?;
    let uri = fresh("count");
    let count = |(n,): (u32,), invocation: Invocation| async move {
        let progress = invocation.progress().ok_or_else(|| InvocationError::new("com.example.not_asked"))?;
        for i in 0..n {
            progress.send(i).await?;
        }
        Ok(n)
    };
    let _registration = callee.register(uri.as_str(), count).await?;
    let mut pieces = caller.call::<_, u32>(uri.as_str(), (10,)).stream();
    let mut got = Vec::new();
    while let Some(piece) = pieces.next().await {
        got.push(piece?.value::<u32>()?);
    }
    same(&got, &(0..=10).collect())
}

/// A procedure that waits to be interrupted, and what it then says.
fn endless(
    called: Arc<Notify>,
    interrupted: Arc<Notify>,
) -> impl Fn((), Invocation) -> Interruptible + Clone + Send + Sync {
    move |(), invocation| {
        let (called, interrupted) = (Arc::clone(&called), Arc::clone(&interrupted));
        Box::pin(async move {
            called.notify_one();
            invocation.interrupted().await;
            interrupted.notify_one();
            Err(InvocationError::new("com.example.cleaned"))
        })
    }
}

type Interruptible = std::pin::Pin<Box<dyn Future<Output = Result<(), InvocationError>> + Send>>;

async fn dropped_call(cell: Cell) -> Outcome {
    let (callee, caller) = cell.two().await?;
    let (uri, called, interrupted) = (fresh("endless"), Arc::default(), Arc::default());
    let _registration =
        callee.register(uri.as_str(), endless(Arc::clone(&called), Arc::clone(&interrupted))).await?;
    let call = tokio::spawn(caller.call::<_, ()>(uri.as_str(), ()).into_future());
    timeout(STEP, called.notified()).await.map_err(|_| "it was not called")?;
    call.abort();
    timeout(STEP, interrupted.notified()).await.map_err(|_| "it was not interrupted")?;
    failed_with(caller.call::<_, ()>(fresh("nobody"), ()).await, error_uri::NO_SUCH_PROCEDURE)?;
    Ok(())
}

async fn timed_out_call(cell: Cell) -> Outcome {
    let (callee, caller) = cell.two().await?;
    let (uri, called, interrupted) = (fresh("endless"), Arc::default(), Arc::default());
    let _registration =
        callee.register(uri.as_str(), endless(Arc::clone(&called), Arc::clone(&interrupted))).await?;
    let outcome = caller.call::<_, ()>(uri.as_str(), ()).timeout(Duration::from_millis(200)).await;
    ensure(matches!(outcome, Err(WampError::TimedOut)), || format!("{outcome:?}"))?;
    Ok(timeout(STEP, interrupted.notified()).await.map_err(|_| "it was not interrupted")?)
}

async fn kill(cell: Cell) -> Outcome {
    let (callee, caller) = cell.two().await?;
    let (uri, called, interrupted) = (fresh("endless"), Arc::default(), Arc::default());
    let _registration =
        callee.register(uri.as_str(), endless(Arc::clone(&called), Arc::clone(&interrupted))).await?;
    let call = caller.call::<_, ()>(uri.as_str(), ()).cancel_mode(CancelMode::Kill);
    let call = tokio::spawn(call.into_future());
    timeout(STEP, called.notified()).await.map_err(|_| "it was not called")?;
    call.abort();
    timeout(STEP, interrupted.notified()).await.map_err(|_| "it was not interrupted")?;
    // The answer finds nobody who waits; both go on.
    let five = fresh("five");
    let _five = callee.register(five.as_str(), |(): ()| async { Ok(5) }).await?;
    same(&caller.call::<_, u8>(five, ()).await?, &5)
}

// --- events ------------------------------------------------------------------------------------------------------------

async fn events(cell: Cell) -> Outcome {
    let (subscriber, publisher) = cell.two().await?;
    let uri = fresh("topic");
    let mut subscription = subscriber.subscribe(uri.as_str()).await?;
    let kwargs = BTreeMap::from([("names".to_owned(), Value::List(values()))]);
    let publication = publisher.publish(uri.as_str(), values()).kwargs(kwargs.clone()).acknowledge().await?;
    let event = next(&mut subscription).await?;
    same(&event.args::<Any>()?, &values())?;
    same(&event.kwargs::<BTreeMap<String, Value>>()?, &kwargs)?;
    same(&event.publication, &publication)?;
    for n in 0..PIPELINED {
        publisher.publish(uri.as_str(), (n,)).await?;
    }
    for n in 0..PIPELINED {
        same(&next(&mut subscription).await?.args::<(u64,)>()?, &(n,))?;
    }
    Ok(())
}

async fn exclusion(cell: Cell) -> Outcome {
    let session = cell.join().await?;
    let uri = fresh("topic");
    let mut subscription = session.subscribe(uri.as_str()).await?;
    session.publish(uri.as_str(), ("excluded",)).acknowledge().await?;
    session.publish(uri.as_str(), ("included",)).exclude_me(false).acknowledge().await?;
    same(&next(&mut subscription).await?.args::<(String,)>()?, &("included".into(),))
}

async fn receivers(cell: Cell) -> Outcome {
    let publisher = cell.join().await?;
    let (a, b) = cell.two().await?;
    let uri = fresh("topic");
    let (mut to_a, mut to_b) = (a.subscribe(uri.as_str()).await?, b.subscribe(uri.as_str()).await?);
    let id = a.id().ok_or("no session id")?;
    publisher.publish(uri.as_str(), ("a",)).receivers(|to| to.eligible = Some(vec![id])).await?;
    publisher.publish(uri.as_str(), ("b",)).receivers(|to| to.exclude = Some(vec![id])).await?;
    publisher.publish(uri.as_str(), ("end",)).acknowledge().await?;
    for (subscription, first) in [(&mut to_a, "a"), (&mut to_b, "b")] {
        for wanted in [first, "end"] {
            same(&next(subscription).await?.args::<(String,)>()?, &(wanted.into(),))?;
        }
    }
    Ok(())
}

async fn pattern_subscriptions(cell: Cell) -> Outcome {
    let (subscriber, publisher) = cell.two().await?;
    let uri = fresh("a");
    let mut prefix = subscriber.subscribe(uri.as_str()).prefix().await?;
    let mut wildcard = subscriber.subscribe(format!("{uri}..c")).wildcard().await?;
    let topic = format!("{uri}.b.c");
    let publication = publisher.publish(topic.as_str(), ()).acknowledge().await?;
    for subscription in [&mut prefix, &mut wildcard] {
        let event = next(subscription).await?;
        same(&event.topic().map(ToString::to_string), &Some(topic.clone()))?;
        same(&event.publication, &publication)?;
    }
    Ok(())
}

async fn pattern_registrations(cell: Cell) -> Outcome {
    let (callee, caller) = cell.two().await?;
    let uri = fresh("a");
    let named = |name: &'static str| {
        move |(): (), invocation: Invocation| async move {
            Ok((name, invocation.procedure().map(ToString::to_string)))
        }
    };
    let _prefix = callee.register(format!("{uri}.b"), named("prefix")).prefix().await?;
    let _wildcard = callee.register(format!("{uri}..y"), named("wildcard")).wildcard().await?;
    for (rest, name) in [("b.c", "prefix"), ("x.y", "wildcard"), ("b.y", "prefix")] {
        let procedure = format!("{uri}.{rest}");
        let got: (String, Option<String>) = caller.call(procedure.as_str(), ()).await?;
        same(&got, &(name.into(), Some(procedure)))?;
    }
    Ok(())
}

async fn shared_registrations(cell: Cell) -> Outcome {
    let caller = cell.join().await?;
    let (a, b) = cell.two().await?;
    let uri = fresh("shared");
    let _a =
        a.register(uri.as_str(), |(): ()| async { Ok("a") }).invoke(InvocationPolicy::RoundRobin).await?;
    let _b =
        b.register(uri.as_str(), |(): ()| async { Ok("b") }).invoke(InvocationPolicy::RoundRobin).await?;
    let mut got = Vec::new();
    for _ in 0..4 {
        got.push(caller.call::<_, String>(uri.as_str(), ()).await?);
    }
    same(&got.concat(), &"abab".into())
}

async fn dropped_handles(cell: Cell) -> Outcome {
    let (a, b) = cell.two().await?;
    let uri = fresh("dropped");
    let registration = a.register(uri.as_str(), |(): ()| async { Ok(1) }).await?;
    let subscription = a.subscribe(uri.as_str()).await?;
    let id = subscription.id();
    same(&b.call::<_, u8>(uri.as_str(), ()).await?, &1)?;
    drop((registration, subscription));
    // What the session asks after that is answered after that.
    failed_with(a.call::<_, ()>(fresh("nobody"), ()).await, error_uri::NO_SUCH_PROCEDURE)?;
    failed_with(b.call::<_, u8>(uri.as_str(), ()).await, error_uri::NO_SUCH_PROCEDURE)?;
    let count = b.call::<_, u8>("wamp.subscription.count_subscribers", (id.get(),)).await;
    failed_with(count, error_uri::NO_SUCH_SUBSCRIPTION)?;
    Ok(())
}

// --- sessions ------------------------------------------------------------------------------------------------------------

async fn meta(cell: Cell) -> Outcome {
    let watcher = cell.join().await?;
    let mut joins = watcher.subscribe("wamp.session.on_join").await?;
    let other = cell.join().await?;
    let id = other.id().ok_or("no session id")?;
    loop {
        let (details,): (BTreeMap<String, Value>,) = next(&mut joins).await?.args()?;
        if details.get("session").and_then(Value::as_u64) == Some(id.get()) {
            break;
        }
    }
    let ids: Vec<u64> = watcher.call("wamp.session.list", ()).await?;
    ensure(ids.contains(&id.get()), || format!("{id} is not among {ids:?}"))?;
    failed_with(watcher.call::<_, Value>("wamp.session.get", (1,)).await, error_uri::NO_SUCH_SESSION)?;
    Ok(())
}

async fn killed(cell: Cell) -> Outcome {
    let (killer, victim) = cell.two().await?;
    let kwargs = BTreeMap::from([("reason", "com.example.killed"), ("message", "too loud")]);
    let id = victim.id().ok_or("no session id")?;
    killer.call::<_, Value>("wamp.session.kill", (id.get(),)).kwargs(kwargs).await?;
    let left = timeout(STEP, victim.ended()).await.map_err(|_| "it lives")?;
    match &left.cause {
        LeftCause::Goodbye { reason, message, .. } if reason == "com.example.killed" => {
            same(&message.as_ref().map(ToString::to_string), &Some("too loud".into()))
        }
        other => Err(format!("{other:?}").into()),
    }
}

async fn callee_leaves(cell: Cell) -> Outcome {
    let (callee, caller) = cell.two().await?;
    let (uri, called, interrupted) = (fresh("endless"), Arc::default(), Arc::default());
    let _registration = callee.register(uri.as_str(), endless(Arc::clone(&called), interrupted)).await?;
    let call = tokio::spawn(caller.call::<_, ()>(uri.as_str(), ()).into_future());
    timeout(STEP, called.notified()).await.map_err(|_| "it was not called")?;
    callee.leave().await;
    // Before it leaves, what is interrupted by that may still answer for itself.
    match call.await? {
        Err(error) if error.is(error_uri::CANCELED) || error.is("com.example.cleaned") => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

async fn no_such_realm(cell: Cell) -> Outcome {
    let elsewhere = Cell { realm: "no.such.realm.here".into(), ..cell };
    match elsewhere.join().await {
        Err(error) if error.to_string().contains(error_uri::NO_SUCH_REALM) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Err("it was joined".into()),
    }
}

async fn leaving(cell: Cell) -> Outcome {
    let session = cell.join().await?;
    let left = session.leave().await;
    let is_in_order = match &left.cause {
        // Crossbar has a word of its own for it.
        LeftCause::Goodbye { reason, .. } => {
            reason == close_reason::GOODBYE_AND_OUT || reason == "wamp.close.normal"
        }
        _ => false,
    };
    ensure(is_in_order, || format!("{:?}", left.cause))
}

// --- payloads ------------------------------------------------------------------------------------------------------------

async fn large_and_binary(cell: Cell) -> Outcome {
    let (callee, caller) = cell.two().await?;
    let uri = fresh("payload");
    let _registration = callee.register(uri.as_str(), |(value,): (Value,)| async move { Ok(value) }).await?;
    let bytes: Vec<u8> = (0..=255).cycle().take(LARGE / 3).collect();
    for value in [Value::from("é".repeat(LARGE / 2)), Value::Bytes(bytes), Value::Bytes(Vec::new())] {
        let got: Value = caller.call(uri.as_str(), (&value,)).await?;
        ensure(got == value, || "it came back changed".into())?;
    }
    Ok(())
}

async fn every_serializer(cell: Cell) -> Outcome {
    let publisher = cell.join().await?;
    let uri = fresh("topic");
    let mut sessions = Vec::new();
    for serializer in SERIALIZERS {
        let session = cell.join_with(serializer).await?;
        let subscription = session.subscribe(uri.as_str()).await?;
        sessions.push((session, subscription));
    }
    let mut sent = values();
    sent.push(Value::Bytes((0..=255).collect()));
    publisher.publish(uri.as_str(), &sent).await?;
    for (_, subscription) in &mut sessions {
        same(&next(subscription).await?.args::<Any>()?, &sent)?;
    }
    Ok(())
}
