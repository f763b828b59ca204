"""The speech that the model learns from and is tested on: recordings, and what espeak-ng says.

All sound is float32 at RATE, full scale 1, trimmed, one Clip a word.
"""

import dataclasses
import io
import pathlib
import subprocess

import numpy as np
import scipy.signal
import soundfile

RATE = 16000
DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
LABELS = DIGITS + ["silence", "other"]
SILENCE, OTHER = 10, 11

TESTDATA = pathlib.Path(__file__).resolve().parents[4] / "shared/testdata/speech"

# Voices of espeak-ng: accents and variants. Those of the test are in no part of the training.
TRAIN_ACCENTS = ["en-gb", "en-us", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan"]
TRAIN_VARIANTS = """m1 m2 m3 m4 f1 f2 f3 adam Alex anika belinda boris david ed edward Gene Hugo Jacky klatt klatt2 Lee
    Mario max Mike norbert paul robert sandro shelby travis Alicia kaukovalta antonio""".split()
TEST_ACCENTS = ["en-us", "en-gb", "en-029", "en-gb-x-gbcwmd"]
TEST_VARIANTS = """m5 m6 m7 f4 f5 Andy Annie Michael linda steph john quincy victor zac grandma grandpa aunty benjamin
    klatt4 marcelo""".split()

# Words that are no digits, nor sound like one alone ("to", "for", "ate", "won").
TRAIN_WORDS = """yes no stop go left right up down on off open close light door window music play pause next back house tree bird
    cat dog happy water table chair morning evening hello please thank you sorry maybe never always sun moon rain
    snow river mountain garden kitchen coffee sugar bread butter lemon apple orange banana tomato fish fly high
    sky time life arrow more floor store hundred thousand eleven twelve computer camera microphone volume louder
    quieter temperature cancel repeat again question answer number letter Monday Tuesday Wednesday Thursday Friday
    Saturday Sunday January February March April green yellow purple black white blue sunday what where when why
    which who how much many people children woman man school street city wonder young fun run done gun shine sign
    night late wait day great straight""".split()
TEST_WORDS = """lamp curtain radio silver golden pencil marble winter summer doctor engine bottle pocket ladder
    finger shoulder market village island castle visual follow forward learn backward seventeen fourteen twenty
    shelf leaf knife giraffe tunnel""".split()
TRAIN_SENTENCES = [
    "please turn the music down in the living room", "what is the weather going to be like this evening",
    "she opened the window and looked at the garden", "the old man walked slowly along the river",
    "remember to buy bread and butter on the way home", "they have never been in such a large house",
    "I would like a cup of coffee with milk", "the children are playing behind the school",
    "he said that nobody had called him yesterday", "switch off all lights and lock the door",
    "there is something strange about that picture", "we should leave early because of the traffic",
]
TEST_SENTENCES = [
    "the quick brown fox jumps over the lazy dog", "could you tell me where the station is",
    "my sister bought a very small yellow umbrella", "nothing in this book makes any sense at all",
]


@dataclasses.dataclass
class Clip:
    samples: np.ndarray
    label: int
    speaker: str


def trim(x):
    """What lies between the first and the last 20 ms that are within 45 dB of the loudest, and 20 ms around it.

    Less than 45 dB would cut an f or s off.
    """
    n = RATE // 50
    power = np.convolve(x.astype(np.float64) ** 2, np.ones(n) / n, "same")
    loud = np.flatnonzero(power > power.max() * 10**-4.5)
    return x[max(0, loud[0] - n) : loud[-1] + n]


def resample(x, rate):
    if rate == RATE:
        return x.astype(np.float32)
    common = np.gcd(rate, RATE)
    return scipy.signal.resample_poly(x, RATE // common, rate // common).astype(np.float32)


def load(path):
    x, rate = soundfile.read(path, dtype="float32")
    return resample(x, rate)


def recorded_digits():
    """The Free Spoken Digit Dataset: DIGIT_SPEAKER_N.wav."""
    clips = []
    for path in sorted((TESTDATA / "digits").glob("*.wav")):
        digit, speaker, _ = path.stem.split("_")
        clips.append(Clip(trim(load(path)), int(digit), speaker))
    if not clips:
        raise SystemExit(f"{TESTDATA}/digits has no recordings")
    return clips


def espeak(text, voice, speed, pitch):
    wav = subprocess.run(["espeak-ng", "--stdout", "-v", voice, "-s", str(speed), "-p", str(pitch), text],
                         check=True, capture_output=True).stdout
    x, rate = soundfile.read(io.BytesIO(wav), dtype="float32")
    return trim(resample(x, rate))


def say(text, label, accent, variant, rng):
    """A Clip with a random speed and pitch."""
    speed, pitch = int(rng.integers(120, 210)), int(rng.integers(25, 75))
    return Clip(espeak(text, f"{accent}+{variant}", speed, pitch), label, "espeak")


def spoken_digits(rng, accents, variants):
    """Each digit by each variant in each accent."""
    return [say(word, digit, accent, variant, rng)
            for variant in variants for accent in accents for digit, word in enumerate(DIGITS)]


def spoken_words(rng, accents, variants, words, sentences, each):
    """Each word and sentence by so many random voices."""
    return [say(text, OTHER, rng.choice(accents), rng.choice(variants), rng)
            for text in words + sentences for _ in range(each)]


def wake_words(test):
    """The project's recordings of wake words, made by espeak-ng; two of the phrases are for the test."""
    held_out = ("okay_nabu", "turn_on")
    return [Clip(trim(load(path)), OTHER, "espeak") for path in sorted((TESTDATA / "wakewords").glob("*.wav"))
            if path.stem.startswith(held_out) == test]
