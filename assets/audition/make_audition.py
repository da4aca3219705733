#!/usr/bin/env python3
"""Renders the audition sounds from FluidR3 GM (MIT) with fluidsynth. Usage, format and reasons: README.md."""
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

FONT = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/sounds/sf2/FluidR3_GM.sf2"
HERE = Path(__file__).parent
RATE = 44100
BLOCK = 32
SPACING = 5  # seconds between the starts of two sounds in the render

# name, pitch on the General MIDI drum channel (standard kit), longest length in seconds
DRUMS = [
    ("kick", 36, 0.34), ("snare", 38, 0.42), ("rim", 37, 0.14), ("clap", 39, 0.34), ("hat_closed", 42, 0.16),
    ("hat_pedal", 44, 0.16), ("hat_open", 46, 0.60), ("tom_floor", 41, 0.50), ("tom_low", 45, 0.50),
    ("tom_mid", 47, 0.45), ("tom_high", 50, 0.42), ("crash", 49, 1.40), ("ride", 51, 0.90),
    ("ride_bell", 53, 0.60), ("tambourine", 54, 0.25), ("cowbell", 56, 0.25), ("bongo", 60, 0.22),
    ("conga", 63, 0.32), ("shaker", 70, 0.12),
]
# Program 4, Electric Piano 1, at half the rate: it has next to nothing above 10 kHz.
KEYS = [(f"keys_{p}", p, s) for p, s in ((36, 1.8), (48, 2.2), (60, 2.0), (72, 1.7), (84, 1.2))]
KEYS_PROGRAM = 4


def variable(n):
    out = [n & 0x7F]
    while n := n >> 7:
        out.append(0x80 | n & 0x7F)
    return bytes(reversed(out))


def midi(channel, program, pitches, seconds, velocity):
    """A format-0 file at 60 BPM and 1000 ticks per quarter, so that a tick is a millisecond."""
    track = b"\x00\xff\x51\x03\x0f\x42\x40" + bytes([0, 0xC0 | channel, program])
    for pitch, length in zip(pitches, seconds):
        held = int(length * 1000)
        track += b"\x00" + bytes([0x90 | channel, pitch, velocity])
        track += variable(held) + bytes([0x80 | channel, pitch, 0])
        track += variable(SPACING * 1000 - held) + bytes([0xB0 | channel, 7, 100])
    track += b"\x00\xff\x2f\x00"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, 1000) + b"MTrk" + struct.pack(">I", len(track)) + track


def render(channel, program, sounds, velocity):
    with tempfile.TemporaryDirectory() as folder:
        song, raw = Path(folder) / "in.mid", Path(folder) / "out.raw"
        song.write_bytes(midi(channel, program, [s[1] for s in sounds], [s[2] for s in sounds], velocity))
        subprocess.run(
            ["fluidsynth", "-q", "-ni", "-R", "0", "-C", "0", "-g", "0.5", "-r", str(RATE), "-T", "raw", "-O", "float",
             "-F", str(raw), FONT, str(song)], check=True)
        stereo = np.frombuffer(raw.read_bytes(), "<f4").reshape(-1, 2).astype(np.float64)
    mono = stereo.mean(axis=1)
    return [mono[i * SPACING * RATE:(i + 1) * SPACING * RATE] for i in range(len(sounds))]


def halve(x):
    """Half the rate, behind a linear-phase low pass (Kaiser window, 95 dB)."""
    n = np.arange(-127, 128)
    h = np.sinc(n * 0.46) * 0.46 * np.kaiser(255, 9.5)
    return np.convolve(x, h / h.sum(), "same")[::2]


def trim(x, seconds, rate, threshold):
    """From the attack on: the first sample is already above the threshold; the end fades to silence."""
    peak = np.abs(x).max()
    start = int(np.argmax(np.abs(x) >= threshold * peak))
    x = x[start:start + int(seconds * rate)] / peak
    # Nothing is kept below -60 dB of the peak, in 10 ms windows, after the last louder one.
    window = rate // 100
    loud = [i for i in range(0, len(x), window) if np.abs(x[i:i + window]).max() > 0.001]
    x = x[:loud[-1] + window].copy()
    fade = min(len(x) // 3, int(0.25 * rate))
    x[-fade:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(1, fade + 1) / fade)
    return x


def encode(x):
    """8-bit block floating point: each block of 32 is one exponent byte e (scale 2^(-e/8)) and 32 signed bytes."""
    x = np.concatenate([x, np.zeros(-len(x) % BLOCK)])
    out = bytearray()
    for block in x.reshape(-1, BLOCK):
        peak = np.abs(block).max()
        e = 255 if peak < 1e-8 else int(np.clip(np.floor(-8 * np.log2(peak)), 0, 255))
        scale = 2.0 ** (-e / 8)
        out.append(e)
        out += np.clip(np.round(block / scale * 127), -127, 127).astype(np.int8).tobytes()
    return bytes(out)


def decode(data):
    a = np.frombuffer(data, np.uint8).reshape(-1, BLOCK + 1)
    scale = 2.0 ** (-a[:, :1].astype(np.float64) / 8)
    return (a[:, 1:].view(np.int8) / 127.0 * scale).reshape(-1)


total = 0
print("name            Hz  seconds  bytes   peak  natural peak  SNR dB  time of the peak ms")
jobs = [(s, x, RATE) for s, x in zip(DRUMS, render(9, 0, DRUMS, 112))]
jobs += [(s, halve(x), RATE // 2) for s, x in zip(KEYS, render(0, KEYS_PROGRAM, KEYS, 96))]
for (name, pitch, seconds), x, rate in jobs:
    natural = np.abs(x).max()
    y = trim(x, seconds, rate, 0.05)
    data = encode(y)
    back = decode(data)[:len(y)]
    snr = 10 * np.log10((y**2).sum() / ((y - back)**2).sum())
    (HERE / f"{name}.bfp").write_bytes(data)
    total += len(data)
    print(f"{name:12} {rate:6} {len(y) / rate:7.2f} {len(data):7} {np.abs(back).max():6.3f} {natural:9.3f} {snr:9.1f}"
          f" {np.abs(y).argmax() / rate * 1000:10.1f}  first {back[0]:+.3f}")
print(total, "bytes")
