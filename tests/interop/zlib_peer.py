#!/usr/bin/env python3
"""zlib, as Python has it, against our compressors and our decompressor.   zlib_peer.py PEER BACKEND [SEED]

PEER is the program of deflate.rs. For every window, with context and without, random messages go both ways, whole and in
pieces of one byte and of other sizes. The seed is printed with what fails.
"""
import random
import struct
import subprocess
import sys
import zlib

from checks import Checks

TAIL = b"\x00\x00\xff\xff"
MESSAGES = 60
LARGEST = 100_000


class Peer:
    """The program, waiting for requests."""

    def __init__(self, *arguments):
        self._process = subprocess.Popen([program, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait(10)

    def __call__(self, what, size, data):
        self._process.stdin.write(what + struct.pack(">II", size, len(data)) + data)
        self._process.stdin.flush()
        head = self._process.stdout.read(4)
        assert len(head) == 4, "it ended"
        return self._process.stdout.read(struct.unpack(">I", head)[0])


def message(rng, history):
    """Bytes that repeat themselves and those before, at distances near and far."""
    kind = rng.randrange(6)
    size = min(int(rng.expovariate(1 / 2000)), LARGEST) if rng.random() < 0.95 else rng.randrange(LARGEST)
    if kind == 0 and history:
        return rng.choice(history)[: size or 1]
    if kind == 1:
        return rng.randbytes(size)
    if kind == 2:
        return bytes([rng.randrange(256)]) * size
    if kind == 3:
        return b""
    words = [rng.randbytes(rng.randrange(1, 12)) for _ in range(rng.choice((3, 30, 300)))]
    return b"".join(rng.choice(words) for _ in range(size // 6))[:size]


def inflated(decompressor, data, size):
    """What zlib makes of a message, which must be all that it can see at its end."""
    data += TAIL
    out = b"".join(decompressor.decompress(data[at:at + size]) for at in range(0, len(data), size))
    assert not decompressor.unused_data and not decompressor.unconsumed_tail
    return out


def deflated(compressor, data, rng):
    cut = rng.randrange(len(data) + 1)
    out = compressor.compress(data[:cut])
    if rng.random() < 0.2:
        out += compressor.flush(zlib.Z_FULL_FLUSH)
    out += compressor.compress(data[cut:]) + compressor.flush(zlib.Z_SYNC_FLUSH)
    # zlib flushes nothing twice.
    return out.removesuffix(TAIL) if out.endswith(TAIL) else out + b"\x00"


def whole_or_pieces(rng, data):
    return rng.choice((1 if len(data) < 5000 else 97, 2, rng.randrange(1, 2000), 1 << 30))


program, backend = sys.argv[1:3]
seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32)
checks = Checks(f"zlib {zlib.ZLIB_RUNTIME_VERSION} and {backend} (seed {seed})")

for bits in range(9, 16):
    for context in ("keep", "reset"):
        rng = random.Random(f"{seed} {bits} {context}")
        with checks(f"messages go both ways with a window of {bits} bits, context: {context}"):
            level, memory = rng.randrange(1, 10), rng.randrange(1, 10)
            with Peer(backend, level, memory, bits, context) as peer:
                history, decompressor, compressor = [], None, None
                for number in range(MESSAGES):
                    data = message(rng, history)
                    history.append(data)
                    what = f"message {number}, {len(data)} bytes, level {level}, memory {memory}"
                    if context == "reset" or number == 0:
                        decompressor = zlib.decompressobj(-bits)
                        compressor = zlib.compressobj(rng.randrange(10), zlib.DEFLATED, -bits, rng.randrange(1, 10))
                    compressed = peer(b"c", rng.choice((1 << 30, 1000)), data)
                    size = whole_or_pieces(rng, compressed)
                    assert inflated(decompressor, compressed, size) == data, f"ours to zlib: {what}"
                    compressed = deflated(compressor, data, rng)
                    size = whole_or_pieces(rng, compressed)
                    assert peer(b"i", size, compressed) == data, f"zlib to ours: {what}"

checks.end()
