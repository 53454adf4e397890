//! What the helper says of memory; `crates/tokio/tests` measures it.

use wirebahn_core::websocket::extension::deflate::{
    Backend, ContextTakeover, DeflateMemory, MemoryLevel, WindowBits,
};

use super::support::{backends, options};

#[test]
fn memory_follows_the_parameters() {
    for backend in backends() {
        let mut options = options(backend);
        options.send.window = WindowBits::new(12).unwrap();
        options.receive.window = options.send.window;
        options.memory_level = MemoryLevel::new(5).unwrap();
        let total = DeflateMemory::at_most(&options).total();
        assert!(total <= if backend == Backend::MinizOxide { 340_000 } else { 215_000 }, "{total}");
        options.send.context = ContextTakeover::Reset;
        assert_eq!(DeflateMemory::at_most(&options).send, 0);
        assert!(DeflateMemory::at_most(&options).receive < 16_000);
    }
}
