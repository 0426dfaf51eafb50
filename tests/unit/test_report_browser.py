# SPDX-License-Identifier: GPL-2.0-only
"""The page of nmsctl sample --report in Chromium: what hands do to it, and what comes of that.

NMSCTL names the executable.  Times are told, not judged: tests/bench/page.py measures them.
"""
import os
import re
import subprocess
import tempfile
import unittest

import numpy as np
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
from selenium.webdriver.common.keys import Keys

from browser import Browser, By
from page import Page
from test_report import idx, images

NMSCTL = os.environ["NMSCTL"]
ROWS = 900


def setUpModule():
    global folder, at, x, y, browser
    folder = tempfile.TemporaryDirectory()
    at = folder.name
    x, y = images((ROWS, 16, 16))
    for name, array in (("x", x), ("y", y)):
        with open(f"{at}/{name}.idx", "wb") as f:
            f.write(idx(array))
    write("page.html", "x.idx", "--labels", "y.idx", "--count", 30)
    browser = Browser()


def tearDownModule():
    browser.close()
    folder.cleanup()


def write(page, *args):
    subprocess.run([NMSCTL, "sample", *map(str, args), "-o", "picked.npy", "--report", page, "-q"],
                   cwd=at, check=True, timeout=120)


class Case(unittest.TestCase):
    file = "page.html"

    def setUp(self):
        self.b = browser
        self.b.cdp("Emulation.clearDeviceMetricsOverride")
        self.b.cdp("Emulation.setEmulatedMedia", features=[])
        self.b.open(f"{at}/{self.file}")
        self.map = self.b.get("map")
        self.b.js("arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })", self.map)
        self.b.frame()

    def tearDown(self):
        self.assertEqual(self.b.complaints(), [])

    def view(self):
        self.b.frame()
        return [float(v) for v in self.map.get_attribute("data-view").split()]

    def drawn(self):
        """How many pixels of the map are not empty."""
        self.b.frame()
        return int((self.b.canvas("#map > canvas")[..., 3] > 0).sum())

    def at_pixel(self, dx, dy):
        """Move the mouse over the map, from its middle."""
        ActionChains(self.b.driver).move_to_element_with_offset(self.map, dx, dy).perform()

    def told_row(self):
        found = re.match(r"Row ([\d,]+)", self.b.get("told").text)
        return found and int(found[1].replace(",", ""))

    def picture(self, name, number):
        self.b.until(lambda: self.b.get("picture").get_attribute("data-drawn") == f"{name} {number}")
        return self.b.canvas("#picture")[..., :3]


class Opening(Case):
    def test_first_sight(self):
        self.assertEqual(self.map.get_attribute("data-painter"), "webgl")
        self.assertGreater(self.drawn(), 1000)
        self.assertEqual(self.b.get("headline").text, "30 of 900 rows")
        self.assertIn("x.idx", self.b.driver.title)
        fetched = self.b.js("return performance.getEntriesByType('resource').map(e => e.name)")
        self.assertEqual([n for n in fetched if not n.startswith("blob:")], [])
        print(f"first paint after {self.b.paint():.0f} ms, "
              f"{self.b.pan():.0f} frames a second while it moves")

    def test_tables(self):
        """Each figure is also text."""
        data = Page(f"{at}/page.html").data
        coverage = self.b.get("coverage-table").text
        self.assertIn("random, seed 4", coverage)
        self.assertIn(f"{data['coverage']['distance']:.5g}".rstrip("0"), coverage)
        body = self.b.get("classes-table").find_elements(By.CSS_SELECTOR, "tbody tr")
        self.assertEqual(len(body), 3)
        for line, c in zip(body, data["classes"]):
            self.assertEqual(line.text.split()[:3], [c["name"], str(c["rows"]), str(c["chosen"])])
        for table in self.b.driver.find_elements(By.TAG_NAME, "table"):
            self.assertTrue(table.find_elements(By.CSS_SELECTOR, "tbody th[scope=row]"))
        self.assertIn("modelled", self.b.get("cost").text)

    def test_sorting(self):
        head = self.b.get("classes-table").find_elements(By.CSS_SELECTOR, "thead button")[1]
        for order in (1, -1):
            head.send_keys(Keys.ENTER)
            rows = [int(line.text.split()[1]) for line in
                    self.b.get("classes-table").find_elements(By.CSS_SELECTOR, "tbody tr")]
            self.assertEqual(rows, sorted(rows, reverse=order < 0))

    def test_narrow(self):
        self.b.cdp("Emulation.setDeviceMetricsOverride", width=375, height=800,
                   deviceScaleFactor=2, mobile=True)
        self.b.open(f"{at}/page.html")
        self.assertLessEqual(self.b.js("return document.documentElement.scrollWidth"), 375)
        self.assertGreater(self.drawn(), 1000)

    def test_dark(self):
        paper = "return getComputedStyle(document.body).backgroundColor"
        light = self.b.js(paper)
        self.b.cdp("Emulation.setEmulatedMedia",
                   features=[{"name": "prefers-color-scheme", "value": "dark"}])
        self.b.until(lambda: self.b.js(paper) != light)
        self.assertLess(max(map(int, re.findall(r"\d+", self.b.js(paper)))), 60)
        self.b.js("const s = document.getElementById('theme'); s.value = 'light';"
                  "s.dispatchEvent(new Event('change'))")
        self.assertEqual(self.b.js(paper), light)

    def test_print(self):
        pdf = self.b.cdp("Page.printToPDF")["data"]
        self.assertGreater(len(pdf), 20000)


class Moving(Case):
    def test_keys(self):
        first = self.view()
        for key, axis, sign in [(Keys.ARROW_RIGHT, 0, 1), (Keys.ARROW_LEFT, 0, -1),
                                (Keys.ARROW_UP, 1, 1), (Keys.ARROW_DOWN, 1, -1)]:
            before = self.view()
            self.map.send_keys(key)
            after = self.view()
            self.assertGreater(sign * (after[axis] - before[axis]), 0)
            self.assertEqual(after[1 - axis], before[1 - axis])
        self.map.send_keys("+")
        self.assertGreater(self.view()[2], first[2])
        self.map.send_keys("--")
        self.assertLess(self.view()[2], first[2])
        self.map.send_keys(Keys.ARROW_RIGHT)
        self.map.send_keys("0")
        self.assertEqual(self.view(), first)

    def test_wheel_keeps_what_is_under_it(self):
        before = self.view()
        origin = ScrollOrigin.from_element(self.map, 100, -50)
        ActionChains(self.b.driver).scroll_from_origin(origin, 0, -300).perform()
        after = self.view()
        self.assertGreater(after[2], 1.2 * before[2])
        self.assertAlmostEqual(before[0] + 100 / before[2], after[0] + 100 / after[2], 2)
        self.assertAlmostEqual(before[1] + 50 / before[2], after[1] + 50 / after[2], 2)

    def test_drag(self):
        self.map.send_keys("++++")
        before = self.view()
        ActionChains(self.b.driver).move_to_element_with_offset(self.map, 0, 0).click_and_hold() \
            .move_by_offset(60, 0).move_by_offset(0, 40).release().perform()
        after = self.view()
        self.assertAlmostEqual((before[0] - after[0]) * before[2], 60, 0)
        self.assertAlmostEqual((after[1] - before[1]) * before[2], 40, 0)

    def test_pinch(self):
        box = self.b.js("const r = arguments[0].getBoundingClientRect();"
                        "return [r.left + r.width / 2, r.top + r.height / 2]", self.map)
        before = self.view()

        def fingers(kind, apart):
            self.b.cdp("Input.dispatchTouchEvent", type=kind, touchPoints=[] if apart is None else
                       [{"x": box[0] - apart, "y": box[1], "id": 0},
                        {"x": box[0] + apart, "y": box[1], "id": 1}])
        fingers("touchStart", 30)
        for apart in (40, 60, 90):
            fingers("touchMove", apart)
        fingers("touchEnd", None)
        self.assertAlmostEqual(self.view()[2] / before[2], 3, 1)

    def test_buttons(self):
        first = self.view()
        self.b.get("closer").click()
        self.assertGreater(self.view()[2], first[2])
        self.b.get("whole").click()
        self.assertEqual(self.view(), first)


class Looking(Case):
    def test_exemplars_by_key(self):
        picked = np.load(f"{at}/picked.npy")
        for at_rank in (0, 1):
            self.map.send_keys("n")
            row = int(picked[at_rank])
            self.assertEqual(self.told_row(), row)
            np.testing.assert_array_equal(self.picture("exemplars", at_rank),
                                          x[row][..., None].repeat(3, 2))
            self.b.until(lambda: f"Row {row}," in self.b.js(
                "return document.getElementById('live').textContent"))
            self.assertTrue(self.b.get("ring").is_displayed())
        self.map.send_keys("p")
        self.assertEqual(self.told_row(), picked[0])

    def test_hover(self):
        """Of rows that are no exemplars too; what is shown is the row that is named."""
        picked, seen = set(np.load(f"{at}/picked.npy").tolist()), set()
        size = self.map.size
        for i in range(60):
            self.at_pixel(int((i % 10 - 4.5) / 11 * size["width"]), int((i // 10 - 2.5) / 8 * size["height"]))
            row = self.told_row()
            if row is None or row in seen or row in picked:
                continue
            seen.add(row)
            coarse = np.floor(x[row] / 255 * 15 + 0.5) * 17
            np.testing.assert_array_equal(self.picture("rows", row)[..., 0], coarse)
            self.assertIn(f"class {y[row]}", self.b.get("told").text)
            if len(seen) == 5:
                return
        self.fail(f"only rows {seen} were found")

    def test_classes(self):
        all_shown = self.drawn()
        boxes = self.b.driver.find_elements(By.CSS_SELECTOR, "#legend input[data-class]")
        boxes[1].send_keys(Keys.SPACE)
        without = self.drawn()
        self.assertTrue(0.4 * all_shown < without < 0.9 * all_shown, (without, all_shown))
        self.b.get("classes-none").click()
        self.assertEqual(self.drawn(), 0)
        boxes[1].send_keys(Keys.SPACE)
        self.assertAlmostEqual(self.drawn(), all_shown - without, delta=0.05 * all_shown)
        self.b.get("classes-all").click()
        self.assertEqual(self.drawn(), all_shown)

    def test_layers(self):
        both = self.drawn()
        self.b.get("show-rows").click()
        alone = self.drawn()
        self.assertTrue(0 < alone < both)
        self.b.get("show-exemplars").click()
        self.assertEqual(self.drawn(), 0)

    def test_gallery(self):
        picked = np.load(f"{at}/picked.npy")
        shots = self.b.driver.find_elements(By.CSS_SELECTOR, "#gallery button")
        self.assertEqual([int(s.get_attribute("data-row")) for s in shots], picked.tolist())
        shots[7].send_keys(Keys.ENTER)
        self.assertEqual(self.told_row(), picked[7])
        self.b.js("const s = document.getElementById('only'); s.value = '2';"
                  "s.dispatchEvent(new Event('change'))")
        shots = self.b.driver.find_elements(By.CSS_SELECTOR, "#gallery button")
        self.assertEqual([int(s.get_attribute("data-row")) for s in shots],
                         [i for i in picked if y[i] == 2])


class Others(unittest.TestCase):
    def setUp(self):
        self.b = browser

    def test_names(self):
        names = ["<script>alert(1)</script>", "<img src=x onerror=alert(2)>", "a&amp;b"]
        for i in range(60):
            place = f"{at}/set/" + names[i % 3].replace("/", "\u2215")
            os.makedirs(place, exist_ok=True)
            Image.fromarray(x[i]).save(f"{place}/{i:02}.png")
        write("names.html", "set", "--count", 9, "--perplexity", 5)
        self.b.open(f"{at}/names.html")
        shown = [e.text for e in self.b.driver.find_elements(By.CSS_SELECTOR, "#legend .name")]
        self.assertEqual(sorted(shown), sorted(n.replace("/", "\u2215") for n in names))
        self.assertEqual(self.b.driver.find_elements(By.TAG_NAME, "img"), [])
        self.assertEqual(self.b.complaints(), [])

    def test_many_classes(self):
        rng = np.random.default_rng(4)
        labels = rng.integers(0, 40, ROWS)
        np.save(f"{at}/many.npy", labels)
        write("many.html", "x.idx", "--labels", "many.npy", "--no-labels", "--count", 60)
        self.b.open(f"{at}/many.html")
        search = self.b.driver.find_element(By.CSS_SELECTOR, "#legend input[type=search]")
        search.send_keys("39")
        seen = [e.text for e in self.b.driver.find_elements(By.CSS_SELECTOR, "#legend li")
                if e.is_displayed()]
        self.assertEqual(len(seen), 1)
        self.assertIn(f"of {(labels == 39).sum()}", seen[0])
        self.assertEqual(self.b.complaints(), [])
        inside = self.b.js("const l = document.querySelector('.classes').getBoundingClientRect(),"
                           "m = document.getElementById('map').getBoundingClientRect();"
                           "return l.bottom <= m.bottom + 2")
        self.assertTrue(inside)

    def test_neither_labels_nor_images(self):
        np.save(f"{at}/flat.npy", x.reshape(ROWS, -1).astype(np.float32))
        write("flat.html", "flat.npy", "--count", 30)
        self.b.open(f"{at}/flat.html")
        self.assertEqual(len(self.b.driver.find_elements(By.CSS_SELECTOR, "#list tbody tr")), 30)
        self.assertFalse(self.b.get("classes-part").is_displayed())
        self.b.get("map").send_keys("n")
        self.assertIn("exemplar 1 of 30", self.b.get("told").text)
        self.assertEqual(self.b.complaints(), [])

    def test_without_webgl(self):
        plain = Browser("--disable-3d-apis")
        try:
            plain.open(f"{at}/page.html")
            self.assertEqual(plain.get("map").get_attribute("data-painter"), "2d")

            def drawn():
                plain.frame()
                return int((plain.canvas("#map > canvas")[..., 3] > 0).sum())
            before = drawn()
            self.assertGreater(before, 1000)
            plain.get("map").send_keys("+")
            self.assertNotEqual(drawn(), before)
            plain.get("classes-none").click()
            self.assertEqual(drawn(), 0)
            self.assertEqual(plain.complaints(), [])
        finally:
            plain.close()


if __name__ == "__main__":
    unittest.main()
