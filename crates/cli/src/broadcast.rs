//! Sending each message to everyone.
//!
//! Each member has a queue. Messages are encoded once and shared by all queues, each of which holds the latest messages
//! up to [`MAX_QUEUED`], so that all together hold little more than one. A member that lets its queue overflow is
//! closed; nobody ever waits for it.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use wirebahn_tokio::{CloseCode, Message, PreparedMessage, WebSocket};

/// Bytes that may wait for one member, unless it is a single message: a good second on a link of 100 Mbit/s.
const MAX_QUEUED: usize = 16 << 20;

/// What a queued message counts for besides its payload, so that empty ones are bounded, too.
const MESSAGE_COST: usize = 128;

/// After so many bytes a sender lets the others run, so that their queues are emptied meanwhile.
const BYTES_PER_TURN: usize = 64 << 10;

/// Everyone connected.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    members: Mutex<Members>,
}

#[derive(Debug, Default)]
struct Members {
    next_id: u64,
    queues: HashMap<u64, Arc<Queue>>,
}

impl Hub {
    /// Sends what the connection sends to everyone, and what everyone sends to the connection.
    pub(crate) async fn serve(&self, mut socket: WebSocket) {
        let member = self.join();
        let mut turn = 0;
        loop {
            match poll_fn(|cx| poll_next(&mut socket, &member.queue, cx)).await {
                Next::Received(message) => {
                    turn += cost(&message);
                    self.send(message);
                    if turn >= BYTES_PER_TURN {
                        turn = 0;
                        tokio::task::yield_now().await;
                    }
                }
                Next::Queued(message) => {
                    // If it is closing already, its events will say so.
                    let _ = socket.engine_mut().send_prepared(&message);
                }
                Next::TooSlow => {
                    drop(member);
                    let _ = socket.close(CloseCode::POLICY_VIOLATION, "too slow").await;
                    return;
                }
                Next::Ended => return,
            }
        }
    }

    fn send(&self, message: Message) {
        let message = PreparedMessage::new(message);
        for queue in lock(&self.members).queues.values() {
            queue.push(&message);
        }
    }

    fn join(&self) -> Member<'_> {
        let queue = Arc::new(Queue::default());
        let mut members = lock(&self.members);
        let id = members.next_id;
        members.next_id += 1;
        members.queues.insert(id, Arc::clone(&queue));
        Member { hub: self, id, queue }
    }
}

/// A place among the members, for as long as it lives.
struct Member<'a> {
    hub: &'a Hub,
    id: u64,
    queue: Arc<Queue>,
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        lock(&self.hub.members).queues.remove(&self.id);
    }
}

enum Next {
    /// The connection has sent a message.
    Received(Message),
    /// There is a message for the connection, and room to send it.
    Queued(PreparedMessage),
    /// The connection does not keep up.
    TooSlow,
    /// The connection has ended.
    Ended,
}

/// What is queued goes first: a connection that does not read cannot send either, and so holds up only itself.
fn poll_next(socket: &mut WebSocket, queue: &Queue, cx: &mut Context<'_>) -> Poll<Next> {
    match queue.poll_ready(cx) {
        Poll::Ready(Err(TooSlow)) => return Poll::Ready(Next::TooSlow),
        Poll::Ready(Ok(())) => match socket.poll_ready(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Ok(())) => {
                if let Some(message) = queue.pop() {
                    return Poll::Ready(Next::Queued(message));
                }
            }
            // The events that are left say why.
            Poll::Ready(Err(_)) => {}
        },
        Poll::Pending => {}
    }
    socket.poll_recv(cx).map(|message| message.map_or(Next::Ended, Next::Received))
}

/// What waits for one member.
#[derive(Debug, Default)]
struct Queue(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    messages: VecDeque<PreparedMessage>,
    cost: usize,
    overflown: bool,
    waker: Option<Waker>,
}

#[derive(Debug, PartialEq, Eq)]
struct TooSlow;

impl Queue {
    fn push(&self, message: &PreparedMessage) {
        let mut waiting = lock(&self.0);
        let cost = cost(message.message());
        if waiting.overflown {
            return;
        }
        if waiting.messages.is_empty() || waiting.cost + cost <= MAX_QUEUED {
            waiting.cost += cost;
            waiting.messages.push_back(message.clone());
        } else {
            waiting.messages = VecDeque::new();
            waiting.overflown = true;
        }
        let waker = waiting.waker.take();
        drop(waiting);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Ready if there is a message, or an error if there were too many.
    fn poll_ready(&self, cx: &Context<'_>) -> Poll<Result<(), TooSlow>> {
        let mut waiting = lock(&self.0);
        if waiting.overflown {
            return Poll::Ready(Err(TooSlow));
        }
        // Also with messages there: if they cannot be sent now, the overflow has to wake.
        waiting.waker = Some(cx.waker().clone());
        if waiting.messages.is_empty() { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    fn pop(&self) -> Option<PreparedMessage> {
        let mut waiting = lock(&self.0);
        let message = waiting.messages.pop_front()?;
        waiting.cost -= cost(message.message());
        Some(message)
    }
}

fn cost(message: &Message) -> usize {
    message.len() + MESSAGE_COST
}

/// What is locked here is whole between any two statements, so a panic elsewhere has not broken it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(queue: &Queue) -> Poll<Result<(), TooSlow>> {
        queue.poll_ready(&Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_queue_gives_messages_in_their_order() {
        let queue = Queue::default();
        assert_eq!(poll(&queue), Poll::Pending);
        for text in ["one", "two"] {
            queue.push(&PreparedMessage::new(text.into()));
        }
        assert_eq!(poll(&queue), Poll::Ready(Ok(())));
        for text in ["one", "two"] {
            assert_eq!(queue.pop().unwrap().message().as_text(), Some(text));
        }
        assert_eq!(poll(&queue), Poll::Pending);
    }

    #[test]
    fn a_queue_that_overflows_lets_go_of_everything() {
        let queue = Queue::default();
        let message = PreparedMessage::new(Message::binary(vec![0; MAX_QUEUED / 2]));
        queue.push(&message);
        assert_eq!(poll(&queue), Poll::Ready(Ok(())));
        queue.push(&message);
        assert_eq!(poll(&queue), Poll::Ready(Err(TooSlow)));
        queue.push(&message);
        assert!(queue.pop().is_none());
    }

    #[test]
    fn a_single_message_of_any_size_fits_into_an_empty_queue() {
        let queue = Queue::default();
        queue.push(&PreparedMessage::new(Message::binary(vec![0; MAX_QUEUED + 1])));
        assert!(queue.pop().is_some());
        assert_eq!(lock(&queue.0).cost, 0);
    }

    #[test]
    fn empty_messages_are_bounded_too() {
        let queue = Queue::default();
        let message = PreparedMessage::new("".into());
        for _ in 0..=MAX_QUEUED / MESSAGE_COST {
            queue.push(&message);
        }
        assert_eq!(poll(&queue), Poll::Ready(Err(TooSlow)));
    }
}
