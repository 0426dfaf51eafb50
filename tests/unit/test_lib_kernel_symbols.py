# SPDX-License-Identifier: GPL-2.0-only
"""The files of the kernel backend call neither engine nor model: they cannot fall
back to the host even by mistake."""
import os
import re
import subprocess
import unittest

ARCHIVE = os.environ["NMS_KERNEL_ARCHIVE"]


class Symbols(unittest.TestCase):
    def test_no_engine(self):
        out = subprocess.run(["nm", "-A", ARCHIVE], check=True, capture_output=True, text=True).stdout
        undefined = re.findall(r"^\S+?:?\s*U (\w+)", out, flags=re.M)
        self.assertIn("ioctl", undefined)
        self.assertGreater(out.count("kernel_"), 10)
        bad = [s for s in undefined if s.startswith(("eng_", "nms_model_", "nms_emu_", "nms_backend_emu"))]
        self.assertEqual(bad, [])
        self.assertNotRegex(out, r"\b(eng_|nms_model_)\w+")


if __name__ == "__main__":
    unittest.main()
