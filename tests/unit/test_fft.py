# SPDX-License-Identifier: GPL-2.0-only
"""The engine's Fourier transforms against numpy.fft."""
import ctypes as C
import unittest

import numpy as np

from engine import env, f32, lib, ptr, variants

for name in ("eng_fft_size", "eng_fft_spectrum_size", "eng_fft_scratch_size", "eng_fft_kernel_size"):
    getattr(lib, name).restype = C.c_size_t
lib.eng_fft_size.argtypes = [C.c_size_t]
lib.eng_fft_create.argtypes = [C.c_size_t, C.c_void_p]
for name in ("eng_fft_destroy", "eng_fft_spectrum_size", "eng_fft_kernel_size"):
    getattr(lib, name).argtypes = [C.c_void_p]
lib.eng_fft_scratch_size.argtypes = [C.c_void_p, C.c_uint]
lib.eng_fft_forward.argtypes = [C.c_void_p, C.c_void_p, C.c_void_p, C.c_size_t, C.c_bool,
                                C.c_void_p, C.c_void_p]
lib.eng_fft_convolve.argtypes = [C.c_void_p] * 5 + [C.c_size_t, C.c_void_p]
lib.eng_fft_real_kernel.argtypes = [C.c_void_p] * 4
lib.eng_fft_filter.argtypes = [C.c_void_p] * 3 + [C.c_size_t] + [C.c_void_p] * 2 + [C.c_size_t,
                                                                                   C.c_void_p]

SIZES = (2, 4, 6, 8, 10, 12, 16, 18, 20, 30, 32, 48, 50, 54, 60, 64, 90, 96, 100, 128, 150,
         162, 180, 250, 256, 300, 320, 324, 360, 400, 486, 512, 540, 750)


class Plan:
    def __init__(self, n, threads=1):
        self.n, self.p = n, C.c_void_p()
        err = lib.eng_fft_create(n, C.byref(self.p))
        if err:
            raise OSError(-err, n)
        self.scratch = np.full(lib.eng_fft_scratch_size(self.p, threads), np.nan, np.float32)

    def __del__(self):
        lib.eng_fft_destroy(self.p)

    def forward(self, e, x, full):
        out = np.full(lib.eng_fft_spectrum_size(self.p), np.nan, np.float32)
        lib.eng_fft_forward(C.byref(e), self.p, ptr(x), x.strides[0] // 4, full, ptr(out),
                            ptr(self.scratch))
        return out

    def convolve(self, e, a, b):
        h = self.n // 2
        out = np.full((h, h + 3), np.nan, np.float32)
        lib.eng_fft_convolve(C.byref(e), self.p, ptr(a), ptr(b), ptr(out), h + 3,
                             ptr(self.scratch))
        assert np.isnan(out[:, h:]).all()
        return out[:, :h]

    def filter(self, e, x, spectrum, factor):
        h = self.n // 2
        kernel = np.empty(lib.eng_fft_kernel_size(self.p), np.float32)
        lib.eng_fft_real_kernel(self.p, ptr(spectrum), ptr(factor), ptr(kernel))
        out = np.full((h, h + 1), np.nan, np.float32)
        lib.eng_fft_filter(C.byref(e), self.p, ptr(x), x.strides[0] // 4, ptr(kernel), ptr(out),
                           h + 1, ptr(self.scratch))
        assert np.isnan(out[:, h:]).all()
        return out[:, :h]

    def natural(self, spectrum):
        """[vertical][horizontal] frequencies of the blocked layout."""
        z = spectrum.reshape(-1, self.n, 2, 16)
        z = z[:, :, 0] + 1j * z[:, :, 1]
        return z.transpose(0, 2, 1).reshape(-1, self.n)[:self.n // 2 + 1]


def quarter(x, n):
    full = np.zeros((n, n))
    full[:x.shape[0], :x.shape[1]] = x
    return full


def relative(a, b):
    return np.abs(a - b).max() / np.abs(b).max()


class Fft(unittest.TestCase):
    def test_size(self):
        smooth = sorted(2 ** a * 3 ** b * 5 ** c for a in range(1, 13) for b in range(8)
                        for c in range(6))
        for n in range(0, 2049):
            want = next(s for s in smooth if s >= max(n, 2))
            self.assertEqual(lib.eng_fft_size(n), want)

    def test_refused(self):
        for n in (0, 1, 3, 7, 14, 15, 22, 1 << 40):
            with self.assertRaises(OSError):
                Plan(n)

    def test_forward(self):
        rng, e = np.random.default_rng(1), env(2)
        for n in SIZES:
            plan, h = Plan(n, 2), n // 2
            x = f32(rng.normal(size=(h, h + 5)))
            got = plan.natural(plan.forward(e, x[:, :h], False))
            self.assertLess(relative(got, np.fft.fft2(quarter(x[:, :h], n))[:h + 1]), 1e-6, n)
            x = f32(rng.normal(size=(n, n)))
            got = plan.natural(plan.forward(e, x, True))
            self.assertLess(relative(got, np.fft.fft2(x)[:h + 1]), 1e-6, n)

    def test_convolve(self):
        rng, e = np.random.default_rng(2), env(2)
        for n in SIZES:
            plan, h = Plan(n, 2), n // 2
            x, k = f32(rng.normal(size=(h, h))), f32(rng.normal(size=(n, n)))
            got = plan.convolve(e, plan.forward(e, x, False), plan.forward(e, k, True))
            want = np.fft.ifft2(np.fft.fft2(quarter(x, n)) * np.fft.fft2(k)).real[:h, :h]
            self.assertLess(relative(got, want), 2e-6, n)

    def test_filter(self):
        rng, e = np.random.default_rng(3), env(2)
        for n in SIZES:
            plan, h = Plan(n, 2), n // 2
            d = np.minimum(np.arange(n), n - np.arange(n))
            k = f32(1 / (1 + 0.1 * (d[:, None] ** 2 + d[None] ** 2)))
            factor = f32(1 + 0.5 * np.cos(2 * np.pi * np.arange(n) / n))
            x = f32(rng.normal(size=(h, h)))
            got = plan.filter(e, x, plan.forward(e, k, True), factor)
            want = np.fft.ifft2(np.fft.fft2(quarter(x, n)) * np.fft.fft2(k) *
                                factor[:, None] * factor[None]).real[:h, :h]
            self.assertLess(relative(got, want), 2e-6, n)

    def test_same_bits(self):
        """Threads and instruction sets do not show; the profile may."""
        rng, n = np.random.default_rng(4), 180
        x, k = f32(rng.normal(size=(n // 2, n // 2))), f32(rng.normal(size=(n, n)))
        seen = {}
        for kernels in variants():
            profile = C.cast(kernels, C.POINTER(C.c_int))[0]
            for threads in (1, 3):
                e, plan = env(threads, kernels=kernels), Plan(n, threads)
                out = plan.convolve(e, plan.forward(e, x, False), plan.forward(e, k, True))
                seen.setdefault(profile, set()).add(out.tobytes())
        for bits in seen.values():
            self.assertEqual(len(bits), 1)


if __name__ == "__main__":
    unittest.main()
