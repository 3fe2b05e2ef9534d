"""A stop of the key server around rotations, watched from outside: what was listed when, and under which key it is.

Used by test_key_failure.py and, in its long form, by Tools/verify/key-outage.
"""

import subprocess
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playlists import media, media_url
from sluice import get, wait_for


@dataclass
class Look:
    """One look at an endpoint's playlists."""

    at: float
    code: int
    headers: object
    last: int


@dataclass
class Watch:
    """Polls one HLS endpoint like a player, and fetches every segment as soon as it is listed."""

    sluice: object
    endpoint: str
    looks: list = field(default_factory=list)
    #: By number: its key's attributes, its bytes, its header's URL, and when it was fetched.
    segments: dict = field(default_factory=dict)
    failures: list = field(default_factory=list)

    def run(self, stopping):
        url = None
        while not stopping.wait(0.25):
            started = time.time()
            if url is None:
                url = media_url(self.sluice.url(self.endpoint))
                if url is None:
                    code, headers, _ = get(self.sluice.url(self.endpoint))
                    self.looks.append(Look(started, code, headers, 0))
                    continue
            found = media(url)
            self.looks.append(Look(started, found.code, found.headers, found.last))
            for entry in found.entries:
                if entry.number in self.segments or entry.is_gap:
                    continue
                code, _, body = get(entry.url)
                if code == 200:
                    self.segments[entry.number] = (entry.key, body, entry.map, time.time())
                else:
                    self.failures.append(f"{self.endpoint}: {entry.url} answers {code} while it is listed")

    @property
    def withheld(self):
        return [look for look in self.looks if look.code == 503]

    def longest_wait(self, begin, end):
        """The longest time between two new segments that viewers saw in a stretch of time."""
        times = [begin]
        newest = 0
        for look in self.looks:
            if begin <= look.at <= end and look.last > newest:
                newest = look.last
                times.append(look.at)
        return max((b - a for a, b in zip(times, times[1:])), default=end - begin)


class Watchers:
    """A watch of each endpoint on threads of their own."""

    def __init__(self, sluice, endpoints):
        self.stopping = threading.Event()
        self.watches = {endpoint: Watch(sluice, endpoint) for endpoint in endpoints}
        self.threads = [threading.Thread(target=watch.run, args=[self.stopping]) for watch in self.watches.values()]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self.watches

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def outage(sluice, rotation, until_withheld, seconds):
    """Stops the key server shortly before a rotation whose key is held already, and starts it again after `seconds`,
    or, where `until_withheld()` is given, some time after it is true. Gives (stopped, started) by the wall's clock."""
    stopped, _ = begin_outage(sluice, rotation)
    return stopped, end_outage(sluice, until_withheld, seconds)


def begin_outage(sluice, rotation):
    """(stopped, end): when the key server stopped, and when the last of the periods ends whose keys are held then."""

    def is_time():
        # Not at the last moment: the rotation is to come after the stop.
        return 1.5 < rotation - time.time() % rotation < 2.5 and all(
            key["isCurrentHeld"] and key["isNextHeld"] for key in sluice.status()["keys"])

    wait_for("a rotation comes, and its key is held", is_time, 120 + 2 * rotation, 0.05)
    sluice.keys.stop()
    stopped = time.time()
    # Where it came before the stop all the same, one period less is held.
    [end] = {(key["currentPeriod"] + (2 if key["isNextHeld"] else 1)) * rotation for key in sluice.status()["keys"]}
    return stopped, end


def end_outage(sluice, until_withheld, seconds):
    if until_withheld:
        wait_for("manifests are withheld", until_withheld, seconds)
        time.sleep(4)
    else:
        time.sleep(seconds)
    sluice.start_keys()
    return time.time()


def is_transport_stream(data):
    return len(data) >= 188 and all(data[at] == 0x47 for at in range(0, len(data) - 187, 188))


def sync_bytes(data):
    """The share of packet starts that look like a transport stream's; 1/256 by chance."""
    starts = range(0, len(data) - 187, 188)
    return sum(data[at] == 0x47 for at in starts) / max(len(starts), 1)


def decrypt(data, key, iv):
    """By OpenSSL's command line; nothing of ours."""
    return subprocess.run(
        ["openssl", "enc", "-d", "-aes-128-cbc", "-K", key.hex(), "-iv", iv.removeprefix("0x")], input=data,
        capture_output=True, check=False).stdout


def key_id(key):
    return urlsplit(key["URI"]).path.rsplit("/", 1)[1]


@dataclass
class Verdict:
    """What the AES-128 segments say, by number: the key period each is encrypted under, and its own."""

    used: dict
    own: dict
    problems: list

    @property
    def exceptions(self):
        return sorted(number for number in self.used if self.used[number] != self.own[number])

    def latest_use(self, rotation, segment):
        """How long after the end of its period the latest segment under a key starts, in seconds."""
        return max((number * segment - (self.used[number] + 1) * rotation for number in self.exceptions), default=0)


def judge(watch, rotation, segment, grace):
    """Decrypts every segment with the key of its own KID, and counts how far each key went beyond its period."""
    verdict = Verdict({}, {}, list(watch.failures))
    keys, first = {}, {}
    for number in sorted(watch.segments):
        kid = key_id(watch.segments[number][0])
        # A key is first used in its own period: nothing is ever encrypted under a key of the future.
        first.setdefault(kid, number * segment // rotation)
    if len(set(first.values())) != len(first):
        verdict.problems.append(f"two keys begin in one period: {first}")
    for number, (key, data, _, _) in sorted(watch.segments.items()):
        kid = key_id(key)
        verdict.used[number], verdict.own[number] = first[kid], number * segment // rotation
        if kid not in keys:
            code, _, keys[kid] = get(key["URI"])
            if code != 200 or len(keys[kid]) != 16:
                verdict.problems.append(f"the key server does not give {kid}: {code}")
        if key["METHOD"] != "AES-128" or sync_bytes(data) > 0.1:
            verdict.problems.append(f"segment {number} is clear")
        if not is_transport_stream(decrypt(data, keys[kid], key["IV"])):
            verdict.problems.append(f"segment {number} does not decrypt with {kid}")
        beyond = number * segment - (first[kid] + 1) * rotation
        if beyond >= grace:
            verdict.problems.append(f"segment {number} starts {beyond} s after the end of its key's period")
    if len(set(keys.values())) != len(keys):
        verdict.problems.append("two KIDs have one key")
    numbers = sorted(verdict.used)
    missing = sorted(set(range(numbers[0], numbers[-1] + 1)) - set(numbers)) if numbers else ["all"]
    if missing:
        verdict.problems.append(f"never listed: {missing}")
    return verdict


def clear_samples(watch, clear):
    """Numbers of CMAF segments that are the clear ones, or whose header does not announce protection."""
    found = []
    for number, (_, data, header, _) in watch.segments.items():
        code, _, initialization = get(header)
        is_announced = code == 200 and b"encv" in initialization and b"tenc" in initialization
        open_text = clear.segments.get(number, (None, b"", "", 0))[1]
        if not is_announced or b"senc" not in data or (open_text and media_data(open_text) in data):
            found.append(number)
    return found


def media_data(segment):
    """The longest mdat's bytes."""
    best, position = b"", 0
    while position + 8 <= len(segment):
        size = int.from_bytes(segment[position:position + 4], "big")
        if segment[position + 4:position + 8] == b"mdat" and size - 8 > len(best):
            best = segment[position + 8:position + size]
        position += max(size, 8)
    return best
