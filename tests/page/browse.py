#!/usr/bin/env python3
"""Opens the topology page in headless Chromium as people do: without JavaScript, by keyboard, in the light and in the
dark, on a phone. Says what is wrong and ends with 1, or how much it has looked at.

    browse.py URL [PICTURES]    where the page is, and the directory that pictures of it go to

It speaks the DevTools protocol over a pipe, so it needs nothing but Python and Chromium."""

import base64
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from urllib.parse import urldefrag, urljoin, urlsplit

PATIENCE = 60
# Widths in CSS pixels: a wide screen, and a small phone (the least that WCAG 2.2, 1.4.10, asks for is 320).
WIDE, PHONE = (1280, 800), (320, 640)
GROUPS = ("well", "ill", "edge", "drift")


class Browser:
    """Chromium, and one page in it."""

    def __init__(self, profile):
        (to_read, self.write), (self.read, to_write) = os.pipe(), os.pipe()
        chromium = os.environ.get("CHROMIUM", "chromium")
        flags = [
            "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--no-first-run", "--disable-gpu",
            "--disable-dev-shm-usage", "--disable-background-networking", "--hide-scrollbars",
            f"--user-data-dir={profile}", "--force-color-profile=srgb", "about:blank",
        ]
        # Chromium reads its third descriptor and writes to its fourth.
        script = f'exec 3<&{to_read} 4>&{to_write} && exec "$@"'
        command = ["sh", "-c", script, "sh", chromium, *flags]
        log = open(os.path.join(profile, "log"), "wb")
        self.process = subprocess.Popen(command, pass_fds=(to_read, to_write), stdin=subprocess.DEVNULL, stdout=log,
                                        stderr=log, env={**os.environ, "HOME": profile})
        os.close(to_read), os.close(to_write)
        self.number, self.rest, self.session, self.events = 0, b"", None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "DOM", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def message(self):
        deadline = time.monotonic() + PATIENCE
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.read], [], [], max(0, deadline - time.monotonic()))
            assert ready, "Chromium does not answer"
            more = os.read(self.read, 1 << 20)
            assert more, "Chromium ended"
            self.rest += more
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.number += 1
        call = {"id": self.number, "method": method, "params": params}
        if self.session:
            call["sessionId"] = self.session
        os.write(self.write, json.dumps(call).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") == self.number:
                assert "error" not in message, f"{method}: {message.get('error')}"
                return message["result"]
            self.events.append(message)

    def wait(self, event):
        while True:
            for place, message in enumerate(self.events):
                if message.get("method") == event:
                    return self.events.pop(place)["params"]
            self.events.append(self.message())

    def open(self, url):
        """Opens a page. Answers with its status."""
        self.events.clear()
        answer = self.call("Page.navigate", url=url)
        assert "errorText" not in answer, f"{url}: {answer.get('errorText')}"
        self.wait("Page.loadEventFired")
        return self.status()

    def status(self):
        answers = [one["params"] for one in self.events if one.get("method") == "Network.responseReceived"]
        pages = [one["response"]["status"] for one in answers if one["type"] == "Document"]
        return pages[-1] if pages else None

    def complaints(self):
        """What Chromium complains of, such as what the policy of the page has kept out."""
        entries = [one["params"]["entry"]["text"] for one in self.events if one.get("method") == "Log.entryAdded"]
        failed = [one["params"] for one in self.events if one.get("method") == "Network.loadingFailed"]
        return entries + [one["errorText"] for one in failed]

    def asked(self):
        """The addresses that the page had Chromium ask for."""
        sent = [one["params"] for one in self.events if one.get("method") == "Network.requestWillBeSent"]
        return [one["request"]["url"] for one in sent]

    def nodes(self, selector):
        """The attributes of all elements that a selector finds."""
        root = self.call("DOM.getDocument", depth=0)["root"]["nodeId"]
        found = self.call("DOM.querySelectorAll", nodeId=root, selector=selector)["nodeIds"]
        pairs = [self.call("DOM.getAttributes", nodeId=node)["attributes"] for node in found]
        return [dict(zip(pair[::2], pair[1::2])) for pair in pairs]

    def text(self):
        """All that is on the page, as its source has it."""
        root = self.call("DOM.getDocument", depth=0)["root"]["nodeId"]
        return self.call("DOM.getOuterHTML", nodeId=root)["outerHTML"]

    def size(self, width, height, is_phone=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=is_phone)

    def scheme(self, scheme):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def too_wide(self):
        """By how much the page is wider than what one sees of it."""
        metrics = self.call("Page.getLayoutMetrics")
        return metrics["cssContentSize"]["width"] - metrics["cssLayoutViewport"]["clientWidth"]

    def key(self, key, text=""):
        codes = {"Tab": 9, "Enter": 13}
        code = {"windowsVirtualKeyCode": codes[key]} if key in codes else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, text=text, **code)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, **code)

    def focused(self):
        """What the keyboard is at, by its role and name."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        for node in nodes:
            properties = {one["name"]: one["value"].get("value") for one in node.get("properties", [])}
            if properties.get("focused") and node["role"]["value"] != "RootWebArea":
                return node["role"]["value"], node.get("name", {}).get("value", "")
        return None, ""

    def ground(self):
        """The colour of the first pixel of the page."""
        clip = {"x": 0, "y": 0, "width": 1, "height": 1, "scale": 1}
        picture = self.call("Page.captureScreenshot", format="png", clip=clip)["data"]
        return base64.b64decode(picture)

    def picture(self, path, height):
        metrics = self.call("Page.getLayoutMetrics")
        width = metrics["cssLayoutViewport"]["clientWidth"]
        clip = {"x": 0, "y": 0, "width": width, "height": min(height, metrics["cssContentSize"]["height"]), "scale": 1}
        data = self.call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def end(self):
        self.process.kill()
        self.process.wait()


def follow(browser, start):
    """Opens every page that a link leads to. Answers with how many there were, and what was on each."""
    seen, left, fragments = {}, [start], []
    while left:
        url = left.pop()
        if url in seen or "format=json" in url:
            continue
        assert browser.open(url) == 200, url
        complaints = browser.complaints()
        assert not complaints, f"{url}: {complaints}"
        elsewhere = [asked for asked in browser.asked() if urlsplit(asked).netloc != urlsplit(start).netloc]
        elsewhere = [asked for asked in elsewhere if not asked.startswith("data:")]
        assert not elsewhere, f"{url} asks for {elsewhere}"
        ids = {node["id"] for node in browser.nodes("[id]")}
        seen[url] = (browser.text(), ids)
        for link in browser.nodes("a[href]"):
            there, fragment = urldefrag(urljoin(url, link["href"]))
            assert urlsplit(there).netloc == urlsplit(start).netloc, f"{url} leads to {there}"
            left.append(there)
            if fragment:
                fragments.append((there, fragment))
    for there, fragment in fragments:
        assert fragment in seen[there][1], f"{there} has no #{fragment}"
    assert len(fragments) > 20, "there are links within pages"
    return {url: text for url, (text, _) in seen.items()}


def says_all(pages):
    """Of each group it is said how it is."""
    of = {name: [text for url, text in pages.items() if "name=" in url and name in url.split("name=")[1]] for name in GROUPS}
    for name, parts in {
        "well": ("all of which take requests",), "ill": ("fails its health checks",), "edge": ("A109 Conflict",),
        "drift": ("elbv2.CreateRule", "failed"),
    }.items():
        assert of[name], f"no page of {name}"
        for part in parts:
            assert any(part in text for text in of[name]), f"{name}: nothing says {part!r}"


def is_used_by_keyboard(browser, start):
    """The search, by the keyboard alone."""
    browser.open(start)
    roles = []
    for _ in range(40):
        browser.key("Tab")
        role, name = browser.focused()
        roles.append((role, name))
        if role == "searchbox":
            break
    assert roles[0] == ("link", "Skip to the content"), roles
    assert roles[-1][0] == "searchbox" and roles[-1][1].startswith("Search"), roles
    for letter in "ill.example":
        browser.key(letter, letter)
    browser.events.clear()
    browser.key("Enter", "\r")
    browser.wait("Page.loadEventFired")
    text = browser.text()
    assert "ill.example.com" in text and "well.example.com" not in text, "the search finds what it should"
    assert browser.nodes("input[type=search]")[0]["value"] == "ill.example"


def fits(browser, pages):
    """No page is wider than a screen, and each has its own look in the light and in the dark."""
    for width, height in (WIDE, PHONE):
        browser.size(width, height, is_phone=(width, height) == PHONE)
        for url in pages:
            browser.open(url)
            assert browser.too_wide() <= 0, f"{url} is too wide by {browser.too_wide()} at {width}"
    browser.size(*WIDE)
    grounds = {}
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        browser.open(next(iter(pages)))
        grounds[scheme] = browser.ground()
    assert grounds["light"] != grounds["dark"], "the dark is as the light"


def take_pictures(browser, start, directory):
    """Of what stands in the README."""
    group = next(url for url in follow.pages if "name=" in url and url.endswith("ill") or "ill&" in url)
    os.makedirs(directory, exist_ok=True)
    for name, url, scheme, size, height in (
        ("hosts", start, "light", WIDE, 700), ("group", group, "dark", WIDE, 1100), ("phone", start, "light", (390, 800), 1100),
    ):
        browser.size(*size, is_phone=size[0] < 700)
        browser.scheme(scheme)
        browser.open(url)
        browser.picture(os.path.join(directory, f"topology-{name}.png"), height)


def main():
    start, pictures = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(profile)
        try:
            browser.call("Emulation.setScriptExecutionDisabled", value=True)
            browser.size(*WIDE)
            follow.pages = follow(browser, start)
            says_all(follow.pages)
            is_used_by_keyboard(browser, start)
            fits(browser, follow.pages)
            for directory in pictures:
                take_pictures(browser, start, directory)
        finally:
            browser.end()
    print(f"{len(follow.pages)} pages, each in two widths")


if __name__ == "__main__":
    main()
