//! WAMP on threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wirebahn_blocking::Server;
use wirebahn_blocking::wamp::{
    self, Call as Calling, Component, Invocation, InvocationError, Join, JoinError, Register, Reply, Router,
};
use wirebahn_core::wamp::session::Left;
use wirebahn_core::wamp::{CallOptions, Dict, MatchPolicy, Serializer, SessionId, Value};

use super::adapter::{
    Call, ComponentSetup, Event, Failure, JoinSetup, OnJoin, Procedure, Publishing, Refused, Registering,
    Registration, RouterSetup, Routing, Running, Seen, Session, Subscribing, Subscription, Waiting, Wamp,
};
use crate::adapter::until;
use crate::blocking::{Blocking, soon};

impl Wamp for Blocking {
    fn route(setup: RouterSetup) -> Routing {
        let mut server = match &setup.unix {
            Some(path) => Server::bind_unix(path).unwrap(),
            None => Server::bind(setup.address).unwrap(),
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
        let router = Router::new(setup.config).unwrap();
        Routing {
            address,
            shut_down: Box::new(move || handle.shut_down()),
            connections: Box::new(move || counter.connections()),
            thread: std::thread::spawn(move || router.serve_with(server, rawsocket)),
        }
    }

    fn join(setup: JoinSetup) -> Result<Box<dyn Session>, Refused> {
        let joined = soon(move || way(setup)?.join());
        Ok(Box::new(Joined(joined?)))
    }

    fn run_component(setup: ComponentSetup) -> Running {
        let (seen, shutdown) = (Arc::<Seen>::default(), Arc::<AtomicBool>::default());
        let (noting, counting, on_join) = (Arc::clone(&seen), Arc::clone(&seen), setup.on_join);
        let component = Component::new(setup.ways.into_iter().map(|setup| way(setup).unwrap()))
            .backoff(setup.backoff)
            .register("com.add", |(a, b): (i64, i64)| Ok(a + b))
            .subscribe("com.news", move |_| {
                counting.events.fetch_add(1, Ordering::SeqCst);
            })
            .on_join(move |session| act(&session, on_join))
            .observe(move |event| noting.note(&event))
            .end_on(&shutdown);
        Running {
            seen,
            shut_down: Box::new(move || shutdown.store(true, Ordering::Release)),
            thread: std::thread::spawn(move || component.run()),
        }
    }
}

fn act(session: &wamp::Session, on_join: OnJoin) -> Result<(), wamp::Error> {
    match on_join {
        OnJoin::Stay => {}
        OnJoin::Leave => drop(session.leave()),
        OnJoin::Call(procedure) => drop(session.call(procedure, ()).wait::<Value>()?),
    }
    Ok(())
}

fn way(setup: JoinSetup) -> Result<Join, JoinError> {
    let mut way =
        Join::new(&setup.url, setup.realm)?.connect_timeout(Some(setup.connect_timeout)).session(|config| {
            config.join_timeout = Some(setup.join_timeout);
            config.leave_timeout = Some(setup.leave_timeout);
        });
    if !setup.serializers.is_empty() {
        way = way.serializers(setup.serializers);
    }
    if let Some(ticket) = setup.ticket {
        way = way
            .session(|config| config.authmethods = vec!["ticket".into()])
            .on_challenge(move |_| Some((ticket.into(), Dict::new())));
    }
    if let Some(tls) = setup.tls {
        way = way.tls(tls);
    }
    if let Some(proxy) = setup.proxy {
        way = way.proxy(proxy);
    }
    Ok(way)
}

struct Joined(wamp::Session);

impl Joined {
    fn begin(&self, call: Call) -> Calling<Vec<Value>, ()> {
        let Call { procedure, args, timeout, cancel_mode, disclose_me } = call;
        let change = |options: &mut CallOptions| options.disclose_me = disclose_me;
        let call = self.0.call(procedure, args).cancel_mode(cancel_mode).options(change);
        match timeout {
            Some(timeout) => call.timeout(timeout),
            None => call,
        }
    }
}

impl Session for Joined {
    fn another(&self) -> Box<dyn Session> {
        Box::new(Self(self.0.clone()))
    }

    fn id(&self) -> u64 {
        self.0.id().unwrap().get()
    }

    fn serializer(&self) -> Serializer {
        self.0.serializer()
    }

    fn call(&self, call: Call) -> Result<Vec<Value>, Failure> {
        let call = self.begin(call);
        let result = soon(move || call.result())?;
        Ok(result.args().unwrap())
    }

    fn call_in_pieces(&self, call: Call) -> (Vec<Vec<Value>>, Result<Vec<Value>, Failure>) {
        let call = self.begin(call);
        soon(move || {
            let mut pieces = Vec::new();
            for piece in call.start().unwrap() {
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
        let call = self.begin(call).start().unwrap();
        until(has_come_so_far);
        soon(move || drop(call));
    }

    fn register(&self, registering: Registering) -> Result<Box<dyn Registration>, Failure> {
        let Registering { procedure, does, matching, invoke } = registering;
        let mut register = register(&self.0, procedure, does).invoke(invoke);
        match matching {
            MatchPolicy::Prefix => register = register.prefix(),
            MatchPolicy::Wildcard => register = register.wildcard(),
            _ => {}
        }
        Ok(Box::new(soon(move || register.wait())?))
    }

    fn subscribe(&self, subscribing: Subscribing) -> Result<Box<dyn Subscription>, Failure> {
        let mut subscribe = self.0.subscribe(subscribing.topic);
        match subscribing.matching {
            MatchPolicy::Prefix => subscribe = subscribe.prefix(),
            MatchPolicy::Wildcard => subscribe = subscribe.wildcard(),
            _ => {}
        }
        if subscribing.get_retained {
            subscribe = subscribe.get_retained();
        }
        Ok(Box::new(soon(move || subscribe.wait())?))
    }

    fn publish(&self, publishing: Publishing) -> Result<(), Failure> {
        let Publishing { topic, args, acknowledge, exclude_me, retain, eligible } = publishing;
        let mut publish = self.0.publish(topic, args).exclude_me(exclude_me);
        if retain {
            publish = publish.retain();
        }
        if let Some(ids) = eligible {
            let ids = ids.into_iter().map(|id| SessionId::new(id).unwrap()).collect();
            publish = publish.receivers(|receivers| receivers.eligible = Some(ids));
        }
        soon(move || if acknowledge { publish.acknowledge().map(drop) } else { publish.send() })
            .map_err(Failure::from)
    }

    fn leave(&self) -> Left {
        let session = self.0.clone();
        (*soon(move || session.leave())).clone()
    }

    fn ended(&self) -> Left {
        let session = self.0.clone();
        (*soon(move || session.ended())).clone()
    }
}

fn register(session: &wamp::Session, procedure: &'static str, does: Procedure) -> Register {
    match does {
        Procedure::Echo => session.register(procedure, |args: Vec<Value>| Ok(Reply::new(args))),
        Procedure::Add => session.register(procedure, |(a, b): (i64, i64)| Ok(a + b)),
        Procedure::Constant(value) => session.register(procedure, move |(): ()| Ok(value)),
        Procedure::Refuse => session.register(procedure, |(why,): (Value,)| {
            Err::<(), _>(InvocationError::new("com.error.no").arg(&why))
        }),
        Procedure::Panic => session.register(procedure, panics),
        Procedure::Count => session.register(procedure, count),
        Procedure::Tell => session.register(procedure, tell),
        Procedure::Wait(waiting) => {
            session.register(procedure, move |(): (), invocation| wait(&waiting, &invocation))
        }
    }
}

fn panics((): ()) -> Result<(), InvocationError> {
    panic!("a handler may");
}

fn count((to,): (u32,), invocation: Invocation) -> Result<&'static str, InvocationError> {
    let progress = invocation.progress().ok_or_else(|| InvocationError::new("com.error.whole"))?;
    for number in 0..to {
        progress.send(number)?;
    }
    Ok("done")
}

/// The procedure, and the caller.
type Told = (Option<String>, Option<u64>);

fn tell((): (), invocation: Invocation) -> Result<Reply<Told>, InvocationError> {
    let procedure = invocation.procedure().map(|uri| uri.as_str().to_owned());
    Ok(Reply::new((procedure, invocation.caller().map(SessionId::get))))
}

fn wait(waiting: &Waiting, invocation: &Invocation) -> Result<(), InvocationError> {
    waiting.begin();
    let _ = invocation.interrupted();
    waiting.interrupt();
    Ok(())
}

impl Registration for wamp::Registration {
    fn unregister(self: Box<Self>) -> Result<(), Failure> {
        soon(move || (*self).unregister()).map_err(Failure::from)
    }
}

impl Subscription for wamp::Subscription {
    fn next_within(&mut self, limit: Duration) -> Result<Option<Event>, ()> {
        let event = self.recv_timeout(limit).map_err(drop)?;
        Ok(event.map(|event| Event {
            args: event.args().unwrap(),
            topic: event.topic().map(|topic| topic.as_str().to_owned()),
        }))
    }

    fn unsubscribe(self: Box<Self>) -> Result<(), Failure> {
        soon(move || (*self).unsubscribe()).map_err(Failure::from)
    }
}
