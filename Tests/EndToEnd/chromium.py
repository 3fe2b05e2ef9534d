"""A real headless Chromium that plays manifests side by side, and what is asked of every playback."""

import functools
import http.server
import os
import shutil
import threading
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from sluice import read_strips

PLAYERS = os.environ.get("SLUICE_PLAYERS")
RATE = 30
SIZE = {"width": 320, "height": 180}
LONGEST_STALL = 0.5
FRAME_TOLERANCE = 0.01
# The least part of the wall's time that plays: without a sound card the clock of a busy machine runs a little slow.
LEAST_SPEED = 0.75
# What leaves less of the processors idle, or stands still for longer, is no machine to judge a playback on.
LEAST_IDLE = 0.1
LONGEST_PAUSE = 0.25

FLAGS = [
    "--autoplay-policy=no-user-gesture-required", "--disable-gpu", "--mute-audio", "--disable-background-networking",
    "--disable-component-update", "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows",
    "--disable-background-timer-throttling", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
]


class PageHandler(http.server.SimpleHTTPRequestHandler):
    """player/ at the root, and the publishers' own files below /players/."""

    def log_message(self, *_):
        pass

    def translate_path(self, path):
        if path.startswith("/players/") and PLAYERS:
            return str(Path(PLAYERS) / Path(path).name)
        return super().translate_path(path)


class Browser:
    """One Chromium with the test page, until `close()`."""

    def __init__(self, directory):
        self.directory = Path(directory)
        folder = str(Path(__file__).parent / "player")
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(PageHandler, directory=folder))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.page = f"http://127.0.0.1:{self.server.server_port}/page.html"
        self.playwright = sync_playwright().start()
        self.chromium = self.playwright.chromium.launch(
            executable_path=shutil.which("chromium") or "/usr/bin/chromium", headless=True, args=FLAGS)

    def play(self, seconds, playbacks, pictures=True):
        """Plays {name: (player, URL, licence URL)} at the same time, each until `seconds` of media have played; with
        `pictures` what is to be seen is looked at every two seconds."""
        watched = {name: Playback(self, name, seconds, *what, pictures=pictures) for name, what in playbacks.items()}
        before = processor_times()
        while not all([one.step() for one in watched.values()]):
            time.sleep(0.5)
        for one in watched.values():
            one.close()
        idle, total = (after - earlier for after, earlier in zip(processor_times(), before))
        for one in watched.values():
            one.idle = idle / max(total, 1)
        return watched

    def close(self):
        self.chromium.close()
        self.playwright.stop()
        self.server.shutdown()


class Playback:
    """One page that plays; `judge` says what was wrong with it, and what was measured."""

    # Seconds for the start-up.
    PATIENCE = 60.0

    def __init__(self, browser, name, seconds, player, url, licence, pictures=True):
        self.name = name
        self.looks = pictures
        self.seconds = seconds
        self.folder = browser.directory / name.replace(" ", "-")
        self.folder.mkdir(exist_ok=True)
        self.context = browser.chromium.new_context(viewport=SIZE)
        self.page = self.context.new_page()
        self.console, self.failures, self.key_urls = [], [], set()
        self.page.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.console.append(f"error: {error}"))
        self.page.on("request", self._requested)
        self.page.on("response", self._answered)
        self.page.goto(browser.page)
        self.opened = time.monotonic()
        self.pictures = []
        self.report = None
        self.idle = None
        self.page.evaluate("config => void start(config)", {"player": player, "url": url, "licence": licence})

    def _requested(self, request):
        if "/keys/" in request.url:
            self.key_urls.add(request.url)

    def _answered(self, response):
        if response.status >= 400:
            self.failures.append(f"{response.status} {response.url}")

    def step(self):
        """Looks at the page; true when there is no more to wait for."""
        if not self.looks or time.monotonic() - self.opened < 2 * (len(self.pictures) + 1):
            return self._is_over()
        path = self.folder / f"{len(self.pictures):03}.png"
        now = "[performance.now() / 1000, document.getElementById('video').currentTime]"
        before = self.page.evaluate(now)
        self.page.screenshot(path=path, clip={"x": 0, "y": 0, **SIZE})
        self.pictures.append((before, self.page.evaluate(now)))
        return self._is_over()

    def _is_over(self):
        before = self.report["samples"] if self.report else []
        self.report = self.page.evaluate("since => report(since)", len(before))
        self.report["samples"] = before + self.report["samples"]
        begin = self.begin()
        if self.report["errors"]:
            return True
        if begin is None:
            return time.monotonic() - self.opened > self.PATIENCE
        ran, played = (self.report["samples"][-1][what] - self.report["samples"][begin][what] for what in (0, 1))
        return played >= self.seconds or ran > self.seconds / LEAST_SPEED

    def begin(self):
        """The index of the first sample before which time ran for a second: the start-up is over, and the decoder
        as far ahead as it stays."""
        samples = self.report["samples"]
        late = 0
        for wall, media, frames, _ in samples:
            while late < len(samples) and samples[late][0] < wall + 1:
                late += 1
            if late == len(samples):
                return None
            if frames and samples[late][1] - media > 0.8 and samples[late][1] - media < 1.5:
                return late
        return None

    def close(self):
        self.context.close()

    def stalls(self, samples):
        """Lengths of the stretches in which the time stood still, in seconds."""
        found, since = [], samples[0]
        for sample in samples[1:]:
            if sample[1] != since[1]:
                since = sample
            elif sample[0] - since[0] > 0.1:
                if found and found[-1][0] == since[0]:
                    found.pop()
                found.append((since[0], sample[0] - since[0]))
        return [length for _, length in found]

    def pause(self):
        """The longest time after the start-up between two samples, of which the page takes one each 50 ms: for so long
        it did nothing, nor did perhaps the machine, whose counters know nothing of the time in which it may not run."""
        walls = [sample[0] for sample in self.report["samples"][self.begin() or 0:]]
        return max((later - earlier for earlier, later in zip(walls, walls[1:])), default=0.0)

    @property
    def was_disturbed(self):
        return self.idle < LEAST_IDLE or self.pause() > LONGEST_PAUSE

    def judge(self, distinct_keys):
        """(complaints, figures) of the stretch after the start-up."""
        report, begin = self.report, self.begin()
        keys = {id for id, status in report["keyStatuses"].items() if status == "usable"} | self.key_urls
        figures = {"version": report["version"], "keys": len(keys), "idle": f"{self.idle:.0%}",
                   "pause": round(self.pause(), 2)}
        complaints = [*report["errors"], *self.failures, *(line for line in self.console if "error" in line)]
        if begin is None:
            return [*complaints, "never ran for a second"], figures
        samples = report["samples"][begin:]
        (wall, media, frames, dropped), last = samples[0], samples[-1]
        ran, played, decoded = last[0] - wall, last[1] - media, last[2] - frames
        waits = [end - start for start, end in report["waits"] if start >= wall]
        longest = max([*waits, *self.stalls(samples), 0.0])
        numbers = self.strips(wall)
        figures |= {
            "since": round(wall, 1), "seconds": round(ran, 2), "played": round(played, 2), "decoded": decoded,
            "expected": round(played * RATE), "dropped": last[3] - dropped, "stall": round(longest, 2),
            "pictures": f"{len(numbers)} of {len(self.pictures)} read"}
        if longest > LONGEST_STALL:
            complaints.append(f"stood still for {longest:.2f} s")
        if not self.seconds <= played < ran + LONGEST_STALL:
            complaints.append(f"played {played:.2f} s in {ran:.2f} s")
        if abs(decoded - played * RATE) > FRAME_TOLERANCE * played * RATE:
            complaints.append(f"decoded {decoded} frames of {played * RATE:.0f}")
        if not report["audioBytes"]:
            complaints.append("decoded no sound")
        if len(keys) < distinct_keys:
            complaints.append(f"used {len(keys)} keys, not {distinct_keys}")
        complaints += self.picture_complaints(numbers)
        return complaints, figures

    def strips(self, since):
        """[(earliest, latest currentTime, frame number)] of the screenshots after `since` whose strip can be read."""
        if not self.pictures:
            return []
        numbers, _ = read_strips(self.folder / "%03d.png", SIZE["width"], options=("-f", "image2"))
        return [(before[1], after[1], number) for (before, after), number in zip(self.pictures, numbers)
                if number is not None and before[0] >= since]

    @staticmethod
    def picture_complaints(numbers):
        """The picture must be the encoder's, and go on as time does: a wrong key shows something else, or nothing."""
        if len(numbers) < 5:
            return [f"only {len(numbers)} screenshots show the encoder's picture"]
        complaints = []
        for (early, late, number), (next_early, next_late, next_number) in zip(numbers, numbers[1:]):
            went = (next_number - number) / RATE
            if not next_early - late - 0.3 < went < next_late - early + 0.3:
                complaints.append(f"the picture went on by {went:.2f} s between {early:.2f} and {next_early:.2f}")
        return complaints


def processor_times():
    """(idle, total) ticks of all processors since the machine started."""
    times = [int(text) for text in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return times[3] + times[4], sum(times)
