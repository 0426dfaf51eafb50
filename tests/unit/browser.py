# SPDX-License-Identifier: GPL-2.0-only
"""Chromium without a screen, driven by selenium."""
import base64
import io

import numpy as np
from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

__all__ = ["Browser", "By"]


class Browser:
    def __init__(self, *flags, width=1280, height=900):
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage",
                     "--enable-unsafe-swiftshader", f"--window-size={width},{height}", *flags):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_script_timeout(60)

    def close(self):
        self.driver.quit()

    def open(self, path):
        self.driver.get("file://" + path)
        self.until(lambda: self.js("return document.documentElement.dataset.ready") == "yes")

    def js(self, script, *args):
        return self.driver.execute_script(script, *args)

    def wait_js(self, script, *args):
        """A script that calls its last argument when it has ended."""
        return self.driver.execute_async_script(script, *args)

    def until(self, true, seconds=20):
        WebDriverWait(self.driver, seconds, 0.05).until(lambda _: true())

    def cdp(self, command, **args):
        return self.driver.execute_cdp_cmd(command, args)

    def get(self, name):
        return self.driver.find_element(By.ID, name)

    def frame(self):
        """Until what was changed has been drawn."""
        self.wait_js("const done = arguments[0];"
                     "requestAnimationFrame(() => requestAnimationFrame(() => done()))")

    def canvas(self, selector):
        """Its pixels, RGBA."""
        url = self.js("return document.querySelector(arguments[0]).toDataURL('image/png')", selector)
        png = base64.b64decode(url.split(",")[1])
        return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))

    def complaints(self):
        return [e for e in self.driver.get_log("browser") if e["level"] == "SEVERE"]

    def paint(self):
        """Milliseconds to the first paint."""
        self.until(lambda: self.js("return performance.getEntriesByName('first-paint').length"))
        return self.js("return performance.getEntriesByName('first-paint')[0].startTime")

    def pan(self, seconds=2):
        """Frames a second that are drawn while an arrow key is held: key by key with the screen."""
        return self.wait_js("""
            const [seconds, done] = arguments, map = document.getElementById("map");
            const begin = performance.now(), from = Number(map.dataset.frames);
            let n = 0;
            (function step(now) {
                const spent = (performance.now() - begin) / 1000;
                if (spent > seconds)
                    return done((Number(map.dataset.frames) - from) / spent);
                map.dispatchEvent(new KeyboardEvent("keydown", {
                    key: n++ % 8 < 4 ? "ArrowLeft" : "ArrowRight", bubbles: true }));
                requestAnimationFrame(step);
            })();""", seconds)
