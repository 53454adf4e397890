//! Two halves and their wake-ups, counted.

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use wirebahn_drive::{ReadHalf, Socket, WriteHalf};

use crate::clock::{self, Virtual};
use crate::engine::{End, Event, HIGH_WATER, Netstrings};
use crate::pipe::{Pipe, Script, Task, pair};

type Halves = (ReadHalf<Netstrings, Pipe, Virtual>, WriteHalf<Netstrings, Pipe, Virtual>);

fn halves(script: Script) -> (Halves, Pipe) {
    let (near, far) = pair(script, Script::default());
    (Socket::new(Netstrings::new(), near).split(), far)
}

fn message(text: &'static str) -> Poll<Option<Event>> {
    Poll::Ready(Some(Event::Message(text.into())))
}

#[test]
fn bytes_wake_the_reader_and_not_a_writer_that_does_not_wait() {
    let ((mut read, mut write), far) = halves(Script::default());
    let (reader, read_waker) = Task::new();
    let (writer, write_waker) = Task::new();
    assert_eq!(write.poll_ready(&mut Context::from_waker(&write_waker)), Poll::Ready(Ok(())));
    assert_eq!(read.poll_event(&mut Context::from_waker(&read_waker)), Poll::Pending);
    far.put("5:hello,");
    assert_eq!((reader.woken(), writer.woken()), (1, 0));
    assert_eq!(read.poll_event(&mut Context::from_waker(&read_waker)), message("hello"));
    assert_eq!((reader.woken(), writer.woken()), (0, 0));
}

#[test]
fn room_wakes_a_writer_that_was_the_last_to_look() {
    let ((mut read, mut write), far) = halves(Script { capacity: 1000, ..Script::default() });
    let (reader, read_waker) = Task::new();
    let (writer, write_waker) = Task::new();
    assert_eq!(read.poll_event(&mut Context::from_waker(&read_waker)), Poll::Pending);
    write.with_engine(|engine| engine.send(vec![b'x'; HIGH_WATER + 1500]));
    assert_eq!(reader.woken(), 1, "someone has to write");
    assert_eq!(write.poll_ready(&mut Context::from_waker(&write_waker)), Poll::Pending);
    far.take();
    assert_eq!(writer.woken(), 1);
    assert_eq!(write.poll_ready(&mut Context::from_waker(&write_waker)), Poll::Ready(Ok(())));
}

#[test]
fn room_wakes_the_writer_although_the_reader_was_the_last_to_look() {
    let ((mut read, mut write), far) = halves(Script { capacity: 1000, ..Script::default() });
    let (reader, read_waker) = Task::new();
    let (writer, write_waker) = Task::new();
    write.with_engine(|engine| engine.send(vec![b'x'; HIGH_WATER + 1500]));
    assert_eq!(write.poll_ready(&mut Context::from_waker(&write_waker)), Poll::Pending);
    assert_eq!(read.poll_event(&mut Context::from_waker(&read_waker)), Poll::Pending);
    far.take();
    assert_eq!((reader.woken(), writer.woken()), (1, 1));
}

#[test]
fn bytes_wake_the_reader_although_the_writer_was_the_last_to_look() {
    let ((mut read, mut write), far) = halves(Script { capacity: 1000, ..Script::default() });
    let (reader, read_waker) = Task::new();
    let (_, write_waker) = Task::new();
    assert_eq!(read.poll_event(&mut Context::from_waker(&read_waker)), Poll::Pending);
    write.with_engine(|engine| engine.send(vec![b'x'; HIGH_WATER + 1500]));
    reader.woken();
    assert_eq!(read.poll_event(&mut Context::from_waker(&read_waker)), Poll::Pending);
    assert_eq!(write.poll_ready(&mut Context::from_waker(&write_waker)), Poll::Pending);
    reader.woken();
    far.put("5:hello,");
    assert_eq!(reader.woken(), 1);
    assert_eq!(read.poll_event(&mut Context::from_waker(&read_waker)), message("hello"));
}

#[test]
fn an_event_that_the_writer_read_wakes_the_reader() {
    let ((mut read, mut write), far) = halves(Script { capacity: 1000, ..Script::default() });
    let (reader, read_waker) = Task::new();
    let (_, write_waker) = Task::new();
    write.with_engine(|engine| engine.send(vec![b'x'; HIGH_WATER + 1500]));
    assert_eq!(read.poll_event(&mut Context::from_waker(&read_waker)), Poll::Pending);
    far.put("5:hello,");
    assert_eq!(reader.woken(), 1);
    // The reader's task has been woken but has not run; another poll of it waits again, as a `select!` would.
    assert_eq!(write.poll_ready(&mut Context::from_waker(&write_waker)), Poll::Pending);
    assert_eq!(read.poll_event(&mut Context::from_waker(&read_waker)), message("hello"));
    assert_eq!(read.poll_event(&mut Context::from_waker(&read_waker)), Poll::Pending);
    reader.woken();
    far.put("3:you,");
    assert_eq!(reader.woken(), 1);
}

#[test]
fn room_that_the_reader_made_wakes_the_writer() {
    let ((mut read, mut write), far) = halves(Script { capacity: 50_000, ..Script::default() });
    let (writer, write_waker) = Task::new();
    write.with_engine(|engine| engine.send(vec![b'x'; 3 * HIGH_WATER]));
    assert_eq!(write.poll_ready(&mut Context::from_waker(&write_waker)), Poll::Pending);
    far.take();
    assert_eq!(writer.woken(), 1);
    // Before the writer's task runs, it waits anew and the reader is faster.
    assert_eq!(write.poll_ready(&mut Context::from_waker(&write_waker)), Poll::Pending);
    writer.woken();
    far.take();
    assert_eq!(writer.woken(), 1);
    assert_eq!(read.poll_event(&mut Context::from_waker(Waker::noop())), Poll::Pending);
    assert_eq!(write.poll_ready(&mut Context::from_waker(&write_waker)), Poll::Ready(Ok(())));
}

#[test]
fn a_half_that_makes_progress_wakes_the_other_although_the_stream_wakes_no_one() {
    let (near, far) = pair(Script { capacity: 100, ..Script::default() }, Script::default());
    let ((mut read, mut write), log) = {
        let log = near.log();
        (Socket::<_, _, Virtual>::new(Netstrings::new(), near).split(), log)
    };
    let (writer, write_waker) = Task::new();
    write.with_engine(|engine| engine.send(vec![b'x'; HIGH_WATER + 1500]));
    assert_eq!(write.poll_flush(&mut Context::from_waker(&write_waker)), Poll::Pending);
    log.lock().unwrap().fail_write = Some(std::io::ErrorKind::BrokenPipe);
    // Only the reader finds out.
    let _ = read.poll_event(&mut Context::from_waker(Waker::noop()));
    assert_eq!(writer.woken(), 1);
    assert!(matches!(write.poll_flush(&mut Context::from_waker(&write_waker)), Poll::Ready(Err(_))));
    far.end();
}

#[test]
fn using_the_engine_in_one_half_wakes_the_other_to_send() {
    let ((mut read, mut write), far) = halves(Script::default());
    let (reader, read_waker) = Task::new();
    assert_eq!(read.poll_event(&mut Context::from_waker(&read_waker)), Poll::Pending);
    for _ in 0..3 {
        write.with_engine(|engine| engine.send("hello"));
    }
    assert_eq!(reader.woken(), 1);
    assert_eq!(read.poll_event(&mut Context::from_waker(&read_waker)), Poll::Pending);
    assert_eq!(far.take(), b"5:hello,5:hello,5:hello,");
}

#[test]
fn resuming_gives_the_waiting_reader_an_event_without_any_bytes() {
    let ((mut read, mut write), far) = halves(Script::default());
    let (reader, read_waker) = Task::new();
    let cx = &mut Context::from_waker(&read_waker);
    far.put("5:hello,3:you,");
    assert_eq!(read.poll_event(cx), message("hello"));
    write.with_engine(Netstrings::hold);
    assert_eq!(read.poll_event(cx), Poll::Pending);
    write.with_engine(Netstrings::resume);
    assert_eq!(reader.woken(), 1);
    assert_eq!(read.poll_event(cx), message("you"));
}

#[test]
fn taking_an_event_wakes_the_writer_that_drives_to_read_again() {
    let ((mut read, mut write), far) = halves(Script { capacity: 100, ..Script::default() });
    let (writer, write_waker) = Task::new();
    let cx = &mut Context::from_waker(&write_waker);
    write.with_engine(|engine| engine.send(vec![b'x'; HIGH_WATER + 1500]));
    far.put("5:hello,");
    assert_eq!(write.poll_ready(cx), Poll::Pending);
    let queued = write.inspect(|socket| socket.engine().queued());
    // The engine is paused, so nobody waits for these bytes.
    far.put("4:ping,");
    assert_eq!(writer.woken(), 0);
    assert_eq!(read.poll_event(&mut Context::from_waker(Waker::noop())), message("hello"));
    assert_eq!(writer.woken(), 1);
    assert_eq!(write.poll_ready(cx), Poll::Pending);
    assert_eq!(write.inspect(|socket| socket.engine().queued()), queued + "4:pong,".len());
}

#[test]
fn an_earlier_deadline_set_by_one_half_is_met_by_the_other() {
    let ((mut read, mut write), _far) = halves(Script::default());
    let (reader, read_waker) = Task::new();
    let cx = &mut Context::from_waker(&read_waker);
    assert_eq!(read.poll_event(cx), Poll::Pending);
    write.with_engine(|engine| engine.close_in(clock::now(), Duration::from_secs(1)));
    assert_eq!(reader.woken(), 1);
    assert_eq!(read.poll_event(cx), Poll::Pending);
    clock::advance(Duration::from_secs(1));
    assert_eq!(reader.woken(), 1);
    assert_eq!(read.poll_event(cx), Poll::Ready(Some(Event::Ended(End::TimedOut))));
}

#[test]
fn a_deadline_wakes_whichever_half_still_waits() {
    let ((mut read, mut write), _far) = halves(Script { capacity: 100, ..Script::default() });
    let (writer, write_waker) = Task::new();
    write.with_engine(|engine| {
        engine.send(vec![b'x'; HIGH_WATER + 1500]);
        engine.close_in(clock::now(), Duration::from_secs(1));
    });
    assert_eq!(write.poll_ready(&mut Context::from_waker(&write_waker)), Poll::Pending);
    assert_eq!(read.poll_event(&mut Context::from_waker(Waker::noop())), Poll::Pending);
    drop(read);
    writer.woken();
    clock::advance(Duration::from_secs(1));
    assert_eq!(writer.woken(), 1);
}

#[test]
fn halves_on_two_threads_never_wait_for_each_other_in_vain() {
    const MESSAGES: usize = 3000;
    let script = Script { capacity: 300, read_limit: 70, ..Script::default() };
    let (near, far) = pair(script, script);
    let (mut read, mut write) = Socket::<_, _, Virtual>::new(Netstrings::new(), near).split();
    let (mut far_read, mut far_write) = Socket::<_, _, Virtual>::new(Netstrings::new(), far).split();
    let (echo, echoed) = smol::channel::bounded(1);
    std::thread::scope(|threads| {
        threads.spawn(move || {
            smol::block_on(async {
                for number in 0..MESSAGES {
                    write.ready().await.unwrap();
                    write.with_engine(|engine| engine.send(vec![b'x'; number % 700]));
                }
                write.flush().await.unwrap();
            });
        });
        threads.spawn(move || {
            smol::block_on(async {
                while let Some(Event::Message(payload)) = far_read.next_event().await {
                    echo.send(payload).await.unwrap();
                }
            });
        });
        threads.spawn(move || {
            smol::block_on(async {
                while let Ok(payload) = echoed.recv().await {
                    far_write.ready().await.unwrap();
                    far_write.with_engine(|engine| engine.send(payload));
                    // The other end goes once it has the last message, perhaps before this has seen that all is written.
                    // A message before that would be missed there.
                    if far_write.flush().await.is_err() {
                        break;
                    }
                }
            });
        });
        smol::block_on(async {
            for number in 0..MESSAGES {
                let Some(Event::Message(payload)) = read.next_event().await else { panic!("no message") };
                assert_eq!(payload.len(), number % 700);
            }
        });
        drop(read);
    });
}

#[test]
fn halves_of_different_sockets_do_not_reunite() {
    let ((read, write), _far) = halves(Script::default());
    let ((other_read, other_write), _other_far) = halves(Script::default());
    let error = read.reunite(other_write).unwrap_err();
    assert!(other_read.reunite(error.write).is_ok());
    let mut socket = error.read.reunite(write).unwrap();
    assert_eq!(socket.poll_event(&mut Context::from_waker(Waker::noop())), Poll::Pending);
}

#[test]
fn a_reunited_socket_wakes_the_task_that_polls_it_now() {
    let ((mut read, write), far) = halves(Script::default());
    let (reader, read_waker) = Task::new();
    assert_eq!(read.poll_event(&mut Context::from_waker(&read_waker)), Poll::Pending);
    let mut socket = read.reunite(write).unwrap();
    let (task, waker) = Task::new();
    assert_eq!(socket.poll_event(&mut Context::from_waker(&waker)), Poll::Pending);
    far.put("5:hello,");
    assert_eq!((reader.woken(), task.woken()), (0, 1));
}
