"""What many channels in copy mode take: CPU time and memory of the daemon and its workers, and whether viewers of each
channel find every segment. Used by test_load.py and, in its long forms, by Tools/verify/publishers."""

import os
import re
import threading
from dataclasses import dataclass
from pathlib import Path

from playlists import media, media_url
from sluice import children, get

SEGMENT = 2
#: Of the viewers that open what they get.
ENDPOINTS = ("clear", "hls-ts", "hls", "dash")
MIB = 1 << 20


def profile(name, key_url, window=60, segment=SEGMENT, bitrate=20_000_000):
    """A channel that passes picture and sound on, under keys that change each minute; `window` seconds of it are kept,
    which is as long as a player may still ask for what it saw listed: half of that is."""

    def endpoint(id, package, extra, encryption):
        seconds = "manifestWindowSeconds" if package == "dash" else "playlistWindowSeconds"
        text = f"  - {{ id: {id}, package: {package}, {seconds}: {window // 2}, {extra}"
        if encryption:
            text += f", encryption: {{ {encryption}, keyRotationIntervalSeconds: 60, speke: main }}"
        return text + " }"

    endpoints = "\n".join((
        endpoint("clear", "hls", "container: cmaf", None),
        endpoint("hls-ts", "hls", "container: ts, useAudioRenditionGroup: false", "method: AES-128"),
        endpoint("hls", "hls", "container: cmaf", "method: SAMPLE-AES, scheme: cbcs, systems: [clearkey]"),
        endpoint("dash", "dash", "minBufferTimeSeconds: 2, minUpdatePeriodSeconds: 2, segmentTemplate: timeline, "
                 f"suggestedPresentationDelaySeconds: {min(6, window // 2)}, periodTriggers: [keyRotation]",
                 "scheme: cenc, systems: [clearkey]")))
    return f"""
channel: {name}
ingest:
  streamKeys: {{ primary: {{ env: E2E_STREAM_KEY }} }}
  maxBitrate: {bitrate}
video:
  - {{ name: low, codec: copy }}
audio:
  - {{ name: stereo, codec: copy, language: en }}
segmentDurationSeconds: {segment}
partDurationSeconds: 1
storageWindowSeconds: {window // 2}
endpoints:
{endpoints}
speke:
  main:
    url: {key_url}/speke/v2.0/copyProtection
    version: "2.0"
    resourceId: {name}
    authentication: {{ none: {{}} }}
    prefetchSeconds: 30
"""


@dataclass(frozen=True)
class Memory:
    """Of a process, in bytes: what it would free by ending, and that with its share of what it has with others."""

    private: int
    share: int


def memory(pid):
    fields = {name: int(value) * 1024 for name, value in
              re.findall(r"^(\w+):\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)}
    return Memory(fields["Private_Clean"] + fields["Private_Dirty"], fields["Pss"])


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Sample:
    """What everything takes at one moment; memory and CPU of the workers together."""

    at: float
    workers: int
    daemon_cpu: float
    worker_cpu: float
    daemon: Memory
    worker: Memory
    received: int
    #: Bytes of the windows, and what of them is in memory.
    window: int
    window_in_memory: int
    cached: int

    @property
    def daemon_private(self):
        """Without the answers that are kept for viewers, which have a bound of their own for all channels."""
        return self.daemon.private - self.cached

    @property
    def private(self):
        return self.daemon_private + self.worker.private


def sample(sluice, at):
    """Measures now."""
    pid = sluice.daemon.pid
    found = children(pid)
    of_workers = [memory(worker) for worker in found]
    metrics = get(f"{sluice.admin}/metrics")[2].decode()

    def total(name):
        return sum(int(float(value)) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)", metrics, re.M))

    return Sample(
        at, len(found), cpu_seconds(pid), sum(cpu_seconds(worker) for worker in found), memory(pid),
        Memory(sum(one.private for one in of_workers), sum(one.share for one in of_workers)),
        total("sluice_ingest_bytes_total"), total("sluice_window_bytes"), total("sluice_window_memory_bytes"),
        total("sluice_cache_bytes"))


def slope(points):
    """Of the straight line through (time, value): how much the value grows in a second, and that figure's standard
    error."""
    count = len(points)
    middle_x = sum(x for x, _ in points) / count
    middle_y = sum(y for _, y in points) / count
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    rise = sum((x - middle_x) * (y - middle_y) for x, y in points) / spread
    rest = sum((y - middle_y - rise * (x - middle_x)) ** 2 for x, y in points)
    return rise, (rest / max(count - 2, 1) / spread) ** 0.5


class Listing:
    """Looks at one playlist of each channel now and then: nothing may be missing, nothing broken. With `with`, on a
    thread of its own: whoever looks must not be late, or windows have gone by."""

    def __init__(self, sluice, channels, segment=SEGMENT, period=1.0):
        self.sluice, self.segment, self.period = sluice, segment, period
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.urls = dict.fromkeys(channels)
        #: By channel: when it was first seen and its first number; the newest number.
        self.first, self.last = {}, {}
        self.failures = []

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()

    def run(self):
        while not self.stopping.wait(self.period):
            self.look()

    @property
    def is_everywhere(self):
        return len(self.last) == len(self.urls)

    @property
    def segments(self):
        return sum(self.last[channel] - self.first[channel] + 1 for channel in self.last)

    def look(self):
        for channel, url in self.urls.items():
            if url is None:
                url = self.urls[channel] = media_url(f"{self.sluice.origin}/{channel}/clear/index.m3u8")
            if url is not None:
                self.look_at(channel, media(url))

    def look_at(self, channel, listed):
        if not listed.entries:
            if channel in self.last:
                self.failures.append(f"{channel}: {listed.code}, nothing is listed any more")
            return
        if channel not in self.last:
            self.first[channel] = listed.entries[0].number
        elif listed.sequence > self.last[channel] + 1:
            self.failures.append(f"{channel}: from {self.last[channel]} to {listed.sequence} unseen")
        for entry in listed.entries:
            if entry.number <= self.last.get(channel, -1):
                continue
            if entry.is_gap:
                self.failures.append(f"{channel}: {entry.number} is a gap")
            if entry.is_discontinuity:
                self.failures.append(f"{channel}: a discontinuity at {entry.number}")
            if abs(entry.seconds - self.segment) > 0.1 and entry.number > self.first[channel]:
                self.failures.append(f"{channel}: {entry.number} has {entry.seconds} s")
        if listed.last < self.last.get(channel, 0):
            self.failures.append(f"{channel}: from {self.last[channel]} back to {listed.last}")
        self.last[channel] = listed.last

    def judge_progress(self, behind=4):
        """All channels go on at one time: none may be so many segments behind the first."""
        newest = max(self.last.values(), default=0)
        return [f"{channel}: at {number} when others are at {newest}" for channel, number in self.last.items()
                if newest - number > behind]
