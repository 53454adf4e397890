//! A socket over a scripted pipe, poll by poll.

use std::io::ErrorKind;
use std::mem::size_of;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use wirebahn_core::{Engine, Instant, Transport};
use wirebahn_drive::{BLOCK_LEN, CLOSE_WRITE_TIMEOUT, Disconnected, MIN_GROWTH, READS_PER_TURN, Socket};
use wirebahn_tokio::{TokioIo, TokioRuntime};

use crate::clock::{self, Virtual, clock_reads, timers_armed, timers_made, timers_polled};
use crate::engine::{End, Event, HIGH_WATER, Netstrings};
use crate::pipe::{Pipe, Script, Task, pair};

type TestSocket = Socket<Netstrings, Pipe, Virtual>;

fn socket(script: Script) -> (TestSocket, Pipe) {
    let (near, far) = pair(script, Script::default());
    (Socket::new(Netstrings::new(), near), far)
}

fn poll(socket: &mut TestSocket) -> Poll<Option<Event>> {
    socket.poll_event(&mut Context::from_waker(Waker::noop()))
}

fn message(text: &'static str) -> Poll<Option<Event>> {
    Poll::Ready(Some(Event::Message(text.into())))
}

fn ended(end: End) -> Poll<Option<Event>> {
    Poll::Ready(Some(Event::Ended(end)))
}

#[test]
fn any_chunking_of_the_bytes_gives_the_same_events_and_replies() {
    for read_limit in 1..=24 {
        for write_limit in [1, 2, 3, 7, usize::MAX] {
            for stutter in [false, true] {
                let script = Script { read_limit, write_limit, stutter, ..Script::default() };
                let (mut socket, far) = socket(script);
                far.put("5:hello,4:ping,0:,3:you,4:ping,");
                far.end();
                let mut events = Vec::new();
                while events.len() < 4 {
                    if let Poll::Ready(Some(event)) = poll(&mut socket) {
                        if let Event::Message(payload) = &event {
                            socket.engine_mut().send(payload.clone());
                        }
                        events.push(event);
                    }
                }
                let messages = ["hello", "", "you"].map(|text| Event::Message(text.into()));
                assert_eq!((&events[..3], &events[3]), (&messages[..], &Event::Ended(End::Eof)));
                assert_eq!(poll(&mut socket), Poll::Ready(None));
                let mut replies = far.take();
                replies.sort_unstable();
                let mut expected = *b"5:hello,4:pong,0:,3:you,4:pong,";
                expected.sort_unstable();
                assert_eq!(replies, expected);
            }
        }
    }
}

#[test]
fn the_messages_of_one_read_cost_one_read_one_write_and_one_look_at_the_clock() {
    let (mut socket, far) = socket(Script::default());
    let log = socket.io().unwrap().log();
    for round in 1..=3 {
        far.put("5:hello,".repeat(16));
        for _ in 0..16 {
            assert_eq!(poll(&mut socket), message("hello"));
            socket.engine_mut().send("hello");
        }
        assert_eq!(poll(&mut socket), Poll::Pending);
        assert_eq!(far.take(), "5:hello,".repeat(16).into_bytes());
        let log = log.lock().unwrap();
        // The second read of a round is the one that would have blocked.
        assert_eq!((log.reads, log.writes), (2 * round, round));
        assert_eq!(clock_reads(), round);
        assert!(!log.unflushed);
    }
}

#[test]
fn large_payloads_leave_in_vectored_writes() {
    let (mut socket, far) = socket(Script::default());
    let log = socket.io().unwrap().log();
    for _ in 0..100 {
        socket.engine_mut().send(vec![b'x'; 5000]);
    }
    assert_eq!(poll(&mut socket), Poll::Pending);
    assert_eq!(far.take().len(), 100 * 5006);
    // 201 pieces: payloads, and between them the end of one message with the start of the next.
    assert_eq!(log.lock().unwrap().pieces, [64, 64, 64, 9]);
}

#[test]
fn an_idle_connection_holds_no_buffer_and_no_timer() {
    let (mut socket, far) = socket(Script::default());
    assert_eq!(poll(&mut socket), Poll::Pending);
    assert!(socket.engine().holds_no_buffers());
    far.put("5:hello,");
    assert_eq!(poll(&mut socket), message("hello"));
    socket.engine_mut().send("hello");
    assert_eq!(poll(&mut socket), Poll::Pending);
    assert!(socket.engine().holds_no_buffers());
    assert_eq!(timers_made(), 0);
}

#[test]
fn a_socket_is_small_beside_its_engine() {
    let own = size_of::<Socket<Netstrings, TokioIo<tokio::net::TcpStream>, TokioRuntime>>()
        - size_of::<Netstrings>()
        - size_of::<tokio::net::TcpStream>()
        - size_of::<Option<Event>>();
    assert!(own <= 128, "{own} bytes");
}

#[test]
fn an_unfinished_rest_sleeps_in_a_buffer_of_its_size() {
    let (mut socket, far) = socket(Script::default());
    far.put("5:hello,20000:xyz");
    assert_eq!(poll(&mut socket), message("hello"));
    assert_eq!(poll(&mut socket), Poll::Pending);
    assert_eq!(socket.engine().recv_capacity(), "20000:xyz".len());
    far.put("x".repeat(19_997) + ",");
    assert!(
        matches!(poll(&mut socket), Poll::Ready(Some(Event::Message(payload))) if payload.len() == 20_000)
    );
    assert_eq!(poll(&mut socket), Poll::Pending);
    assert!(socket.engine().holds_no_buffers());
}

#[test]
fn an_announced_length_alone_costs_no_memory() {
    let (mut socket, far) = socket(Script::default());
    let log = socket.io().unwrap().log();
    far.put("999999999:x");
    assert_eq!(poll(&mut socket), Poll::Pending);
    assert_eq!(log.lock().unwrap().room_offered, MIN_GROWTH);
    assert_eq!(socket.engine().recv_capacity(), "999999999:x".len());
}

#[test]
fn a_long_message_is_delivered_in_one_piece() {
    let (mut socket, far) = socket(Script { read_limit: 50_000, ..Script::default() });
    let payload: Bytes = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
    far.put(format!("{}:", payload.len()));
    far.put(&payload);
    far.put(",2:ok,");
    let mut events = Vec::new();
    while events.len() < 2 {
        if let Poll::Ready(Some(event)) = poll(&mut socket) {
            events.push(event);
        }
    }
    assert!(events == [Event::Message(payload), Event::Message("ok".into())]);
}

#[test]
fn a_peer_that_never_stops_sending_lets_other_tasks_run() {
    let (mut socket, far) = socket(Script { read_limit: 7, ..Script::default() });
    let log = socket.io().unwrap().log();
    far.put("4:ping,".repeat(1000));
    let (task, waker) = Task::new();
    assert_eq!(socket.poll_event(&mut Context::from_waker(&waker)), Poll::Pending);
    assert_eq!(task.woken(), 1);
    assert_eq!(log.lock().unwrap().reads, usize::from(READS_PER_TURN));
}

#[test]
fn a_peer_that_never_stops_sending_does_not_stop_the_clock() {
    let (mut socket, far) = socket(Script { read_limit: 8, ..Script::default() });
    far.put("5:hello,".repeat(1000));
    assert_eq!(poll(&mut socket), message("hello"));
    socket.engine_mut().close_in(clock::now(), Duration::from_secs(1));
    clock::advance(Duration::from_secs(2));
    let mut messages = 0;
    while poll(&mut socket) == message("hello") {
        messages += 1;
    }
    assert!(messages <= usize::from(READS_PER_TURN), "{messages} messages");
}

#[test]
fn a_peer_that_never_stops_sending_after_our_end_is_left_at_the_deadline() {
    let (mut socket, far) = socket(Script { read_limit: 8, ..Script::default() });
    far.put("5:hello,".repeat(1000));
    socket.engine_mut().quit();
    socket.engine_mut().close_in(clock::now(), Duration::from_secs(1));
    assert_eq!(poll(&mut socket), Poll::Pending);
    clock::advance(Duration::from_secs(2));
    assert_eq!(poll(&mut socket), ended(End::TimedOut));
}

#[test]
fn bytes_that_have_arrived_count_before_deadlines_that_have_passed() {
    let (near, far) = pair(Script::default(), Script::default());
    let engine = Netstrings::with_idle_timeout(Duration::from_secs(5), clock::now());
    let mut socket = TestSocket::new(engine, near);
    assert_eq!(poll(&mut socket), Poll::Pending);
    clock::advance(Duration::from_secs(6));
    far.put("5:hello,");
    assert_eq!(poll(&mut socket), message("hello"));
    assert_eq!(poll(&mut socket), Poll::Pending);
}

#[test]
fn a_deadline_wakes_the_task_and_reaches_the_engine() {
    let (near, _far) = pair(Script::default(), Script::default());
    let engine = Netstrings::with_idle_timeout(Duration::from_secs(5), clock::now());
    let mut socket = TestSocket::new(engine, near);
    let (task, waker) = Task::new();
    assert_eq!(socket.poll_event(&mut Context::from_waker(&waker)), Poll::Pending);
    clock::advance(Duration::from_millis(4999));
    assert_eq!(task.woken(), 0);
    clock::advance(Duration::from_millis(1));
    assert_eq!(task.woken(), 1);
    assert_eq!(poll(&mut socket), ended(End::TimedOut));
    assert_eq!(poll(&mut socket), Poll::Ready(None));
}

#[test]
fn a_deadline_that_moves_with_every_message_does_not_rearm_the_timer() {
    let (near, far) = pair(Script::default(), Script::default());
    let engine = Netstrings::with_idle_timeout(Duration::from_secs(5), clock::now());
    let mut socket = TestSocket::new(engine, near);
    for _ in 0..40 {
        assert_eq!(poll(&mut socket), Poll::Pending);
        clock::advance(Duration::from_millis(100));
        far.put("5:hello,");
        assert_eq!(poll(&mut socket), message("hello"));
    }
    assert_eq!((timers_made(), timers_armed()), (1, 1));
    clock::advance(Duration::from_millis(4999));
    assert_eq!(poll(&mut socket), Poll::Pending);
    assert_eq!((timers_made(), timers_armed()), (1, 2));
    clock::advance(Duration::from_millis(1));
    assert_eq!(poll(&mut socket), ended(End::TimedOut));
}

#[test]
fn a_punctual_timer_is_left_alone_by_wake_ups_that_bring_bytes_and_fires_all_the_same() {
    let (near, far) = pair(Script::default(), Script::default());
    let engine = Netstrings::with_idle_timeout(Duration::from_secs(5), clock::now());
    let mut socket = TestSocket::new(engine, near);
    let (task, waker) = Task::new();
    let cx = &mut Context::from_waker(&waker);
    for _ in 0..4 {
        assert_eq!(socket.poll_event(cx), Poll::Pending);
        clock::advance(Duration::from_secs(1));
        far.put("4:ping,");
    }
    assert_eq!(socket.poll_event(cx), Poll::Pending);
    assert_eq!((timers_armed(), timers_polled()), (1, 1));
    // The first deadline, which has moved by 4 s since.
    task.woken();
    clock::advance(Duration::from_secs(1));
    assert_eq!(task.woken(), 1);
    assert_eq!(socket.poll_event(cx), Poll::Pending);
    assert_eq!(timers_armed(), 2);
    clock::advance(Duration::from_secs(4));
    assert_eq!(task.woken(), 1);
    assert_eq!(socket.poll_event(cx), ended(End::TimedOut));
}

#[test]
fn a_punctual_timer_learns_of_another_task_also_when_that_has_bytes_to_read() {
    let (near, far) = pair(Script::default(), Script::default());
    let engine = Netstrings::with_idle_timeout(Duration::from_secs(5), clock::now());
    let mut socket = TestSocket::new(engine, near);
    assert_eq!(poll(&mut socket), Poll::Pending);
    far.put("4:ping,");
    let (task, waker) = Task::new();
    assert_eq!(socket.poll_event(&mut Context::from_waker(&waker)), Poll::Pending);
    task.woken();
    clock::advance(Duration::from_secs(5));
    assert_eq!(task.woken(), 1);
    assert_eq!(poll(&mut socket), ended(End::TimedOut));
}

#[test]
fn a_deadline_that_passes_while_an_event_is_handled_is_found_by_the_next_poll() {
    let (near, far) = pair(Script::default(), Script::default());
    let engine = Netstrings::with_idle_timeout(Duration::from_secs(5), clock::now());
    let mut socket = TestSocket::new(engine, near);
    assert_eq!(poll(&mut socket), Poll::Pending);
    far.put("5:hello,");
    assert_eq!(poll(&mut socket), message("hello"));
    clock::advance(Duration::from_secs(5));
    assert_eq!(poll(&mut socket), ended(End::TimedOut));
}

#[test]
fn a_deadline_that_moves_closer_rearms_the_timer() {
    let (near, _far) = pair(Script::default(), Script::default());
    let engine = Netstrings::with_idle_timeout(Duration::from_secs(50), clock::now());
    let mut socket = TestSocket::new(engine, near);
    assert_eq!(poll(&mut socket), Poll::Pending);
    socket.engine_mut().close_in(clock::now(), Duration::from_secs(1));
    let (task, waker) = Task::new();
    assert_eq!(socket.poll_event(&mut Context::from_waker(&waker)), Poll::Pending);
    clock::advance(Duration::from_secs(1));
    assert_eq!(task.woken(), 1);
    assert_eq!(poll(&mut socket), ended(End::TimedOut));
}

#[test]
fn a_deadline_in_the_past_is_reported_without_a_timer() {
    let (mut socket, _far) = socket(Script::default());
    socket.engine_mut().close_in(Instant::ZERO, Duration::ZERO);
    assert_eq!(poll(&mut socket), ended(End::TimedOut));
    assert_eq!(timers_made(), 0);
}

#[test]
fn a_paused_engine_is_not_read_for() {
    let (mut socket, far) = socket(Script { read_limit: 8, ..Script::default() });
    let log = socket.io().unwrap().log();
    far.put("5:hello,5:hello,");
    socket.engine_mut().hold();
    assert_eq!(poll(&mut socket), Poll::Pending);
    assert_eq!(log.lock().unwrap().reads, 0);
    socket.engine_mut().resume();
    assert_eq!(poll(&mut socket), message("hello"));
    socket.engine_mut().hold();
    assert_eq!(poll(&mut socket), Poll::Pending);
    assert_eq!(log.lock().unwrap().reads, 1);
}

#[test]
fn a_sender_that_waits_for_room_still_reads_and_answers_until_an_event_is_waiting() {
    let (mut socket, far) = socket(Script { capacity: 100, ..Script::default() });
    socket.engine_mut().send(vec![b'x'; 2 * HIGH_WATER]);
    let (task, waker) = Task::new();
    let cx = &mut Context::from_waker(&waker);
    assert_eq!(socket.poll_ready(cx), Poll::Pending);
    let queued = socket.engine().queued();
    far.put("4:ping,");
    assert_eq!(task.woken(), 1);
    assert_eq!(socket.poll_ready(cx), Poll::Pending);
    assert_eq!(socket.engine().queued(), queued + "4:pong,".len());
    far.put("5:hello,4:ping,");
    assert_eq!(socket.poll_ready(cx), Poll::Pending);
    assert_eq!(socket.engine().transport(), Transport::Paused);
    assert_eq!(socket.engine().queued(), queued + "4:pong,".len());
    assert_eq!(poll(&mut socket), message("hello"));
    task.woken();
    assert_eq!(socket.poll_ready(cx), Poll::Pending);
    assert_eq!(socket.engine().queued(), queued + 2 * "4:pong,".len());
    while socket.poll_ready(cx).is_pending() {
        assert!(!far.take().is_empty());
        assert_eq!(task.woken(), 1);
    }
    assert!(socket.engine().queued() < HIGH_WATER);
}

#[test]
fn a_sender_that_waits_for_room_still_runs_timers() {
    let (near, _far) = pair(Script { capacity: 100, ..Script::default() }, Script::default());
    let engine = Netstrings::with_idle_timeout(Duration::from_secs(5), clock::now());
    let mut socket = TestSocket::new(engine, near);
    socket.engine_mut().send(vec![b'x'; 2 * HIGH_WATER]);
    let (task, waker) = Task::new();
    assert_eq!(socket.poll_ready(&mut Context::from_waker(&waker)), Poll::Pending);
    clock::advance(Duration::from_secs(5));
    assert_eq!(task.woken(), 1);
    assert_eq!(
        socket.poll_ready(&mut Context::from_waker(&waker)),
        Poll::Pending,
        "the last bytes may still leave"
    );
    clock::advance(CLOSE_WRITE_TIMEOUT);
    assert_eq!(task.woken(), 1);
    assert_eq!(socket.poll_ready(&mut Context::from_waker(&waker)), Poll::Ready(Err(Disconnected)));
    assert_eq!(poll(&mut socket), ended(End::TimedOut));
}

#[test]
fn flushing_waits_for_the_stream_to_flush() {
    let (mut socket, far) = socket(Script::default());
    let log = socket.io().unwrap().log();
    socket.engine_mut().send("hello");
    log.lock().unwrap().block_flush = true;
    let cx = &mut Context::from_waker(Waker::noop());
    assert_eq!(socket.poll_flush(cx), Poll::Pending);
    assert_eq!(far.take(), b"5:hello,");
    log.lock().unwrap().block_flush = false;
    assert_eq!(socket.poll_flush(cx), Poll::Ready(Ok(())));
    assert!(!log.lock().unwrap().unflushed);
}

#[test]
fn the_last_words_are_written_before_the_last_event_is_handed_out() {
    let (mut socket, far) = socket(Script { capacity: 4, ..Script::default() });
    let log = socket.io().unwrap().log();
    far.put("5:hello,5:abort,4:ping,");
    assert_eq!(poll(&mut socket), message("hello"));
    assert_eq!(poll(&mut socket), Poll::Pending);
    assert_eq!(far.take(), b"3:by");
    assert!(!log.lock().unwrap().dropped);
    assert_eq!(poll(&mut socket), ended(End::Aborted));
    assert_eq!(far.take(), b"e,");
    assert!(socket.io().is_none() && log.lock().unwrap().dropped);
    assert_eq!(log.lock().unwrap().shutdowns, 1);
    assert_eq!(poll(&mut socket), Poll::Ready(None));
    assert_eq!(poll(&mut socket), Poll::Ready(None));
}

#[test]
fn a_peer_that_never_reads_does_not_hold_a_closing_connection() {
    let (mut socket, far) = socket(Script { capacity: 2, ..Script::default() });
    let log = socket.io().unwrap().log();
    far.put("5:abort,");
    let (task, waker) = Task::new();
    let cx = &mut Context::from_waker(&waker);
    assert_eq!(socket.poll_event(cx), Poll::Pending);
    clock::advance(CLOSE_WRITE_TIMEOUT - Duration::from_millis(1));
    assert_eq!((task.woken(), socket.poll_event(cx)), (0, Poll::Pending));
    clock::advance(Duration::from_millis(1));
    assert!(task.woken() > 0);
    assert_eq!(socket.poll_event(cx), ended(End::Aborted));
    assert!(log.lock().unwrap().dropped);
    assert_eq!(log.lock().unwrap().shutdowns, 0);
    assert_eq!(socket.poll_flush(cx), Poll::Ready(Err(Disconnected)));
    assert_eq!(poll(&mut socket), Poll::Ready(None));
}

#[test]
fn an_orderly_end_writes_all_shuts_down_once_and_discards_until_the_peer_ends() {
    let (mut socket, far) = socket(Script { write_limit: 3, ..Script::default() });
    let log = socket.io().unwrap().log();
    socket.engine_mut().send("hello");
    socket.engine_mut().quit();
    assert_eq!(poll(&mut socket), Poll::Pending);
    assert_eq!(far.take(), b"5:hello,4:quit,");
    assert!(far.peer_has_ended());
    for _ in 0..3 {
        far.put("x".repeat(BLOCK_LEN));
        assert_eq!(poll(&mut socket), Poll::Pending);
        assert!(socket.engine().holds_no_buffers());
    }
    assert!(!log.lock().unwrap().dropped);
    far.end();
    assert_eq!(poll(&mut socket), ended(End::Quit));
    assert_eq!(poll(&mut socket), Poll::Ready(None));
    assert_eq!(log.lock().unwrap().shutdowns, 1);
}

#[test]
fn a_read_error_is_the_end_of_the_transport() {
    let (mut socket, _far) = socket(Script::default());
    socket.io().unwrap().log().lock().unwrap().fail_read = Some(ErrorKind::ConnectionReset);
    socket.engine_mut().send(vec![b'x'; 10]);
    assert_eq!(poll(&mut socket), ended(End::Eof));
    assert_eq!(socket.io_error().unwrap().kind(), ErrorKind::ConnectionReset);
    assert_eq!(poll(&mut socket), Poll::Ready(None));
}

#[test]
fn a_write_error_is_the_end_of_the_transport_but_what_has_arrived_still_counts() {
    let (mut socket, far) = socket(Script::default());
    far.put("5:hello,4:ping,3:you,");
    socket.io().unwrap().log().lock().unwrap().fail_write = Some(ErrorKind::BrokenPipe);
    socket.engine_mut().send("x");
    assert_eq!(socket.poll_flush(&mut Context::from_waker(Waker::noop())), Poll::Ready(Err(Disconnected)));
    assert_eq!(poll(&mut socket), message("hello"));
    assert_eq!(poll(&mut socket), message("you"));
    assert_eq!(poll(&mut socket), ended(End::Eof));
    assert_eq!(poll(&mut socket), Poll::Ready(None));
    assert_eq!(socket.io_error().unwrap().kind(), ErrorKind::BrokenPipe);
    assert_eq!(socket.engine().queued(), 0);
}

#[test]
fn what_came_right_behind_a_handshake_reaches_the_next_engine() {
    let (mut socket, far) = socket(Script::default());
    far.put("5:hello,3:you,");
    far.end();
    assert_eq!(poll(&mut socket), message("hello"));
    let mut socket = socket.map_engine(|mut old| {
        let mut new = Netstrings::new();
        std::mem::swap(new.recv_buf(), old.recv_buf());
        new
    });
    assert_eq!(poll(&mut socket), message("you"));
    assert_eq!(poll(&mut socket), ended(End::Eof));
}

#[test]
fn the_next_engine_learns_of_an_end_that_the_last_one_was_told_of() {
    let (mut socket, far) = socket(Script::default());
    far.end();
    assert_eq!(poll(&mut socket), ended(End::Eof));
    let mut socket = socket.map_engine(|_| Netstrings::new());
    assert_eq!(poll(&mut socket), ended(End::Eof));
    assert_eq!(poll(&mut socket), Poll::Ready(None));
}

#[test]
fn a_payload_that_is_kept_does_not_change_when_more_is_read() {
    let (mut socket, far) = socket(Script::default());
    let mut kept = Vec::new();
    for round in 0..20_u8 {
        let text = vec![b'a' + round; 1000];
        far.put("1000:");
        far.put(&text);
        far.put(",");
        let Poll::Ready(Some(Event::Message(payload))) = poll(&mut socket) else { panic!("no message") };
        kept.push(payload);
        assert_eq!(poll(&mut socket), Poll::Pending);
    }
    for (round, payload) in (0..).zip(kept) {
        assert!(payload.iter().all(|&byte| byte == b'a' + round));
    }
}

#[test]
fn the_stream_of_events_ends_after_the_last_one() {
    fn is_stream<T: futures_core::Stream<Item = Event>>(_: &T) {}
    fn is_send<T: Send>(_: &T) {}
    let (socket, _far) = socket(Script::default());
    is_stream(&socket);
    is_send(&socket);
    let shared: Arc<Socket<Netstrings, Pipe, Virtual>> = Arc::new(socket);
    is_send(&shared);
}
