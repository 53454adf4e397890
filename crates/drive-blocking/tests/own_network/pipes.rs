//! Pipes in memory, as a network.

use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use wirebahn_drive_blocking::{Accepted, Delay, Duplex, Listen, Network, TryClone, Wake};

/// How much a pipe holds.
const CAPACITY: usize = 32 * 1024;

/// One end of a connection. It is closed when its last handle is dropped.
#[derive(Clone, Debug)]
pub(crate) struct Pipe(Arc<End>);

#[derive(Debug)]
struct End {
    incoming: Arc<Direction>,
    outgoing: Arc<Direction>,
    read_timeout: Mutex<Option<Duration>>,
    write_timeout: Mutex<Option<Duration>>,
}

#[derive(Debug, Default)]
struct Direction {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: VecDeque<u8>,
    /// Nobody writes any more.
    has_ended: bool,
    /// Nobody reads any more.
    is_broken: bool,
}

impl Pipe {
    pub(crate) fn pair() -> (Self, Self) {
        let (there, back) = (Arc::<Direction>::default(), Arc::<Direction>::default());
        (Self::new(&there, &back), Self::new(&back, &there))
    }

    fn new(incoming: &Arc<Direction>, outgoing: &Arc<Direction>) -> Self {
        Self(Arc::new(End {
            incoming: Arc::clone(incoming),
            outgoing: Arc::clone(outgoing),
            read_timeout: Mutex::default(),
            write_timeout: Mutex::default(),
        }))
    }
}

impl Direction {
    /// Waits until `ready`, for `limit` at most, and then does `act`.
    fn when<T>(
        &self,
        limit: Option<Duration>,
        ready: impl Fn(&State) -> bool,
        act: impl FnOnce(&mut State) -> io::Result<T>,
    ) -> io::Result<T> {
        let deadline = limit.map(|limit| Instant::now() + limit);
        let mut state = self.state.lock().unwrap();
        while !ready(&state) {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            state = match left {
                None => self.changed.wait(state).unwrap(),
                Some(Duration::ZERO) => return Err(ErrorKind::TimedOut.into()),
                Some(left) => self.changed.wait_timeout(state, left).unwrap().0,
            };
        }
        let result = act(&mut state);
        self.changed.notify_all();
        result
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
        self.changed.notify_all();
    }
}

impl Read for Pipe {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let limit = *self.0.read_timeout.lock().unwrap();
        self.0.incoming.when(
            limit,
            |state| !state.bytes.is_empty() || state.has_ended,
            |state| state.bytes.read(buf),
        )
    }
}

impl Write for Pipe {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let limit = *self.0.write_timeout.lock().unwrap();
        self.0.outgoing.when(
            limit,
            |state| state.bytes.len() < CAPACITY || state.is_broken,
            |state| {
                if state.is_broken || state.has_ended {
                    return Err(ErrorKind::BrokenPipe.into());
                }
                let len = buf.len().min(CAPACITY - state.bytes.len());
                state.bytes.extend(&buf[..len]);
                Ok(len)
            },
        )
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Duplex for Pipe {
    fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        *self.0.read_timeout.lock().unwrap() = timeout;
        Ok(())
    }

    fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        *self.0.write_timeout.lock().unwrap() = timeout;
        Ok(())
    }

    fn shut_down_write(&mut self) -> io::Result<()> {
        self.0.outgoing.change(|state| state.has_ended = true);
        Ok(())
    }
}

impl TryClone for Pipe {
    fn try_clone(&self) -> io::Result<Self> {
        Ok(self.clone())
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.outgoing.change(|state| state.has_ended = true);
        self.incoming.change(|state| state.is_broken = true);
    }
}

/// The network: who listens on which port.
#[derive(Debug)]
pub(crate) struct Pipes;

static PORTS: Mutex<Option<HashMap<u16, Sender<Pipe>>>> = Mutex::new(None);

#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    arriving: Mutex<Receiver<Pipe>>,
}

fn connect(port: u16) -> io::Result<Pipe> {
    let (near, far) = Pipe::pair();
    let ports = PORTS.lock().unwrap();
    let listener = ports.as_ref().and_then(|ports| ports.get(&port));
    let refused = || io::Error::from(ErrorKind::ConnectionRefused);
    listener.ok_or_else(refused)?.send(far).map_err(|_| refused())?;
    Ok(near)
}

impl Network for Pipes {
    type Stream = Pipe;

    fn resolve(_: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        Err(ErrorKind::NotFound.into())
    }

    fn connect(address: SocketAddr, _: Delay, _: Option<Duration>) -> io::Result<Self::Stream> {
        connect(address.port())
    }

    fn connect_unix(_: &Path) -> io::Result<Self::Stream> {
        Err(ErrorKind::Unsupported.into())
    }
}

impl Listen for Pipes {
    type Listener = Port;

    fn bind(_: SocketAddr) -> io::Result<Port> {
        let (sender, arriving) = channel();
        let mut ports = PORTS.lock().unwrap();
        let ports = ports.get_or_insert_default();
        let number = 1 + u16::try_from(ports.len()).unwrap();
        ports.insert(number, sender);
        Ok(Port { number, arriving: Mutex::new(arriving) })
    }

    fn bind_unix(_: &Path) -> io::Result<Port> {
        Err(ErrorKind::Unsupported.into())
    }

    fn local_addr(listener: &Port) -> io::Result<SocketAddr> {
        Ok(([127, 0, 0, 1], listener.number).into())
    }

    fn accept(listener: &Port, _: Delay) -> io::Result<Accepted<Pipe>> {
        let arrived = listener.arriving.lock().unwrap().recv();
        let stream = arrived.map_err(|_| io::Error::from(ErrorKind::NotConnected))?;
        Ok(Accepted { stream, peer: None })
    }

    fn wake(listener: &Port) -> Wake {
        let number = listener.number;
        Box::new(move || drop(connect(number)))
    }
}
