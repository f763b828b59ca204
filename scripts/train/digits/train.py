"""Trains models/digits_quant.tflite, measures it, and writes its card. See README.md."""

import argparse
import concurrent.futures
import datetime
import multiprocessing
import os
import pathlib
import shutil
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # of numpy, in each process

import numpy as np
import tensorflow as tf

import card
import evaluate
import network
import pool as pools
import speech

ROOT = pathlib.Path(__file__).resolve().parents[3]
SEED = 20


def both(model, quantized, clips, noisy=False):
    """The confusions of the float and of the int8 model."""
    windows = evaluate.windows(clips, noisy)
    return {"float": evaluate.confusion(model.predict(windows, batch_size=250, verbose=0), clips),
            "int8": evaluate.confusion(quantized(windows), clips)}


def unseen(model, quantized):
    """Voices of espeak-ng that no model has heard: digits, and words that are none."""
    rng = np.random.default_rng(SEED + 2)
    digits = speech.spoken_digits(rng, speech.TEST_ACCENTS, speech.TEST_VARIANTS)
    words = speech.spoken_words(rng, speech.TEST_ACCENTS, speech.TEST_VARIANTS, speech.TEST_WORDS, [], 10)
    return {"digits": both(model, quantized, digits), "words": both(model, quantized, words)}


def run(path, without, steps):
    """Trains on all scenes but those of one speaker, None for all.

    Gives the int8 model and the figures: of the speaker left out, or of the voices that nobody knows.
    """
    tf.config.threading.set_intra_op_parallelism_threads(1)  # sums in the same order each time
    tf.config.threading.set_inter_op_parallelism_threads(1)
    pool = pools.load(path)
    if without:
        pool = pool.of(set(pool.speakers) - {without})
    model = network.train(pool, SEED, steps, f"without {without}" if without else "with all")
    data = network.quantize(model, pool, SEED)
    quantized = network.Quantized(data)
    recorded = speech.recorded_digits()
    if not without:
        return data, unseen(model, quantized) | {"heard": both(model, quantized, recorded), "parameters": model.count_params()}
    clips = [c for c in recorded if c.speaker == without]
    return data, {"quiet": both(model, quantized, clips), "noisy": both(model, quantized, clips, noisy=True)}


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--out", type=pathlib.Path, default=ROOT / "models", help="where the model and its card go")
    p.add_argument("--steps", type=int, default=network.STEPS)
    p.add_argument("--processes", type=int, default=2, help="models that learn at the same time")
    p.add_argument("--folds", type=pathlib.Path, help="a folder for the models that leave a speaker out, without_NAME.tflite")
    p.add_argument("--pool", type=pathlib.Path, help="an .npz file that keeps the scenes from one run to the next")
    o = p.parse_args()
    if not shutil.which("espeak-ng"):
        raise SystemExit("espeak-ng is missing: apt-get install espeak-ng")
    with tempfile.TemporaryDirectory() as folder:
        path = o.pool or pathlib.Path(folder) / "pool.npz"
        if not path.exists():
            pools.make(SEED, o.processes).save(path)
        speakers = sorted({c.speaker for c in speech.recorded_digits()})
        spawn = multiprocessing.get_context("spawn")  # TensorFlow does not live through a fork
        with concurrent.futures.ProcessPoolExecutor(o.processes, spawn, max_tasks_per_child=1) as workers:
            shipped = workers.submit(run, path, None, o.steps)
            folds = {s: workers.submit(run, path, s, o.steps) for s in speakers}
            data, figures = shipped.result()
            (o.out / "digits_quant.tflite").write_bytes(data)
            (o.out / "digits_labels.txt").write_text("\n".join(speech.LABELS) + "\n")
            figures["folds"] = {s: fold.result()[1] for s, fold in folds.items()}
            for s, fold in folds.items() if o.folds else ():
                (o.folds / f"without_{s}.tflite").write_bytes(fold.result()[0])
        figures |= {"date": datetime.date.today().isoformat(), "bytes": len(data), "scenes": len(pools.load(path).rows),
                    "steps": o.steps}
    card.write(o.out, figures)
    print(card.table(figures))


if __name__ == "__main__":
    main()
