# SPDX-License-Identifier: GPL-2.0-only
"""Text, labels and row numbers that nmsctl reads; and what it refuses."""
import gzip
import io
import subprocess
import unittest

import numpy as np

from readers import Case, DTYPES, DUMP, idx, npy


class Csv(Case):
    def check(self, text, expected, dtype, *options, labels=None, names=()):
        rows = self.read(text.encode() if isinstance(text, str) else text, *options)
        self.assertEqual((rows.format, DTYPES[rows.dtype]), ("csv", dtype))
        np.testing.assert_array_equal(rows.x, np.array(expected, dtype))
        self.assertEqual((rows.labels, rows.names), (labels, list(names)))

    def test_types(self):
        self.check("0,255\n3,4\n", [[0, 255], [3, 4]], "u1")
        self.check("0,255\n3,256\n", [[0, 255], [3, 256]], "<f4")
        self.check("0,2.5\n-3,4e3\n", [[0, 2.5], [-3, 4000]], "<f4")
        self.check("1,2\n0.1,16777217\n", [[1, 2], [0.1, 16777217]], "<f8")
        self.check("1\n1e300\n", [[1], [1e300]], "<f8")
        self.check("nan,inf\n-Infinity,-0\n", [[np.nan, np.inf], [-np.inf, -0.0]], "<f4")

    def test_numbers(self):
        x = self.rng.standard_normal((200, 5)) * 10.0 ** self.rng.integers(-42, 7, (200, 5))
        x[0, 0] = 1e39
        rows = self.read("\n".join(",".join(repr(float(v)) for v in row) for row in x).encode())
        np.testing.assert_array_equal(rows.x, x)
        x = x[1:].astype("f4")
        out = io.BytesIO()
        np.savetxt(out, x, delimiter=",", fmt="%.9g")
        self.assertEqual(self.read(out.getvalue()).raw, x.tobytes())
        # many digits, where a product of doubles would not do
        texts = ["0.1000000000000000055511151231257827021181583404541015625", "9007199254740993e0",
                 "123456789012345678901234567890", "1.7976931348623157e308", "4.9e-324", "1e-400",
                 "00000000000000000000000000000012.5", "8.41e21", "5e-23", "-3.e2", "+.5E+1"]
        self.check("\n".join(texts), [[float(t)] for t in texts], "<f8")

    def test_lines(self):
        for text in ("1,2\n3,4", "1,2\r\n3,4\r\n", "1,2\r3,4", "\n\n1,2\n\n3,4\n\n", " 1 , 2 \n3,\t4",
                     "\ufeff1,2\n3,4", '"1",2\n3,"4"\n', "1;2\n3;4", "1\t2\n3\t4", "1 2\n3 4\n"):
            self.check(text, [[1, 2], [3, 4]], "u1")
        self.check("1|2\n3|4", [[1, 2], [3, 4]], "u1", "delimiter=|")
        self.check(gzip.compress(b"1,2\n3,4\n"), [[1, 2], [3, 4]], "u1")

    def test_headers_and_labels(self):
        self.check("a,b\n1,2\n", [[1, 2]], "u1")
        self.check("0,Label,1\n5,7,6\n", [[5, 6]], "u1", labels=[7])
        self.check("y,p\n3,1\n4,2\n", [[1], [2]], "u1", labels=[3, 4])
        self.check("x,y\n3,1\n4,2\n", [[3, 1], [4, 2]], "u1")
        self.check('class,p\n"b, b",1\na,2\n"b, b",3', [[1], [2], [3]], "u1", labels=[1, 0, 1],
                   names=["a", "b, b"])
        self.check("1,2,dog\n3,4,cat\n", [[1, 2], [3, 4]], "u1", labels=[1, 0], names=["cat", "dog"])
        self.check("p,species\n1,v\n3,u\n", [[1], [3]], "u1", labels=[1, 0], names=["u", "v"])
        self.check("p,label\n1,-1\n3,1\n5,-1\n", [[1], [3], [5]], "u1", labels=[0, 1, 0],
                   names=["-1", "1"])
        self.check("p,q\n1,8\n3,9\n", [[1], [3]], "u1", "column=q", labels=[8, 9])
        self.check("1,8\n3,9\n", [[8], [9]], "u1", "column=0", labels=[1, 3])

    def test_refused(self):
        for text, match in (("1,2\n3\n", "line 2: 1 columns, expected 2"),
                            ("a,b\n\n1,2\n3,4,5\n", "line 4: 3 columns, expected 2"),
                            ('a,b\r\n"1\n",2\r\n3,4,5\r\n', "line 2: column 1"),
                            ("1,2\r\n\r\n3\r\n", "line 3: 1 columns"),
                            ("1,2\n3,x\n", "line 2: column 2: 'x' is not a number"),
                            ("1,2\n3,\n", "line 2: column 2: '' is not"),
                            ("1,2\n3,0x10\n", "line 2: column 2"), ("1,2\n3,1e\n", "line 2"),
                            ("1,2\n3,--1\n", "line 2"), ("1,2\n3,.\n", "line 2"),
                            ("1,2\n3,1.2.3\n", "line 2"), ("a,b\n", "no rows"),
                            ('1,2\n3,"4', "quotes"), ('1,2\n3,4"5\n', "line 2"),
                            ("p,label\n1,1.5\n", "label of row 0"), ("label\n1\n", "without elements"),
                            ("1,5\n2,nix\n", "line 2"), ("\n\n\n", "no rows")):
            self.refuse(text.encode(), match=match)
        self.refuse(b"1,2\n", "column=7", match="no column '7'")
        self.refuse(b"1,2\n3," + b"4" * 100000, match="65536 bytes")
        self.refuse(b"1,2\n" * 2000 + b"3,\x004\n", match="zero byte")
        self.refuse(b"1,2\n" * 100000, "limit=50000", match="does not fit")

    def test_digest_is_of_the_content(self):
        x = self.rng.integers(0, 256, (6, 4), dtype="u1")
        np.savez(self.path("z.npz"), x)
        contents = [npy(x), idx(x, 8), self.path("z.npz"), npy(x.reshape(6, 2, 2)),
                    "\n".join(",".join(map(str, row)) for row in x).encode()]
        self.assertEqual(len({self.read(c).fields["sha256"] for c in contents}), 1)


class Labels(Case):
    def test_numbers(self):
        for name in ("u1", "i1", "u2", ">i2", "i4", ">u4", "i8", "u8", ">i8", "f2", "f4", ">f8", "bool"):
            y = np.array([1, 0, 1, 1], name)
            self.assertEqual(self.labels(npy(y), 4), ([1, 0, 1, 1], 2, []))
        self.assertEqual(self.labels(npy(np.array([4294967294, 5])), 2)[0], [4294967294, 5])
        self.assertEqual(self.labels(npy(np.array([7, -2, 7])), 3), ([1, 0, 1], 2, ["-2", "7"]))
        self.assertEqual(self.labels(npy(np.array([1 << 32, 9])), 2), ([1, 0], 2, ["9", "4294967296"]))

    def test_text(self):
        self.assertEqual(self.labels(b"3\n1\n3\n", 3), ([3, 1, 3], 2, []))
        self.assertEqual(self.labels(b"dog\ncat\n7\ndog", 4), ([2, 1, 0, 2], 3, ["7", "cat", "dog"]))
        self.assertEqual(self.labels(b"label\n3\n1\n", 2), ([3, 1], 2, []))
        self.assertEqual(self.labels(b"kind\n3\n1\n", 2), ([3, 1], 2, []))
        self.assertEqual(self.labels(b"cat\n", 1), ([0], 1, ["cat"]))
        self.assertEqual(self.labels(b"p,label\n1,b\n2,a\n", 2), ([1, 0], 2, ["a", "b"]))
        self.assertEqual(self.labels(b"1,2\n3,4\n", 2, "column=1"), ([2, 4], 2, []))

    def test_refused(self):
        for content in (npy(np.array([0.5])), npy(np.array([np.nan])), npy(np.array([np.inf])),
                        npy(np.zeros((3, 2))), npy(np.zeros(0)), npy(np.array([(1 << 64) - 1], "u8")),
                        b"0.5\n1\n", b"1,2\n3,4\n", b"nan\n1\n", b"label\n", b"", b"a,b\n1\n"):
            self.refuse(content, command=("labels", 0))


class Index(Case):
    def test_kinds(self):
        for content in (npy(np.array([3, 0, 9])), npy(np.array([3, 0, 9], ">u2")), b"3\n0\n9",
                        npy(np.array([[3.0], [0.0], [9.0]])), b"index,weight\n3,1.5\n0,1\n9,2\n",
                        b"rows\n3\n0\n9\n", b" [3, 0, 9]\n", b"[3.0, 0, 9e0]", b'{"index": [3,0,9]}',
                        b'{"exemplars": [{"index": 3}, {"index": 0}, {"index": 9, "label": 1}]}'):
            self.assertEqual(self.index(content, 10), [3, 0, 9])

    def test_pipe(self):
        for text in ("[3, 0]", "3\n0\n"):
            done = subprocess.run([DUMP, "index", "/dev/stdin", "10"], input=text.encode(),
                                  capture_output=True, check=False)
            self.assertEqual((done.returncode, done.stderr, done.stdout),
                             (0, b"", b"count 2\nindex 3 0\n"))

    def test_empty(self):
        for content in (b"", b"\n", b"[]", npy(np.zeros(0, int)), b"index\n"):
            self.assertEqual(self.index(content, 10), [])

    def test_refused(self):
        for content, match in ((b"3\n10\n", "entry 1 is 10; expected a row from 0 to 9"),
                               (b"-1\n", "entry 0"), (b"1.5\n", "entry 0"), (b"1\nx\n", "entry 1"),
                               (b"[1,", "truncated"), (b"[1] 2", "more after"), (b"[1, []]", "entry 1"),
                               (b'{"a": 1}', "without an array"), (b'["1"]', "entry 0"),
                               (npy(np.zeros((2, 2), int)), "2 numbers"), (b"1,2\n", "index"),
                               (npy(np.array([np.nan])), "entry 0"), (b"[null]", "entry 0"),
                               (b'{"exemplars": {}}', "without"), (b"{", "JSON"),
                               (b"[99999999999999999999]", "entry 0")):
            self.refuse(content, match=match, command=("index", 10))

if __name__ == "__main__":
    unittest.main()
