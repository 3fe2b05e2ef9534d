"""A well-behaved viewer that holds a clock beside what it sees: how late a segment is listed, and how long it takes to get it.
It comes from an address of its own, as limits are by address."""

import http.client
import re
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin, urlsplit


@dataclass
class Sight:
    """A segment or part that was seen: when, how long after its end, how long it took to fetch; in seconds."""

    at: float
    number: float
    late: float
    fetched: float


@dataclass
class Place:
    number: float
    url: str
    end: float
    is_part: bool


def places(text, url):
    """Segments and parts of a media playlist with the time of day at which each ends."""
    number, at, part, part_at, found = int(re.search(r"MEDIA-SEQUENCE:(\d+)", text)[1]), None, 0, None, []
    duration = 0.0
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name == "#EXT-X-PROGRAM-DATE-TIME":
            at = datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
            part_at = at
        elif name == "#EXTINF":
            duration = float(value.split(",")[0])
        elif name == "#EXT-X-PART":
            part_at = (part_at or 0) + float(re.search(r"DURATION=([\d.]+)", value)[1])
            found.append(Place(number + part / 100, urljoin(url, re.search(r'URI="([^"]+)"', value)[1]), part_at, True))
            part += 1
        elif line and not line.startswith("#"):
            at = part_at = (at or 0) + duration
            found.append(Place(number, urljoin(url, line), at, False))
            number, part = number + 1, 0
    return found


class Viewer(threading.Thread):
    """Looks at one media playlist five times a second, or by blocking reloads, and fetches everything new once."""

    def __init__(self, origin, path, address, is_low_latency=False):
        super().__init__(daemon=True)
        self.origin, self.path, self.address, self.is_low_latency = origin, path, address, is_low_latency
        self.is_over = threading.Event()
        self.sights, self.failures, self.answers = [], [], []
        self.connection = None

    def get(self, path, body=True):
        """An answer, or None where there was none in 20 s; whoever is closed upon comes again."""
        for attempt in range(2):
            if self.connection is None:
                parts = urlsplit(self.origin)
                self.connection = http.client.HTTPConnection(
                    parts.hostname, parts.port, timeout=20, source_address=(self.address, 0))
            try:
                began = time.monotonic()
                self.connection.request("GET", path)
                response = self.connection.getresponse()
                data = response.read()
                if response.status != 200:
                    self.failures.append((time.time(), f"{path}: {response.status}"))
                    return None
                return data, time.monotonic() - began
            except (OSError, http.client.HTTPException) as error:
                self.connection.close()
                self.connection = None
                if attempt:
                    self.failures.append((time.time(), f"{path}: {error!r}"))
        return None

    def run(self):
        newest, query, gone = 0, "", None
        while not self.is_over.is_set():
            answer = self.get(self.path + query)
            now = time.time()
            if answer is None:
                time.sleep(0.2)
                continue
            text = answer[0].decode()
            if not self.is_low_latency:
                self.answers.append((now, answer[1]))
            listed = [one for one in places(text, self.path) if one.is_part == self.is_low_latency]
            for one in listed if newest else listed[-1:]:
                if one.number > newest:
                    gone = one.number - newest if newest else 0
                    if not self.is_low_latency and gone > 1:
                        self.failures.append((now, f"{self.path}: {gone - 1:g} segments before {one.number} went by unseen"))
                    newest = one.number
                    media = self.get(one.url)
                    if media:
                        self.sights.append(Sight(now, one.number, now - one.end, media[1]))
            hint = re.search(r'#EXT-X-PRELOAD-HINT:[^\n]*URI="[^"]*/(\d+)\.(\d+)\.m4s"', text)
            if self.is_low_latency and hint:
                query = f"?_HLS_msn={hint[1]}&_HLS_part={hint[2]}"
            else:
                query = ""
                time.sleep(0.2)
        if self.connection:
            self.connection.close()

    def between(self, begin, end):
        return [one for one in self.sights if begin <= one.at < end]
