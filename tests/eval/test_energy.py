# SPDX-License-Identifier: GPL-2.0-only
"""Energy end to end: what nmsctl says is what its counts and the constants make."""
import os
import tempfile
import unittest

import energy

NMSCTL = os.environ["NMSCTL"]


class Modelled(unittest.TestCase):
    def test_counts_and_constants_make_it(self):
        """Under each profile, and under one of which each constant is another."""
        profiles = [energy.profile_of(name) for name in ("ddr4", "lpddr4", "hbm2e")]
        odd = energy.profile_of("ddr4")
        for i, of in enumerate(odd["constants"].values()):
            of["value"] *= 1.25 + 0.125 * i
        with tempfile.TemporaryDirectory() as folder:
            for profile in [*profiles, odd]:
                said = energy.sample(NMSCTL, profile, "auto", 300, folder)
                self.assertIsNone(energy.check(said, profile))
            # and a wrong constant is seen
            said["energy"]["near"] *= 1.001
            self.assertIn("near", energy.check(said, odd))

    def test_by_hand(self):
        """1,000 rows of 100 bytes, 10 chosen; static 2 W; 8 pJ a bit in all to read, 1e9 B/s."""
        profile = {"constants": {name: {"value": value} for name, value in {
            "near_read": 5, "link": 3, "near_static": 1.5, "logic_static": 0.5, "clock": 1e9,
            "link_bandwidth": 1e9}.items()}}
        said = {"dataset": {"rows": 1000, "bytes": 100000}, "count": 10,
                "datapath": {"cycles": {"reduce": 5e8, "select": 5e8}},
                "energy": {"near": 2e12, "compute": 1e12, "scratch": 0, "link": 1e6, "static": 2e12}}
        case = energy.Case(said, profile)
        self.assertEqual(case.seconds, 1)
        # a byte: 64 pJ, and 2 W for a nanosecond, 2,000 pJ
        self.assertAlmostEqual(energy.total(case.rows_over(1000)), 100000 * 2064e-12, places=12)
        self.assertAlmostEqual(energy.total(case.host(3)), 5 + 3 * 100000 * 2064e-12, places=12)
        self.assertAlmostEqual(energy.total(case.near()), 5 + 1e-6 + 1000 * 2064e-12, places=12)
        self.assertAlmostEqual(case.break_even(), (5 + 1e-6) / (99000 * 2064e-12), places=3)
        self.assertAlmostEqual(case.break_even(1.0), 5.000001 / (990 + 99000 * 2064e-12), places=9)


if __name__ == "__main__":
    unittest.main()
