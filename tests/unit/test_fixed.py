# SPDX-License-Identifier: GPL-2.0-only
"""The bandwidth search on words, against the same arithmetic in Python's integers."""
import ctypes as C
import math
import unittest

import numpy as np

import sne
from engine import env, f32, lib, variants
from sne import Bandwidth, SEARCHES

WIDTHS = [(8, 64, 12), (16, 256, 16), (4, 16, 8), (12, 1024, 14)]
SMALL = (8, 64, 12)


class Widths(C.Structure):
    _fields_ = [("exp_bits", C.c_uint), ("entries", C.c_uint), ("distance_bits", C.c_uint)]


lib.eng_fixed_entropy.restype = C.c_int64
lib.eng_fixed_entropy.argtypes = [C.c_void_p, C.c_void_p, C.c_size_t, C.c_double]
lib.eng_fixed_parse.restype = lib.eng_fixed_widths.restype = C.c_bool
lib.eng_fixed_number.restype = C.c_uint32


def profile(widths):
    """A struct eng_fixed_profile, which begins with its struct eng_kernels."""
    memory = C.create_string_buffer(1 << 14)
    lib.eng_fixed_profile_init(memory, C.byref(Widths(*widths)))
    return memory


def fixed_env(widths, threads=1):
    memory = profile(widths)
    e = env(threads, kernels=C.addressof(memory))
    e.keep = memory
    return e


def distances(rows=400, k=90, seed=5):
    """Neighbours in clusters of 5, 10 and 20 dimensions."""
    rng = np.random.default_rng(seed)
    part = [sne.knn(f32(rng.normal(size=(500, dim))), k)[1][:rows // 3 + 1] for dim in (5, 10, 20)]
    return f32(np.concatenate(part)[:rows])


class Reference:
    """The datapath by its description, in integers of any size."""

    def __init__(self, widths):
        self.exp_bits, self.entries, self.distance_bits = widths
        one = 2 ** self.exp_bits - 1
        step = (self.exp_bits + 1) * math.log(2) / self.entries
        self.exp = [int(one * math.exp(-(i + 0.5) * step) + 0.5) for i in range(self.entries)]
        self.one = int(math.log2(one) * 65536 + 0.5)
        self.log = [int(math.log2(1 + i / 256) * 65536 + 0.5) for i in range(257)]

    def codes(self, row):
        """Words of one row of ascending squared distances."""
        d = row.astype(np.float64) - float(row[0])
        d = (d * 2.0 ** -math.floor(math.log2(d[-1]))).astype(np.float32).astype(np.float64)
        words = np.floor(d * 2 ** (self.distance_bits - 1) + 0.5)
        return np.minimum(words, 2 ** self.distance_bits - 1).astype(np.uint16)

    @staticmethod
    def word(x):
        """16 bits and how far they are to be shifted down."""
        mantissa, exponent = math.frexp(x)
        mantissa, shift = int(mantissa * 65536 + 0.5), 16 - exponent
        return (mantissa >> 1, shift - 1) if mantissa == 65536 else (mantissa, shift)

    @staticmethod
    def down(x, shift):
        return x >> shift if shift >= 0 else x << -shift

    def exponentials(self, codes, beta):
        octaves = beta / math.log(2) / 2 ** (self.distance_bits - 1)
        m, s = self.word(octaves * self.entries / (self.exp_bits + 1))
        at = [self.down(m * int(c), s) for c in codes]
        return [self.exp[i] if i < self.entries else 0 for i in at], octaves

    def log2(self, x):
        top = x.bit_length() - 1
        fraction = (x << 64 >> top) - (1 << 64)
        i, rest = fraction >> 56, fraction >> 40 & 0xffff
        return (top << 16) + self.log[i] + ((self.log[i + 1] - self.log[i]) * rest >> 16)

    def entropy(self, codes, beta):
        e, octaves = self.exponentials(codes, beta)
        m, s = self.word(octaves)
        mean = (sum(x * int(c) for x, c in zip(e, codes)) << 16) // sum(e)
        return self.log2(sum(e)) - self.one + min(self.down(m * mean, s), 1 << 40)


class Arithmetic(unittest.TestCase):
    def test_entropy_is_that_of_the_integers(self):
        """To the bit, for betas over fourteen decades."""
        rows = distances(12)
        for widths in WIDTHS:
            ref = Reference(widths)
            fixed = C.create_string_buffer(1 << 13)
            lib.eng_fixed_init(fixed, C.byref(Widths(*widths)))
            for row in rows:
                codes = ref.codes(row)
                for beta in 10.0 ** np.linspace(-6, 8, 57):
                    self.assertEqual(
                        lib.eng_fixed_entropy(fixed, codes.ctypes.data, len(codes), beta),
                        ref.entropy(codes, beta), (widths, beta))

    def test_probabilities_are_those_of_the_table(self):
        for widths in WIDTHS:
            ref = Reference(widths)
            rows = distances(40)
            out = Bandwidth(fixed_env(widths), rows, 30, SEARCHES["fwa"])
            self.assertEqual(out.err, 0)
            for row, beta, p in zip(rows, out.beta, out.p):
                scale = 2.0 ** -math.floor(math.log2(float(row[-1]) - float(row[0])))
                e, _ = ref.exponentials(ref.codes(row), float(beta) / scale)
                np.testing.assert_array_equal(p, np.float32(e) / np.float32(sum(e)))

    def test_wide_words_are_as_good_as_floats(self):
        rows = distances(200)
        wide = Bandwidth(fixed_env((16, 1024, 16)), rows, 30, SEARCHES["newton"])
        floats = Bandwidth(env(profile="portable"), rows, 30, SEARCHES["newton"])
        np.testing.assert_allclose(wide.p, floats.p, rtol=0.02, atol=1e-5)	# a step of the table: 1.2 %

    def test_curve_is_not_monotonic(self):
        """With small words every row's perplexity rises somewhere as beta grows."""
        ref = Reference(SMALL)
        for row in distances(10):
            codes = ref.codes(row)
            h = [ref.entropy(codes, beta) for beta in np.exp(np.linspace(-1, 5, 3000))]
            self.assertGreater(max(b - a for a, b in zip(h, h[1:])), 65)	# 1e-3 of an octave


class Searches(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rows = distances()

    def test_flags_and_residuals_are_of_the_rows(self):
        ref = Reference(SMALL)
        for name, search in SEARCHES.items():
            out = Bandwidth(fixed_env(SMALL), self.rows[:60], 30, search)
            error = []
            for row, beta in zip(self.rows, out.beta):
                scale = 2.0 ** -math.floor(math.log2(float(row[-1]) - float(row[0])))
                h = ref.entropy(ref.codes(row), float(beta) / scale)
                error.append(abs(h / 65536 - math.log2(30)) * math.log(2))
            error = np.array(error)
            # beta passes through float32 once more than in the search: a jump may move
            agree = (error <= 1e-3 + 2e-5) == (out.flags == sne.MET)
            self.assertGreaterEqual(agree.mean(), 0.95, name)
            self.assertEqual(list(out.stats.rows), list(np.bincount(out.flags, minlength=5)))

    def test_fireworks_leave_at_most_half(self):
        """Of the rows that bisection leaves off target, and less residual; evaluations told."""
        seen = {name: Bandwidth(fixed_env(SMALL), self.rows, 30, SEARCHES[name]).stats
                for name in ("bisect", "fwa")}
        off = {name: stats.rows[sne.BUDGET] for name, stats in seen.items()}
        print(f"off target of {len(self.rows)}: {off}; evaluations a row: " + ", ".join(
            f"{n} {s.evaluations / len(self.rows):.0f}" for n, s in seen.items()))
        self.assertGreater(off["bisect"], 20)
        self.assertLessEqual(off["fwa"], 0.5 * off["bisect"])
        self.assertLess(seen["fwa"].residual_mean, seen["bisect"].residual_mean)
        self.assertLess(seen["fwa"].evaluations, 150 * len(self.rows))

    def test_threads_and_instruction_sets_do_not_show(self):
        for search in SEARCHES.values():
            one = Bandwidth(fixed_env(SMALL), self.rows, 30, search).bits()
            self.assertEqual(one, Bandwidth(fixed_env(SMALL, 3), self.rows, 30, search).bits())

    def test_ties_are_those_of_words(self):
        """What one word cannot tell apart shares its probability."""
        row = np.r_[np.linspace(0, 1e-5, 20), np.linspace(1, 1.9, 20)]
        out = Bandwidth(fixed_env(SMALL), f32(np.tile(row, (3, 1))), 10, SEARCHES["fwa"])
        self.assertTrue((out.flags == sne.TIES).all())
        np.testing.assert_allclose(out.p[:, :20], 1 / 20, rtol=1e-6)

    def test_work_is_counted_in_words(self):
        e = fixed_env(SMALL)
        n, k = self.rows.shape
        out = Bandwidth(e, self.rows, 30, SEARCHES["bisect"])
        count = e._counters.count[3]
        self.assertEqual(count[5], 3 * out.stats.evaluations * k + 2 * out.stats.evaluations)
        self.assertEqual(count[6], out.stats.evaluations * (k + 1) + 2 * n * k)


class Names(unittest.TestCase):
    def test_names_and_numbers(self):
        for widths in WIDTHS:
            name = "fixed%d/%d/%d" % widths
            got = Widths()
            self.assertTrue(lib.eng_fixed_parse(name.encode(), C.byref(got)))
            self.assertEqual((got.exp_bits, got.entries, got.distance_bits), widths)
            number = lib.eng_fixed_number(C.byref(got))
            back = Widths()
            self.assertTrue(lib.eng_fixed_widths(C.c_uint32(number), C.byref(back)))
            self.assertEqual(bytes(got), bytes(back))
        self.assertTrue(lib.eng_fixed_parse(b"fixed", C.byref(got)))
        self.assertEqual((got.exp_bits, got.entries, got.distance_bits), SMALL)

    def test_what_is_none(self):
        got = Widths()
        for name in (b"", b"fix", b"fixed8", b"fixed8/64", b"fixed8/63/12", b"fixed8/64/12 ",
                     b"fixed3/64/12", b"fixed17/64/12", b"fixed8/8/12", b"fixed8/2048/12",
                     b"fixed8/64/7", b"fixed8/64/17", b"fixed08/64/12", b"fixed-8/64/12"):
            self.assertFalse(lib.eng_fixed_parse(name, C.byref(got)), name)
        for number in (0, 1, 2, 3, 0x0c060804, 0x0c061103, 0x0cff0803, 0x11060803, 0xffffffff):
            self.assertFalse(lib.eng_fixed_widths(C.c_uint32(number), C.byref(got)), hex(number))


if __name__ == "__main__":
    unittest.main()
