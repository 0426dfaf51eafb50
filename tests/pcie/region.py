# SPDX-License-Identifier: GPL-2.0-only
"""What is refused alike of REGION_READ and REGION_WRITE."""
import errno

import client as vfio


class Refusals:
    """Of a test case whose access(region, offset, count) reads or writes."""

    def test_beyond_a_region(self):
        for region, offset, count in ((vfio.BAR0, 0x4000, 4), (vfio.BAR0, 0x3ffd, 4),
                                      (vfio.BAR2, 0x1000, 1), (vfio.CONFIG, 4096, 1),
                                      (vfio.CONFIG, 0xffffffffffffffff, 4),
                                      (vfio.CONFIG, 0xfffffffffffffffc, 4),
                                      (vfio.BAR0, 0x8000000000000000, 4)):
            with self.refused(errno.EINVAL):
                self.access(region, offset, count)

    def test_regions_without_memory(self):
        for region in (1, 3, 4, 5, 6, 8):
            with self.refused(errno.EINVAL):
                self.access(region, 0, 4)

    def test_no_such_region(self):
        for region in (9, 10, 0xffffffff):
            with self.refused(errno.EINVAL):
                self.access(region, 0, 4)

    def test_nothing(self):
        for region in (vfio.BAR0, vfio.BAR2, vfio.CONFIG):
            with self.refused(errno.EINVAL):
                self.access(region, 0, 0)
