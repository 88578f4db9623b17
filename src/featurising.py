"""What the text recipes share: n-grams of words and of letters, hashed, weighted and summed inside the graph.

Each view of a text (its words, its letters) becomes the set of its hashed n-grams. Set x is weighted by how much each
n-gram speaks for a label by counting alone (r, the naive Bayes log-count ratio), brought to length one, and a logistic
regression w is learnt on top: logit = sum over views of x . (r * w) / |x * r|, plus a bias.

Wang and Manning, Baselines and Bigrams: Simple, Good Sentiment and Topic Classification, ACL 2012 (NBSVM), where
the features are not brought to length one.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from src.dtypes import Array
from src.ngrams import View

LETTERS_READ = 1000  # of a text, so that one of 100 kB costs no more than one of 1 kB
COUNTED_AT_ONCE = 1024  # rows
WORD_IDS = 2**40  # so many that two words of one data set hardly ever share one
SPACE = ord(" ")
# Odd, with well-mixed bits: two multipliers of xxHash64 as signed integers. Products wrap around.
MULTIPLIERS = (-7046029288634856825, -4417276706812531889)


def _items(text: Any, view: View) -> Any:
    """Texts of shape (n, 1) as code points or hashed words, int64 (n, longest text), 0 after a text's end."""
    text = tf.strings.substr(tf.reshape(text, [-1]), 0, LETTERS_READ, unit="UTF8_CHAR")
    text = tf.strings.lower(text, encoding="utf-8")
    if view.of == "words":
        # A sign is a word of its own: "!" and "?" tell much. \p{M} keeps the marks of letters with them.
        words = tf.strings.split(tf.strings.regex_replace(text, r"([^\p{L}\p{M}\p{N}\s'])", r" \1 "))
        ragged = 1 + tf.strings.to_hash_bucket_fast(words, WORD_IDS)
    else:
        text = tf.strings.join([" ", tf.strings.strip(tf.strings.regex_replace(text, r"\s+", " ")), " "])
        ragged = tf.cast(tf.strings.unicode_decode(text, "UTF-8"), tf.int64)
    return tf.pad(ragged.to_tensor(0), [[0, 0], [0, view.longest]])  # so that there is one n-gram of each length


class NGrams(keras.layers.Layer):  # type: ignore[misc]  # Keras has no annotations: its classes are Any
    """Texts of shape (n, 1) to the hash values of their n-grams, int64 (n, any), 0 where there is none."""

    def __init__(self, view: View) -> None:
        super().__init__()
        self.view = view

    def call(self, text: Any) -> Any:
        """Hash them, each length's from those that are one shorter."""
        items, view = _items(text, self.view), self.view
        length = tf.shape(items)[1]
        shortest = 1 if view.of == "words" else 2
        key, found, whole = tf.zeros_like(items), [], tf.ones_like(items, tf.bool)
        for n in range(1, view.longest + 1):
            last = items[:, n - 1 :]
            key = (key[:, : length - n + 1] + last) * MULTIPLIERS[0]
            key = tf.bitwise.bitwise_xor(key, tf.bitwise.right_shift(key, 29))
            whole = whole[:, : length - n + 1] & (last > 0)
            if view.of == "letters" and n > 2:
                whole &= items[:, n - 2 : -1] != SPACE  # what was last is now inside
            if n >= shortest:
                mixed = tf.bitwise.right_shift(key * MULTIPLIERS[1], 20)
                found.append(tf.where(whole, 1 + tf.math.floormod(mixed, view.buckets - 1), 0))
        return tf.concat(found, axis=1)

    def compute_output_spec(self, text: Any) -> Any:
        """The shape, which Keras cannot find out by trying, as it does with numbers."""
        return keras.KerasTensor((text.shape[0], None), dtype="int64")


def sets(ids: Any, buckets: int) -> Any:
    """Hash values as a matrix of ones: sparse, so that memory grows with the n-grams that are there.

    Args:
        ids: Hash values, int64 (n, any); 0 is one of them.
        buckets: How many there are.

    Returns:
        A `tf.SparseTensor` of float32, of shape (n, buckets).
    """
    ones = tf.sparse.bincount(ids, minlength=buckets, maxlength=buckets, axis=-1, binary_output=True)
    return tf.cast(ones, tf.float32)


def log_count_ratios(ngrams: NGrams, texts: Array, targets: Array, smoothing: float) -> Array:
    """How much each n-gram speaks for each label: log of its share among the label's n-grams over that among others'.

    Args:
        ngrams: The n-grams to count.
        texts: Training texts, of shape (n, 1).
        targets: Their labels, 0 or 1, of shape (n, k).
        smoothing: Added to each count.

    Returns:
        Shape (buckets, k); 0 for what no text has, which would otherwise dilute the n-grams that are known.
    """
    buckets = ngrams.view.buckets
    with_it, of_label = np.zeros((buckets, 1), "float32"), np.zeros((buckets, targets.shape[1]), "float32")
    for start in range(0, len(texts), COUNTED_AT_ONCE):
        rows = slice(start, start + COUNTED_AT_ONCE)
        ones = sets(ngrams(tf.constant(texts[rows])), buckets)
        of_label += tf.sparse.sparse_dense_matmul(ones, targets[rows].astype("float32"), adjoint_a=True).numpy()
        with_it += tf.sparse.reduce_sum(ones, 0)[:, None].numpy()
    known = with_it > 0
    known[0] = False
    label, others = (of_label + smoothing) * known, (with_it - of_label + smoothing) * known
    with np.errstate(invalid="ignore"):  # 0 / 0, of what is not known
        ratios = np.log(label / others) - np.log(label.sum(0) / others.sum(0))
    return np.where(known, ratios, 0).astype("float32")


class Weighed(keras.layers.Layer):  # type: ignore[misc]
    """Hash values (n, any) to logits (n, k): x . (r * w) / |x * r|, with fixed ratios r and weights w to learn."""

    def __init__(self, ratios: Array, l2: float) -> None:
        super().__init__()
        self.given, self.l2 = ratios, l2

    def build(self, _shape: Any) -> None:
        """Make the weights."""
        shape = self.given.shape
        self.ratios = self.add_weight(shape=shape, trainable=False, name="ratios")
        self.ratios.assign(self.given)
        self.w = self.add_weight(shape=shape, initializer="zeros", regularizer=keras.regularizers.L2(self.l2), name="w")

    def call(self, ids: Any) -> Any:
        """Sum up what is there."""
        ones = sets(ids, self.given.shape[0])
        # Only the n-grams that are there: a product over all buckets takes most of the time of a single row.
        there, columns = tf.unique(ones.indices[:, 1], out_idx=tf.int64)
        shape = tf.stack([ones.dense_shape[0], tf.size(there, tf.int64)])
        few = tf.SparseTensor(tf.stack([ones.indices[:, 0], columns], axis=1), ones.values, shape)
        ratios = tf.gather(self.ratios, there)
        length = tf.sqrt(tf.sparse.sparse_dense_matmul(few, ratios**2))
        return tf.math.divide_no_nan(tf.sparse.sparse_dense_matmul(few, ratios * tf.gather(self.w, there)), length)

    def compute_output_spec(self, ids: Any) -> Any:
        """The shape, which Keras cannot find out by trying, as it does with dense layers."""
        return keras.KerasTensor((ids.shape[0], self.given.shape[1]), dtype="float32")


class Bias(keras.layers.Layer):  # type: ignore[misc]
    """Adds a bias, which starts at the labels' log odds, so that training need not find out how rare they are."""

    def __init__(self, at_first: Array) -> None:
        super().__init__()
        self.at_first = at_first

    def build(self, _shape: Any) -> None:
        """Make the bias."""
        self.bias = self.add_weight(shape=self.at_first.shape, name="bias")
        self.bias.assign(self.at_first)

    def call(self, logits: Any) -> Any:
        """Add it."""
        return logits + self.bias
