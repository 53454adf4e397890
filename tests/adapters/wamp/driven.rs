//! WAMP on the asynchronous adapters: one implementation for all of them.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use wirebahn_core::wamp::session::Left;
use wirebahn_core::wamp::{CallOptions, Dict, MatchPolicy, Serializer, SessionId, Value};
use wirebahn_drive::wamp::router::Router;
use wirebahn_drive::wamp::{
    self, CallResult, Component, Invocation, InvocationError, Join, JoinError, Register, Reply,
};
use wirebahn_drive::websocket::Server;
use wirebahn_drive::{Shutdown, timeout};

use super::adapter::{
    Call, ComponentSetup, Event, Failure, JoinSetup, OnJoin, Procedure, Publishing, Refused, Registering,
    Registration, RouterSetup, Routing, Running, Seen, Session, Subscribing, Subscription, Waiting, Wamp,
};
use crate::driven::{BlockOn, Driven, soon};

impl<N: BlockOn> Wamp for Driven<N> {
    fn route(setup: RouterSetup) -> Routing {
        let mut server = match &setup.unix {
            Some(path) => N::block_on(async { Server::<N>::bind_unix(path) }).unwrap(),
            None => N::block_on(Server::<N>::bind(setup.address)).unwrap(),
        };
        let address = server.local_addr().unwrap_or(setup.address);
        let mut options = wirebahn_core::websocket::opening::ServerOptions::default();
        options.open_timeout = Some(setup.open_timeout);
        let mut rawsocket = wirebahn_core::rawsocket::opening::ServerOptions::default();
        rawsocket.open_timeout = Some(setup.open_timeout);
        server = server.max_connections(setup.max_connections).options(options);
        if let Some(tls) = setup.tls {
            server = server.tls(tls);
        }
        let handle = server.handle();
        let counter = handle.clone();
        let config = setup.config;
        Routing {
            address,
            shut_down: Box::new(move || handle.shut_down()),
            connections: Box::new(move || counter.connections()),
            thread: std::thread::spawn(move || {
                N::block_on(async move { Router::<N>::new(config).serve_with(server, rawsocket).await })
            }),
        }
    }

    fn join(setup: JoinSetup) -> Result<Box<dyn Session>, Refused> {
        let joined = soon::<N, _>(async { way::<N>(setup)?.join().await });
        Ok(Box::new(Joined::<N>::new(joined?)))
    }

    fn run_component(setup: ComponentSetup) -> Running {
        let (seen, shutdown) = (Arc::<Seen>::default(), Shutdown::new());
        let (noting, counting, on_join) = (Arc::clone(&seen), Arc::clone(&seen), setup.on_join);
        let component = Component::new(setup.ways.into_iter().map(|setup| way::<N>(setup).unwrap()))
            .backoff(setup.backoff)
            .register("com.add", |(a, b): (i64, i64)| async move { Ok(a + b) })
            .subscribe("com.news", move |_| {
                counting.events.fetch_add(1, Ordering::SeqCst);
                async {}
            })
            .on_join(move |session| act(session, on_join))
            .observe(move |event| noting.note(&event))
            .end_on(&shutdown);
        Running {
            seen,
            shut_down: Box::new(move || shutdown.request()),
            thread: std::thread::spawn(move || N::block_on(component.run())),
        }
    }
}

async fn act(session: wamp::Session, on_join: OnJoin) -> Result<(), wamp::Error> {
    match on_join {
        OnJoin::Stay => {}
        OnJoin::Leave => drop(session.leave().await),
        OnJoin::Call(procedure) => drop(session.call::<_, Value>(procedure, ()).await?),
    }
    Ok(())
}

pub(crate) fn way<N: BlockOn>(setup: JoinSetup) -> Result<Join<N>, JoinError> {
    let mut way = Join::<N>::new(&setup.url, setup.realm)?
        .connect_timeout(Some(setup.connect_timeout))
        .session(|config| {
            config.join_timeout = Some(setup.join_timeout);
            config.leave_timeout = Some(setup.leave_timeout);
        });
    if !setup.serializers.is_empty() {
        way = way.serializers(setup.serializers);
    }
    if let Some(ticket) = setup.ticket {
        way = way
            .session(|config| config.authmethods = vec!["ticket".into()])
            .on_challenge(move |_| async move { Some((ticket.into(), Dict::new())) });
    }
    if let Some(tls) = setup.tls {
        way = way.tls(tls);
    }
    if let Some(proxy) = setup.proxy {
        way = way.proxy(proxy);
    }
    Ok(way)
}

pub(crate) struct Joined<N> {
    session: wamp::Session,
    runtime: PhantomData<fn() -> N>,
}

impl<N: BlockOn> Joined<N> {
    pub(crate) const fn new(session: wamp::Session) -> Self {
        Self { session, runtime: PhantomData }
    }

    fn begin(&self, call: Call) -> wamp::Call<Vec<Value>, (), CallResult> {
        let Call { procedure, args, timeout, cancel_mode, disclose_me } = call;
        let change = |options: &mut CallOptions| options.disclose_me = disclose_me;
        let call = self.session.call(procedure, args).cancel_mode(cancel_mode).options(change);
        match timeout {
            Some(timeout) => call.timeout(timeout),
            None => call,
        }
    }
}

impl<N: BlockOn> Session for Joined<N> {
    fn another(&self) -> Box<dyn Session> {
        Box::new(Self::new(self.session.clone()))
    }

    fn id(&self) -> u64 {
        self.session.id().unwrap().get()
    }

    fn serializer(&self) -> Serializer {
        self.session.serializer()
    }

    fn call(&self, call: Call) -> Result<Vec<Value>, Failure> {
        let result = soon::<N, _>(self.begin(call).result())?;
        Ok(result.args().unwrap())
    }

    fn call_in_pieces(&self, call: Call) -> (Vec<Vec<Value>>, Result<Vec<Value>, Failure>) {
        soon::<N, _>(async {
            let mut stream = self.begin(call).stream();
            let mut pieces = Vec::new();
            while let Some(piece) = stream.next().await {
                match piece {
                    Ok(piece) => pieces.push(piece.args().unwrap()),
                    Err(error) => return (pieces, Err(error.into())),
                }
            }
            let result = pieces.pop().unwrap();
            (pieces, Ok(result))
        })
    }

    fn give_up(&self, call: Call, has_come_so_far: &dyn Fn() -> bool) {
        let mut call = self.begin(call).result();
        soon::<N, _>(async {
            while !has_come_so_far() {
                assert!(timeout::<N, _>(Some(Duration::from_millis(1)), &mut call).await.is_err());
            }
        });
    }

    fn register(&self, registering: Registering) -> Result<Box<dyn Registration>, Failure> {
        let Registering { procedure, does, matching, invoke } = registering;
        let mut register = register(&self.session, procedure, does).invoke(invoke);
        match matching {
            MatchPolicy::Prefix => register = register.prefix(),
            MatchPolicy::Wildcard => register = register.wildcard(),
            _ => {}
        }
        let registration = soon::<N, _>(register.into_future())?;
        Ok(Box::new(Registered::<N>(registration, PhantomData)))
    }

    fn subscribe(&self, subscribing: Subscribing) -> Result<Box<dyn Subscription>, Failure> {
        let mut subscribe = self.session.subscribe(subscribing.topic);
        match subscribing.matching {
            MatchPolicy::Prefix => subscribe = subscribe.prefix(),
            MatchPolicy::Wildcard => subscribe = subscribe.wildcard(),
            _ => {}
        }
        if subscribing.get_retained {
            subscribe = subscribe.get_retained();
        }
        let subscription = soon::<N, _>(subscribe.into_future())?;
        Ok(Box::new(Subscribed::<N>(subscription, PhantomData)))
    }

    fn publish(&self, publishing: Publishing) -> Result<(), Failure> {
        let Publishing { topic, args, acknowledge, exclude_me, retain, eligible } = publishing;
        let mut publish = self.session.publish(topic, args).exclude_me(exclude_me);
        if retain {
            publish = publish.retain();
        }
        if let Some(ids) = eligible {
            let ids = ids.into_iter().map(|id| SessionId::new(id).unwrap()).collect();
            publish = publish.receivers(|receivers| receivers.eligible = Some(ids));
        }
        if acknowledge {
            return soon::<N, _>(publish.acknowledge()).map(drop).map_err(Failure::from);
        }
        soon::<N, _>(publish.into_future()).map_err(Failure::from)
    }

    fn leave(&self) -> Left {
        (*soon::<N, _>(self.session.leave())).clone()
    }

    fn ended(&self) -> Left {
        (*soon::<N, _>(self.session.ended())).clone()
    }
}

fn register(session: &wamp::Session, procedure: &'static str, does: Procedure) -> Register {
    match does {
        Procedure::Echo => {
            session.register(procedure, |args: Vec<Value>| async move { Ok(Reply::new(args)) })
        }
        Procedure::Add => session.register(procedure, |(a, b): (i64, i64)| async move { Ok(a + b) }),
        Procedure::Constant(value) => session.register(procedure, move |(): ()| async move { Ok(value) }),
        Procedure::Refuse => session.register(procedure, |(why,): (Value,)| async move {
            Err::<(), _>(InvocationError::new("com.error.no").arg(&why))
        }),
        Procedure::Panic => session.register(procedure, panics),
        Procedure::Count => session.register(procedure, count),
        Procedure::Tell => session.register(procedure, tell),
        Procedure::Wait(waiting) => session.register(procedure, move |(): (), invocation: Invocation| {
            wait(Arc::clone(&waiting), invocation)
        }),
    }
}

async fn panics((): ()) -> Result<(), InvocationError> {
    panic!("a handler may");
}

async fn count((to,): (u32,), invocation: Invocation) -> Result<&'static str, InvocationError> {
    let progress = invocation.progress().ok_or_else(|| InvocationError::new("com.error.whole"))?;
    for number in 0..to {
        progress.send(number).await?;
    }
    Ok("done")
}

async fn tell(
    (): (),
    invocation: Invocation,
) -> Result<Reply<(Option<String>, Option<u64>)>, InvocationError> {
    let procedure = invocation.procedure().map(|uri| uri.as_str().to_owned());
    Ok(Reply::new((procedure, invocation.caller().map(SessionId::get))))
}

async fn wait(waiting: Arc<Waiting>, invocation: Invocation) -> Result<(), InvocationError> {
    waiting.begin();
    invocation.interrupted().await;
    waiting.interrupt();
    Ok(())
}

struct Registered<N>(wamp::Registration, PhantomData<fn() -> N>);

impl<N: BlockOn> Registration for Registered<N> {
    fn unregister(self: Box<Self>) -> Result<(), Failure> {
        soon::<N, _>(self.0.unregister()).map_err(Failure::from)
    }
}

struct Subscribed<N>(wamp::Subscription, PhantomData<fn() -> N>);

impl<N: BlockOn> Subscription for Subscribed<N> {
    fn next_within(&mut self, limit: Duration) -> Result<Option<Event>, ()> {
        let event = N::block_on(timeout::<N, _>(Some(limit), self.0.next())).map_err(drop)?;
        Ok(event.map(|event| Event {
            args: event.args().unwrap(),
            topic: event.topic().map(|topic| topic.as_str().to_owned()),
        }))
    }

    fn unsubscribe(self: Box<Self>) -> Result<(), Failure> {
        soon::<N, _>(self.0.unsubscribe()).map_err(Failure::from)
    }
}
