# SPDX-License-Identifier: GPL-2.0-only
"""What is trained on a selection: the recipe's CNN, three cheap ones on PCA-50, and for text
a linear one on all its columns."""
import functools

import numpy as np

import batch

STEPS = 300


def cnn(data, pool, subsets, seeds):
    return batch.train(data.rows[pool], data.labels[pool], data.test_rows, data.test_labels,
                       subsets, seeds, STEPS, flip=data.flip)


@functools.lru_cache(maxsize=8)
def _components(data, pool):
    """The pool and the test rows, by the pool's principal components.  pool: a tuple."""
    from sklearn.decomposition import PCA
    pool = list(pool)
    x, test = (rows.reshape(len(rows), -1).astype(np.float32) for rows in
               (data.rows[pool], data.test_rows))
    if data.images:
        x, test = x / 255, test / 255
    pca = PCA(50, random_state=0).fit(x)
    return pca.transform(x), pca.transform(test)


def _scores(model, data, pool, subsets):
    x, test = _components(data, tuple(pool.tolist()))
    y = data.labels[pool]
    return [100 * model(x).fit(x[rows], y[rows]).score(test, data.test_labels) for rows in subsets]


def logistic(data, pool, subsets, seeds):
    from sklearn.linear_model import LogisticRegression
    return _scores(lambda x: LogisticRegression(C=0.3, max_iter=500), data, pool, subsets)


def linear(data, pool, subsets, seeds):
    from scipy import sparse
    from sklearn.linear_model import LogisticRegression
    x, test, y = sparse.csr_matrix(data.rows[pool]), sparse.csr_matrix(data.test_rows), data.labels[pool]
    return [100 * LogisticRegression(C=10, max_iter=1000).fit(x[rows], y[rows])
            .score(test, data.test_labels) for rows in subsets]


def svm(data, pool, subsets, seeds):
    from sklearn.svm import SVC
    return _scores(lambda x: SVC(C=10, gamma=1 / (x ** 2).sum(1).mean()), data, pool, subsets)


def nn(data, pool, subsets, seeds):
    from sklearn.neighbors import KNeighborsClassifier
    return _scores(lambda x: KNeighborsClassifier(1), data, pool, subsets)


LEARNERS = {f.__name__: f for f in (cnn, logistic, svm, nn, linear)}


def suits(learner, data):
    """Is that learner one for such rows?

    The penalty of logistic is for the scale of images: of TF-IDF it leaves little but the
    largest class.
    """
    return data.images if learner in ("cnn", "logistic") else not data.images or learner != "linear"
