"""Makes training examples: words among other sound, as a microphone in a room would hear them.

A scene is two seconds of features with up to three words in it. What a window of it is called depends on which word
lies in its middle (pool.py).
"""

import dataclasses

import numpy as np
import scipy.signal

import features
from speech import OTHER, RATE, SILENCE

OPTIONS = features.Options(rate=RATE, window_ms=32, hop_ms=20, fft=512, bins=32, low_hz=100, high_hz=3600,
                           offset=1e-4, mean=-4, std=4)
RANGE_DB = 42  # below the loudest feature of a window
WINDOW_ROWS = 49   # of the model: 0.992 s
SCENE_ROWS = 99    # 1.992 s
WORDS = 3          # at most in a scene


def relative(windows):
    """Windows [N, rows, bins] as the model gets them: each feature by how far it lies above a floor, RANGE_DB below
    the window's loudest one; what is lower is 0. So neither the loudness of a voice nor what lies far below it counts:
    digital silence around a recording and the noise of a quiet room are the same.
    """
    span = np.float32(RANGE_DB * np.log(10) / 10 / OPTIONS.std)
    return np.maximum(windows - windows.max((1, 2), keepdims=True) + span, 0)


@dataclasses.dataclass
class Scene:
    rows: np.ndarray     # [SCENE_ROWS, bins] float16
    centers: np.ndarray  # [WORDS] of each word in rows; far away for none
    labels: np.ndarray   # [WORDS] SILENCE for none
    speaker: str


def warped_filters(alpha):
    """Filters as if the vocal tract were alpha times as short: every formant of a voice lies elsewhere."""
    o = OPTIONS
    weights = features.filters(dataclasses.replace(o, low_hz=o.low_hz * alpha, high_hz=o.high_hz * alpha))
    return weights


WARPS = [warped_filters(a) for a in np.linspace(0.86, 1.16, 16)]
HANN = features.LogMel(OPTIONS).hann


def noises(babble, rng):
    """Minutes of noise of several kinds, each of root mean square 1: white, pink, brown, babble, hum."""
    n = 60 * RATE
    kinds = []
    f = np.maximum(np.fft.rfftfreq(n, 1 / RATE), 30)
    for p in (0, 0.25, 0.5, 0.75, 1):  # 1/f^2p of the power
        kinds.append(np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * f**-p, n))
    for voices in (2, 4, 8):
        kinds.append(sum(rng.uniform(0.3, 1) * np.resize(babble[rng.integers(len(babble)) :], n) for _ in range(voices)))
    for hz in (50, 60):
        hum = hz * 2 * np.pi * np.arange(n) / RATE
        kinds.append(sum(rng.uniform(0, 1) / k * np.sin(k * hum + k) for k in (1, 2, 3, 5, 7)) + kinds[1] / kinds[1].std())
    return [(x / x.std()).astype(np.float32) for x in kinds]


def noise(n, rng, kinds):
    """A piece of noise."""
    kind = kinds[rng.integers(len(kinds))]
    at = rng.integers(len(kind) - n)
    return kind[at : at + n]


def reverb(x, rng):
    """A small room: the sound itself, then echoes that decay by 60 dB in 0.1 to 0.5 s."""
    t = np.arange(int(0.25 * RATE)) / RATE
    tail = rng.standard_normal(len(t)) * 10 ** (-3 * t / rng.uniform(0.1, 0.5))
    tail[: int(rng.uniform(0.001, 0.008) * RATE)] = 0
    tail *= rng.uniform(0.1, 0.9) / np.sqrt(np.sum(tail**2))
    tail[0] = 1
    return scipy.signal.oaconvolve(x, tail.astype(np.float32))[: len(x)]


def speed(x, rng):
    """Played faster or slower: pitch, formants and speed change together."""
    factor = rng.uniform(0.83, 1.2)
    at = np.arange(0, len(x) - 1, factor)
    return np.interp(at, np.arange(len(x)), x).astype(np.float32)


def response(rng):
    """What a microphone does to each bin, as a factor of its power."""
    x = np.linspace(-1, 1, OPTIONS.bins)
    db = rng.normal(0, 4) * x + rng.normal(0, 3) * (x**2 - 0.33) + rng.normal(0, 2) * np.sin(3 * x + rng.uniform(0, 7))
    if rng.random() < 0.15:  # a telephone, a small loudspeaker
        db -= 30 * (x < rng.uniform(-1, -0.6)) + 30 * (x > rng.uniform(0.8, 1))
    return 10 ** (db / 10)


def extract(x, hop, weights, shape, rows):
    """Features of rows that lie hop samples apart, with the given filters and response."""
    starts = (np.arange(rows) * hop).astype(int)
    frames = np.lib.stride_tricks.sliding_window_view(x, OPTIONS.window)[starts]
    power = np.abs(np.fft.rfft(frames * HANN, OPTIONS.fft).astype(np.complex64)) ** 2
    return ((np.log(power @ weights * shape + OPTIONS.offset) - OPTIONS.mean) / OPTIONS.std).astype(np.float16)


def scene(words, speaker, rng, kinds, clean=0.3):
    """The features of words said one after the other, the first of them in the middle.

    words: Clips, the one in the middle first, then one before and one after it, None for none.
    """
    hop = OPTIONS.hop * rng.uniform(0.8, 1.25)  # how fast it is spoken, at the same pitch
    n = int(hop * SCENE_ROWS) + OPTIONS.window
    x = np.zeros(n, np.float32)
    centers, labels = np.full(WORDS, -1000.0), np.full(WORDS, SILENCE)
    edges = None
    for i, clip in enumerate(words):
        if clip is None:
            continue
        samples = speed(clip.samples, rng)
        if i == 0:
            start = (n - len(samples)) // 2
            edges = start, start + len(samples)
        elif i == 1:
            start = edges[0] - int(rng.uniform(0.08, 0.6) * RATE) - len(samples)
        else:
            start = edges[1] + int(rng.uniform(0.08, 0.6) * RATE)
        put(x, samples / np.sqrt(np.mean(samples**2)) * 10 ** (rng.uniform(-3, 3) / 20), start)
        centers[i] = (start + len(samples) / 2 - OPTIONS.window / 2) / hop
        labels[i] = clip.label
    if rng.random() < 0.4:
        x = reverb(x, rng)
    if rng.random() > clean:
        if edges:
            x += noise(n, rng, kinds) * 10 ** (-rng.uniform(3, 40) / 20)
        else:
            x = noise(n, rng, kinds) * 10 ** (-rng.uniform(0, 40) / 20)
    x *= 10 ** (rng.uniform(-42, -12) / 20)
    x = np.clip(np.round(x * 32768), -32768, 32767) / 32768
    rows = extract(x, hop, WARPS[rng.integers(len(WARPS))], response(rng), SCENE_ROWS)
    return Scene(rows, centers, labels, speaker)


def put(x, samples, start):
    """Adds samples to x from start on; what lies outside is left out."""
    first, last = max(0, start), min(len(x), start + len(samples))
    if first < last:
        x[first:last] += samples[first - start : last - start]


def mumble(rng):
    """Noise or a hum with formants that move and syllables, as speech has them, but no words: 0.3 to 2 s."""
    step = RATE // 50
    frames = int(rng.integers(15, 100))
    n = frames * step
    if rng.random() < 0.6:
        source = (np.diff(np.cumsum(rng.uniform(80, 260) * rng.uniform(0.97, 1.03, n + 1) / RATE) % 1) < 0).astype(float)
        source += rng.normal(0, rng.uniform(0.01, 0.1), n)
    else:
        source = rng.standard_normal(n)
    hold = int(rng.integers(2, 9))  # frames from one sound to the next
    knots = np.arange(0, frames + hold, hold)
    at = np.arange(frames)
    hz = np.fft.rfftfreq(2 * step, 1 / RATE)
    gain = np.full((frames, len(hz)), 0.01)
    for low, high in ((200, 900), (800, 2500), (2000, 3500)):
        center = np.interp(at, knots, rng.uniform(low, high, len(knots)))[:, None]
        gain += rng.uniform(0.2, 1) / (1 + ((hz - center) / rng.uniform(40, 150)) ** 2)
    gain *= np.interp(at, knots, rng.choice([0.0, 0.3, 1.0], len(knots)))[:, None]
    gain[frames // 2] += 0.1  # not all silence
    x = np.zeros(n + 2 * step)
    window = np.hanning(2 * step)
    source = np.pad(source, (0, step))
    for k in range(frames):
        x[k * step : (k + 2) * step] += np.fft.irfft(np.fft.rfft(source[k * step : (k + 2) * step] * window) * gain[k])
    return x[:n].astype(np.float32)


def broken(clip, mate, rng):
    """Something like speech that is no digit: a word backwards, or two at once."""
    x = clip.samples[::-1]
    if rng.random() < 0.5:
        n = max(len(x), len(mate.samples))
        x = np.pad(x, (0, n - len(x))) + np.pad(mate.samples[::-1], (0, n - len(mate.samples)))
    return type(clip)(np.ascontiguousarray(x), OTHER, clip.speaker)
