"""The messages every client sends: the borders of the frame format's length classes, as text and as binary."""

SIZES = [0, 1, 125, 126, 127, 65535, 65536, 300_000]
MESSAGES = ["Grüße, 世界 \U0001F600"]
MESSAGES += ["é" * (n // 2) + "x" * (n % 2) for n in SIZES]
MESSAGES += [bytes(i * 7 % 256 for i in range(n)) for n in SIZES]
