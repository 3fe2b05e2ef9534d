"""Viewers that go on looking while the daemon is killed: what may never happen to them."""

import hashlib
import http.client
import random
import threading
import time
import urllib.error
from dataclasses import dataclass, field

import decryption
import verify_dash
from playlists import media
from provider_faults import Checker, Segment
from sluice import get

#: While nobody answers, a viewer tries again: connections refused, reset and cut short.
AWAY = (OSError, urllib.error.URLError, http.client.HTTPException)


@dataclass
class Viewer:
    """Follows one endpoint of one channel over the daemon's deaths, and fetches everything that it lists."""

    sluice: object
    channel: str
    endpoint: str
    #: How long the daemon may be away.
    patience: float = 30
    failures: list = field(default_factory=list)
    #: (time, newest number) of each look that found one.
    looks: list = field(default_factory=list)
    #: By path: the hash of what was there.
    seen: dict = field(default_factory=dict)
    #: By number, of the picture.
    segments: dict = field(default_factory=dict)
    headers: dict = field(default_factory=dict)
    sequence: tuple = (0, 0)
    again: int = 0

    def fetch(self, path):
        """The answer, as soon as somebody answers."""
        began = time.monotonic()
        while True:
            try:
                return get(f"{self.sluice.origin}{path}")
            except AWAY as error:
                if time.monotonic() - began > self.patience:
                    return 0, {}, repr(error).encode()
                time.sleep(0.05)

    def run(self, stopping):
        while not stopping.wait(random.uniform(0.3, 0.7)):
            try:
                self.look()
            except AWAY:
                continue
            except AssertionError as error:
                self.failures.append(f"{self.channel}/{self.endpoint}: {error}")

    def look(self):
        base = f"/{self.channel}/{self.endpoint}"
        if self.endpoint == "dash":
            code, _, body = self.fetch(f"{base}/index.mpd")
            if not self.is_served(code, "the MPD"):
                return
            found = []
            for track in verify_dash.tracks(f"{base}/index.mpd", body):
                found += [(number, url, track.kid, {}, track.init) for number, url, _, _ in track.segments
                          if track.kind == "video"]
            sequence = (found[0][0] if found else 0, 0)
        else:
            path = f"{base}/low/playlist.m3u8"
            listed = media(f"{self.sluice.origin}{path}")
            if not self.is_served(listed.code, "the playlist"):
                return
            found = [(entry.number, self.path(entry.url), None, entry.key, self.path(entry.map))
                     for entry in listed.entries if not entry.is_gap]
            sequence = (listed.sequence, listed.discontinuity_sequence)
        if sequence[0] < self.sequence[0] or sequence[1] < self.sequence[1]:
            self.failures.append(f"{base}: sequences went back from {self.sequence} to {sequence}")
        self.sequence = sequence
        if not found:
            return
        if self.looks and found[-1][0] < self.looks[-1][1]:
            self.failures.append(f"{base}: the newest was {self.looks[-1][1]} and is {found[-1][0]}")
        self.looks.append((time.time(), found[-1][0]))
        for number, path, kid, key, header in found:
            if path not in self.seen:
                self.take(number, path, kid, key, header)
        # One that was there before, still the same.
        _, path, *_ = random.choice(found)
        code, _, body = self.fetch(path)
        self.again += 1
        if code != 200 or hashlib.sha256(body).digest() != self.seen.get(path):
            self.failures.append(f"{path}: {code}, not what it was before")

    def path(self, url):
        return "/" + url.split("/", 3)[3] if url else ""

    def is_served(self, code, what):
        if code != 200 and self.looks:
            self.failures.append(f"{self.channel}/{self.endpoint}: {code} for {what}")
        return code == 200

    def take(self, number, path, kid, key, header_path):
        header = b""
        if header_path:
            if header_path not in self.headers:
                code, _, self.headers[header_path] = self.fetch(header_path)
                if code != 200:
                    self.failures.append(f"{header_path}: {code} while it is listed")
            header = self.headers[header_path]
        code, _, body = self.fetch(path)
        if code != 200 or not body:
            self.failures.append(f"{path}: {code} while it is listed")
            return
        self.seen[path] = hashlib.sha256(body).digest()
        if kid is None and header:
            how = decryption.track_encryption(header)
            kid = how.kid if how else None
        elif kid is None and key:
            kid = key["URI"].rsplit("/", 1)[1].split("?")[0].replace("-", "").lower()
        self.segments[number] = Segment(number, kid, key, body, header, path)


class Audience:
    """All viewers of some channels. To be used with `with`."""

    def __init__(self, sluice, channels, endpoints):
        self.sluice, self.channels, self.stopping = sluice, channels, threading.Event()
        self.viewers = {(channel, endpoint): Viewer(sluice, channel, endpoint)
                        for channel in channels for endpoint in endpoints}
        self.threads = [threading.Thread(target=viewer.run, args=(self.stopping,)) for viewer in self.viewers.values()]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    @property
    def failures(self):
        return [failure for viewer in self.viewers.values() for failure in viewer.failures]

    def newest(self):
        return min(viewer.looks[-1][1] if viewer.looks else 0 for viewer in self.viewers.values())

    def judge(self, secret):
        """Opens every protected segment with the key that it names: it is the clear one of its number.

        Gives how many were opened, and what is wrong."""
        checker, count, wrong = Checker(secret, 1, 0), 0, []
        for (channel, endpoint), viewer in self.viewers.items():
            if endpoint == "clear":
                continue
            clear = self.viewers[channel, "clear"].segments
            for number, segment in list(viewer.segments.items()):
                if number not in clear:
                    continue
                count += 1
                if segment.kid is None:
                    problem = "no key is announced"
                else:
                    problem = checker.opens(endpoint, segment, checker.clear_slices(clear[number]),
                                            checker.keys[segment.kid])
                if problem:
                    wrong.append(f"{segment.path}: {problem}")
        return count, wrong


class Encoders:
    """One for each channel, started again as soon as it ends while a daemon is there. To be used with `with`."""

    def __init__(self, sluice, channels, path):
        self.sluice, self.channels, self.video = sluice, channels, path
        self.stopping = threading.Event()
        self.running = {}
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stopping.wait(0.05):
            for channel in self.channels:
                encoder = self.running.get(channel)
                if encoder and encoder.child.poll() is None:
                    continue
                if self.sluice.daemon.child.poll() is None:
                    if encoder:
                        self.sluice.encoders.remove(encoder)
                    self.running[channel] = self.sluice.push_file(self.video, channel=channel)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()
