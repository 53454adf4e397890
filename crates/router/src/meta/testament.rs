//! Testaments: what is published when a session has ended.

use wirebahn_core::wamp::{
    Dict, EventDetails, MatchPolicy, Payload, PublicationId, Receivers, SessionId, Uri, Value, error_uri,
};

use super::Answer;
use super::arguments::{Arguments, strings, wrong};
use crate::broker::Publication;
use crate::request::Refusal;
use crate::router::Router;
use crate::session::Member;
use crate::weight;

/// When a testament is published. Sessions cannot be resumed, so both are when the session ends, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The transport is gone.
    Detached,
    /// The session is gone.
    Destroyed,
}

/// The testaments of a session, in the order of adding.
#[derive(Debug, Default)]
pub(crate) struct Testaments(Vec<(Scope, Testament)>);

#[derive(Debug)]
pub(crate) struct Testament {
    topic: Uri,
    receivers: Option<Box<Receivers>>,
    payload: Payload,
}

impl Testaments {
    pub(crate) fn in_scope(&self, scope: Scope) -> impl Iterator<Item = &Testament> {
        self.0.iter().filter(move |(of, _)| *of == scope).map(|(_, testament)| testament)
    }
}

impl Testament {
    fn weight(&self) -> usize {
        self.topic.len() + self.payload.len() + self.receivers.as_deref().map_or(0, weight::of_receivers)
    }
}

impl Router {
    pub(super) fn add_testament(&mut self, slot: usize, arguments: &Arguments) -> Answer {
        let topic = Uri::from(arguments.string(0, "topic")?);
        self.check_uri(slot, &topic, MatchPolicy::Exact)?;
        if topic.is_reserved() {
            return Err(Refusal::new(error_uri::INVALID_URI, "topics of the router itself begin with wamp"));
        }
        let args = match arguments.get(1, "args") {
            None => Vec::new(),
            Some(Value::List(args)) => args.clone(),
            Some(_) => return Err(wrong("args has to be a list")),
        };
        let kwargs = match arguments.get(2, "kwargs") {
            None => Dict::new(),
            Some(Value::Dict(kwargs)) => kwargs.clone(),
            Some(_) => return Err(wrong("kwargs has to be a dict")),
        };
        let receivers = match arguments.named("publish_options") {
            None => None,
            Some(Value::Dict(options)) => receivers(options)?,
            Some(_) => return Err(wrong("publish_options has to be a dict")),
        };
        let scope = scope(arguments)?;
        let Some(session) = self.sessions.get_mut(slot) else { return Ok(Value::Null) };
        let payload = Payload::encode(session.transport.serializer, &args, &kwargs);
        let payload = payload.map_err(|error| wrong(&error.to_string()))?;
        let Some(member) = &mut session.member else { return Ok(Value::Null) };
        let Some(limits) = self.realms.get(member.realm).map(|realm| realm.config.session) else {
            return Ok(Value::Null);
        };
        if member.testaments.as_ref().map_or(0, |testaments| testaments.0.len()) >= limits.testaments {
            return Err(Refusal::new(error_uri::UNAVAILABLE, "the session has too many testaments"));
        }
        let testament = Testament { topic, receivers, payload };
        member.keep(testament.weight(), limits)?;
        member.testaments.get_or_insert_default().0.push((scope, testament));
        Ok(Value::Null)
    }

    pub(super) fn flush_testaments(&mut self, slot: usize, arguments: &Arguments) -> Answer {
        let scope = scope(arguments)?;
        let Some(member) = self.sessions.member_mut(slot) else { return Ok(Value::Null) };
        if let Some(testaments) = &mut member.testaments {
            let flushed: usize = testaments.in_scope(scope).map(Testament::weight).sum();
            testaments.0.retain(|(of, _)| *of != scope);
            member.let_go(flushed);
        }
        Ok(Value::Null)
    }

    pub(crate) fn publish_testaments<'a>(
        &mut self,
        member: &Member,
        testaments: impl Iterator<Item = &'a Testament>,
    ) {
        for testament in testaments {
            let publication = Publication {
                id: PublicationId::random(&mut self.random),
                topic: testament.topic.clone(),
                details: EventDetails::default(),
                receivers: testament.receivers.clone(),
                payload: testament.payload.clone(),
            };
            self.sessions.metrics.publications += 1;
            self.deliver(member.realm, &publication, None, None);
            self.remember(member.realm, &publication);
        }
    }
}

fn scope(arguments: &Arguments) -> Result<Scope, Refusal> {
    match arguments.named_string("scope")? {
        None | Some("destroyed") => Ok(Scope::Destroyed),
        Some("detached") => Ok(Scope::Detached),
        Some(_) => Err(wrong("scope has to be detached or destroyed")),
    }
}

/// The lists of receivers in the options of a publication, if there are any.
fn receivers(options: &Dict) -> Result<Option<Box<Receivers>>, Refusal> {
    let texts = |name| options.get(name).map(|value| strings(value, name)).transpose();
    let ids = |name| options.get(name).map(|value| session_ids(value, name)).transpose();
    let mut receivers = Receivers::default();
    receivers.exclude = ids("exclude")?;
    receivers.exclude_authid = texts("exclude_authid")?;
    receivers.exclude_authrole = texts("exclude_authrole")?;
    receivers.eligible = ids("eligible")?;
    receivers.eligible_authid = texts("eligible_authid")?;
    receivers.eligible_authrole = texts("eligible_authrole")?;
    Ok((receivers != Receivers::default()).then(|| Box::new(receivers)))
}

fn session_ids(value: &Value, name: &str) -> Result<Vec<SessionId>, Refusal> {
    let Value::List(values) = value else { return Err(wrong(&format!("{name} has to be a list of ids"))) };
    let ids = values.iter().map(|value| value.as_u64().and_then(|id| SessionId::new(id).ok()));
    ids.collect::<Option<_>>().ok_or_else(|| wrong(&format!("{name} has to be a list of ids")))
}
