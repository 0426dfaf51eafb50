# SPDX-License-Identifier: GPL-2.0-only
"""nms.sklearn: scikit-learn's own checks, and use with it and imbalanced-learn."""
import pickle
import unittest

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import trustworthiness
from sklearn.utils.estimator_checks import check_estimator

import nms
from nms.sklearn import AdapSNE, NearMemorySampler
from rows import blobs


class Conventions(unittest.TestCase):
    """Every check of scikit-learn's, none left out."""

    def passes(self, estimator):
        count = 0
        for instance, check in check_estimator(estimator, generate_only=True):
            with self.subTest(check=getattr(check, "func", check).__name__):
                check(instance)
            count += 1
        self.assertGreater(count, 25)

    def test_sampler(self):
        self.passes(NearMemorySampler())

    def test_sampler_with_a_plane(self):
        self.passes(NearMemorySampler(method="nms", stratify=False))

    def test_plane(self):
        self.passes(AdapSNE())

    def test_plane_at_a_perplexity(self):
        self.passes(AdapSNE(perplexity=5))


class Sampler(unittest.TestCase):
    def setUp(self):
        self.x, self.y = blobs()

    def test_same_as_sample(self):
        sampler = NearMemorySampler(count=30, random_state=4).fit(self.x, self.y)
        chosen = nms.sample(self.x, self.y, count=30, seed=4)
        np.testing.assert_array_equal(sampler.sample_indices_, chosen.indices)
        np.testing.assert_array_equal(sampler.sample_weights_, chosen.weights)

    def test_fit_resample(self):
        sampler = NearMemorySampler(ratio=0.1)
        x, y = sampler.fit_resample(self.x, self.y)
        np.testing.assert_array_equal(x, self.x[sampler.sample_indices_])
        np.testing.assert_array_equal(y, self.y[sampler.sample_indices_])
        x, y = sampler.fit_resample(self.x)
        self.assertEqual((x.shape, y), ((60, 12), None))

    def test_data_frames(self):
        try:
            import pandas
        except ImportError:
            self.skipTest("no pandas")
        x = pandas.DataFrame(self.x, columns=[f"c{i}" for i in range(12)])
        y = pandas.Series(np.array(["a", "b", "c"])[self.y])
        sampler = NearMemorySampler(count=30)
        rows, classes = sampler.fit_resample(x, y)
        self.assertEqual(rows.index.tolist(), sampler.sample_indices_.tolist())
        self.assertEqual(classes.index.tolist(), sampler.sample_indices_.tolist())
        self.assertEqual(sampler.feature_names_in_.tolist(), x.columns.tolist())

    def test_stratify(self):
        without = nms.sample(self.x, count=30).indices
        numbers = self.x[:, 0].astype(float)
        for sampler, y in ((NearMemorySampler(count=30, stratify=False), self.y),
                           (NearMemorySampler(count=30), numbers)):
            np.testing.assert_array_equal(sampler.fit(self.x, y).sample_indices_, without)
        with self.assertRaises(ValueError):
            NearMemorySampler(count=30, stratify="yes").fit(self.x, self.y)

    def test_clone_and_pickle(self):
        sampler = NearMemorySampler(count=30, method="kcentre", random_state=2)
        self.assertEqual(clone(sampler).get_params(), sampler.get_params())
        sampler.fit(self.x, self.y)
        again = pickle.loads(pickle.dumps(sampler))
        np.testing.assert_array_equal(again.sample_indices_, sampler.sample_indices_)
        self.assertEqual(again.result_.energy, sampler.result_.energy)

    def test_random_state(self):
        def chosen(state):
            return NearMemorySampler(count=30, method="random",
                                     random_state=state).fit(self.x).sample_indices_.tolist()
        self.assertEqual(chosen(np.random.RandomState(1)), chosen(np.random.RandomState(1)))
        self.assertNotEqual(chosen(None), chosen(None))

    def test_pipeline(self):
        """As a step of imbalanced-learn's: chosen for fit, not for predict."""
        from imblearn.pipeline import make_pipeline
        x, y = load_digits(return_X_y=True)
        held = np.arange(len(x)) % 3 == 0
        model = make_pipeline(NearMemorySampler(count=200), LogisticRegression(max_iter=2000))
        model.fit(x[~held], y[~held])
        self.assertEqual(len(model[0].sample_indices_), 200)
        self.assertEqual(len(model.predict(x[held])), held.sum())
        self.assertGreater(model.score(x[held], y[held]), 0.85)


class Plane(unittest.TestCase):
    def test_neighbourhoods_are_kept(self):
        x = load_digits().data[:800]
        plane = AdapSNE(perplexity=20)
        y = plane.fit_transform(x)
        self.assertGreater(trustworthiness(x, y, n_neighbors=10), 0.95)
        self.assertEqual(plane.perplexity_, 20)
        self.assertIs(plane.embedding_, y)

    def test_perplexity_is_chosen(self):
        plane = AdapSNE().fit(blobs()[0])
        self.assertEqual([line.perplexity for line in plane.trace_ if line.chosen],
                         [plane.perplexity_])
        again = pickle.loads(pickle.dumps(plane))
        np.testing.assert_array_equal(again.embedding_, plane.embedding_)
        self.assertEqual(clone(plane).get_params(), plane.get_params())


if __name__ == "__main__":
    unittest.main()
