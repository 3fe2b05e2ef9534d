"""HLS playlists read with a parser of our own for the tests, and the rules of RFC 8216 that a viewer can see."""

import datetime
import re
import threading
from dataclasses import dataclass, field
from urllib.parse import urljoin

from sluice import get

ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^",]*)(?:,|$)')


def attributes(text):
    """An attribute list as a dictionary. RFC 8216, clause 4.2. Fails on anything that is not one."""
    found = {}
    position = 0
    while position < len(text):
        match = ATTRIBUTE.match(text, position)
        assert match, f"no attribute list: {text}"
        assert match[1] not in found, f"twice in one list: {match[1]}"
        found[match[1]] = match[2].strip('"')
        position = match.end()
    return found


def moment(text):
    """Seconds from the epoch of an EXT-X-PROGRAM-DATE-TIME."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


@dataclass
class Segment:
    number: int
    url: str
    duration: float
    keys: tuple  # attribute dictionaries in force, as sorted tuples
    map: str | None
    time: float | None
    gap: bool
    discontinuity: bool

    @property
    def kid(self):
        """What says which key: the KEYID where there is one, else the UUID that ends the key's URI; None when clear."""
        for items in self.keys:
            key = dict(items)
            return key.get("KEYID", key["URI"].rsplit("/", 1)[-1]).removeprefix("0x").replace("-", "").lower()
        return None

    @property
    def key(self):
        return dict(self.keys[0]) if self.keys else None


@dataclass
class Playlist:
    url: str
    text: str
    version: int = 1
    target: int = 0
    sequence: int = 0
    discontinuities: int = 0
    ended: bool = False
    segments: list = field(default_factory=list)
    changes: list = field(default_factory=list)  # numbers with an EXT-X-KEY or EXT-X-MAP of their own

    @property
    def numbers(self):
        return [segment.number for segment in self.segments]


def fetch_text(url):
    code, headers, body = get(url)
    assert code == 200, f"{code} of {url}: {body[:200]}"
    return body.decode()


def media_playlist(url):
    """A media playlist with the keys, maps and times in force at each segment."""
    return parse_media(url, fetch_text(url))


def parse_media(url, text):
    lines = text.split("\n")
    assert lines[0] == "#EXTM3U" and lines[-1] == "", "starts with #EXTM3U, ends with a line feed"
    playlist = Playlist(url, text)
    keys, fresh, map_url, duration, time, gap, discontinuity = {}, False, None, None, None, False, False
    for line in lines[1:]:
        tag, _, value = line.partition(":")
        if tag == "#EXT-X-VERSION":
            playlist.version = int(value)
        elif tag == "#EXT-X-TARGETDURATION":
            playlist.target = int(value)
        elif tag == "#EXT-X-MEDIA-SEQUENCE":
            playlist.sequence = int(value)
        elif tag == "#EXT-X-DISCONTINUITY-SEQUENCE":
            playlist.discontinuities = int(value)
        elif tag == "#EXT-X-KEY":
            if not fresh:
                keys, fresh = {}, True
            found = attributes(value)
            if found["METHOD"] != "NONE":
                keys[found.get("KEYFORMAT", "identity")] = tuple(sorted(found.items()))
        elif tag == "#EXT-X-MAP":
            map_url = urljoin(url, attributes(value)["URI"])
            playlist.changes.append(playlist.sequence + len(playlist.segments))
        elif tag == "#EXT-X-PROGRAM-DATE-TIME":
            time = moment(value)
        elif tag == "#EXTINF":
            duration = float(value.split(",")[0])
        elif tag == "#EXT-X-GAP":
            gap = True
        elif tag == "#EXT-X-DISCONTINUITY":
            discontinuity = True
        elif tag == "#EXT-X-ENDLIST":
            playlist.ended = True
        elif line and not line.startswith("#"):
            assert duration is not None, f"a URI without EXTINF: {line}"
            number = playlist.sequence + len(playlist.segments)
            playlist.segments.append(Segment(
                number, urljoin(url, line), duration, tuple(keys.values()), map_url, time, gap, discontinuity))
            fresh, duration, time, gap, discontinuity = False, None, None, False, False
    return playlist


@dataclass
class Variant:
    name: str
    url: str
    attributes: dict


def multivariant(url):
    """(video variants, renditions) of a multivariant playlist; the name is the folder its playlist stands in."""
    return parse_multivariant(url, fetch_text(url))


def parse_multivariant(url, text):
    variants, renditions, pending = [], [], None

    def name(target):
        return target.rsplit("/", 2)[-2]

    for line in text.splitlines():
        tag, _, value = line.partition(":")
        if tag == "#EXT-X-STREAM-INF":
            pending = attributes(value)
        elif tag == "#EXT-X-MEDIA":
            found = attributes(value)
            target = urljoin(url, found["URI"])
            renditions.append(Variant(name(target), target, found))
        elif line and not line.startswith("#"):
            target = urljoin(url, line)
            variants.append(Variant(name(target), target, pending))
    assert variants, f"no variant in {url}"
    return variants, renditions


def check_rules(playlist):
    """The rules one media playlist must keep by itself. RFC 8216, clauses 4.3.2, 4.3.3 and 6.2."""
    where = playlist.url
    assert playlist.segments, f"empty: {where}"
    previous = None
    for segment in playlist.segments:
        assert round(segment.duration) <= playlist.target, f"{segment.duration} above the target: {where}"
        if previous is not None:
            same_key = previous.kid == segment.kid
            if playlist.segments[0].map:
                assert (previous.map == segment.map) == same_key, f"EXT-X-MAP and key change apart at {segment.number}"
                assert same_key or segment.number in playlist.changes
            if segment.time is not None and previous.time is not None and not segment.discontinuity:
                drift = segment.time - previous.time - previous.duration
                assert abs(drift) < 0.002, f"EXT-X-PROGRAM-DATE-TIME leaps by {drift} s at {segment.number}: {where}"
        if segment.key:
            needed = 5 if "KEYFORMAT" in segment.key else 2
            assert playlist.version >= needed, f"EXT-X-VERSION {playlist.version} below {needed}: {where}"
        previous = segment
    if playlist.segments[0].map:
        assert playlist.version >= 6, f"EXT-X-MAP needs version 6: {where}"
    if playlist.segments[0].key and playlist.segments[0].key["METHOD"] == "AES-128":
        ivs = [segment.key.get("IV") for segment in playlist.segments]
        assert None not in ivs and len(set(ivs)) == len(ivs), f"an explicit IV of its own for each segment: {where}"


def check_alignment(playlists, frame):
    """That all playlists of one endpoint cut at the same numbers and times; audio within one frame of `frame` seconds
    and never before the picture by more than the playlist's rounding."""
    first = playlists[0]
    for other in playlists[1:]:
        assert other.numbers == first.numbers, f"{other.url} lists {other.numbers}, {first.url} {first.numbers}"
        assert other.target == first.target and other.discontinuities == first.discontinuities
        for one, two in zip(first.segments, other.segments):
            assert one.discontinuity == two.discontinuity and one.gap == two.gap
            assert (one.time is None) == (two.time is None)
            if one.time is not None:
                late = two.time - one.time
                assert -0.0011 <= late <= frame, f"{other.url}: {one.number} is {late} s later than in {first.url}"


def check_periods(playlist, segment_seconds, rotation):
    """That the key changes exactly where floor(segment start / rotation) does, and never returns. Number of keys."""
    kid_of = {}
    for segment in playlist.segments:
        index = segment.number * segment_seconds // rotation
        assert kid_of.setdefault(index, segment.kid) == segment.kid, f"two keys in period {index}: {playlist.url}"
    assert len(set(kid_of.values())) == len(kid_of) and None not in kid_of.values(), f"{kid_of}: {playlist.url}"
    return len(kid_of)


class Watch:
    """Reads every playlist of `endpoints` again and again while the stream runs, as players do, and keeps what breaks
    a rule between two readings: numbers that fall, entries that change, listed media that cannot be had."""

    def __init__(self, sluice, endpoints, interval=1.0):
        self.sluice = sluice
        self.endpoints = endpoints
        self.interval = interval
        self.faults = []
        self.readings = 0
        self.bytes = {}  # URL to the bytes it had at first
        self.announced = {}  # (endpoint, variant) to the lowest BANDWIDTH seen
        self.seen = {}
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        # What a manifest answers before its first segment is no fault of the stream.
        for endpoint in self.endpoints:
            while get(self.sluice.url(endpoint))[0] == 404 and not self.stopping.wait(0.2):
                pass
        while not self.stopping.is_set():
            for endpoint in self.endpoints:
                try:
                    self.read(endpoint)
                except (AssertionError, OSError, ValueError, KeyError) as fault:
                    self.faults.append(f"{endpoint}: {type(fault).__name__} {fault}")
            self.stopping.wait(self.interval)

    def read(self, endpoint):
        url = self.sluice.url(endpoint)
        variants, renditions = multivariant(url)
        for variant in variants:
            key = (endpoint, variant.name)
            bandwidth = int(variant.attributes["BANDWIDTH"])
            self.announced[key] = min(self.announced.get(key, bandwidth), bandwidth)
        for variant in variants + renditions:
            playlist = media_playlist(variant.url)
            check_rules(playlist)
            self.compare(self.seen.get(variant.url), playlist)
            self.seen[variant.url] = playlist
            newest = playlist.segments[-1]
            for media in filter(None, (newest.map, None if newest.gap else newest.url)):
                if media not in self.bytes:
                    code, _, body = get(media)
                    assert code == 200, f"{code} of the newest segment {media}"
                    self.bytes[media] = body
            self.readings += 1

    @staticmethod
    def compare(before, after):
        if before is None:
            return
        assert after.target == before.target, f"the target duration changed: {after.url}"
        assert after.sequence >= before.sequence, f"{after.sequence} after {before.sequence}: {after.url}"
        assert after.discontinuities >= before.discontinuities, f"discontinuity sequence fell: {after.url}"
        assert after.numbers[-1] >= before.numbers[-1], f"{after.numbers[-1]} after {before.numbers[-1]}: {after.url}"
        old = {segment.number: segment for segment in before.segments}
        for segment in after.segments:
            was = old.get(segment.number)
            assert was in (None, segment), f"{segment.number} was {was}, is {segment}"

    def stop(self):
        self.stopping.set()
        self.thread.join(60)
        assert not self.thread.is_alive(), "the watch does not end"
