"""The network, how it learns, and how it becomes an int8 TensorFlow Lite model."""

import numpy as np
import tensorflow as tf

import augment
import pool as pools
import speech

SHAPE = (augment.WINDOW_ROWS, augment.OPTIONS.bins, 1)
BATCH = 64
STEPS = 4500
DOUBT = 2  # a model divides the odds of `other` by this when it has learned


def build(batch=None):
    """A small convolutional network. Its last convolution covers all rows, so that it knows where in the window a
    word lies, which a mean over the rows would not tell."""
    layers = tf.keras.layers

    def conv(x, channels, size, stride=1, padding="same"):
        x = layers.Conv2D(channels, size, strides=stride, padding=padding, use_bias=False)(x)
        return layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.98)(x))

    x = inputs = layers.Input(SHAPE, batch, name="features")
    x = conv(x, 16, 5, 2)  # 25x16
    x = conv(x, 32, 3, 2)  # 13x8
    x = conv(x, 48, 3)
    x = conv(x, 64, 3, 2)  # 7x4
    x = conv(x, 64, 3)
    x = layers.AveragePooling2D((1, 4))(x)  # 7x1
    x = conv(x, 64, (7, 1), padding="valid")
    x = layers.Flatten()(x)
    x = layers.Dropout(0.3)(x)
    x = layers.Dense(len(speech.LABELS), name="logits")(x)
    return tf.keras.Model(inputs, layers.Softmax(name="scores")(x))


def train(pool, seed, steps, name):
    tf.keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    model = build()
    rate = tf.keras.optimizers.schedules.CosineDecay(0.0, steps, warmup_target=2e-3, warmup_steps=steps // 20)
    optimizer = tf.keras.optimizers.AdamW(rate, weight_decay=1e-3)
    classes = len(speech.LABELS)

    @tf.function
    def step(windows, labels):
        with tf.GradientTape() as tape:
            scores = model(windows, training=True)
            target = tf.one_hot(labels, classes) * 0.95 + 0.05 / classes
            loss = tf.reduce_mean(tf.keras.losses.categorical_crossentropy(target, scores))
        optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
        return loss

    losses = []
    for i, (windows, labels) in enumerate(pools.batches(pool, BATCH, steps, seed)):
        losses.append(step(tf.constant(windows), tf.constant(labels)))
        if (i + 1) % 1000 == 0:
            print(f"{name}: step {i + 1}: loss {np.mean([float(l) for l in losses[-200:]]):.3f}", flush=True)
    doubt_other(model)
    return model


def doubt_other(model):
    """Makes `other` less likely. Most of the voices that a model learns from say other words and few people say digits,
    so that it takes a digit by somebody new too easily for another word (Menon et al. 2021: adjusting the logits)."""
    weights, bias = model.get_layer("logits").get_weights()
    bias[speech.OTHER] -= np.log(DOUBT)
    model.get_layer("logits").set_weights([weights, bias])


def quantize(model, pool, seed):
    """The model with int8 weights, activations, input and output, as bytes. Its ranges are those of 1000 windows."""

    def representative():
        for windows, _ in pools.batches(pool, 50, 20, seed + 1):
            for w in windows:
                yield [w[None]]

    one = build(batch=1)  # the Edge TPU wants shapes that do not change
    one.set_weights(model.get_weights())
    converter = tf.lite.TFLiteConverter.from_keras_model(one)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    # One scale for each output of a dense layer is newer than the Edge TPU's compiler.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    return converter.convert()


class Quantized:
    """The int8 model, called as the float one."""

    def __init__(self, data):
        self.interpreter = tf.lite.Interpreter(model_content=data, num_threads=1)
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]
        self.output = self.interpreter.get_output_details()[0]

    def __call__(self, windows):
        (scale, zero), (out_scale, out_zero) = self.input["quantization"], self.output["quantization"]
        scores = []
        for w in windows:
            q = np.clip(np.round(w / scale) + zero, -128, 127).astype(np.int8)
            self.interpreter.set_tensor(self.input["index"], q[None])
            self.interpreter.invoke()
            scores.append(self.interpreter.get_tensor(self.output["index"])[0])
        return (np.array(scores, np.float32) - out_zero) * out_scale
