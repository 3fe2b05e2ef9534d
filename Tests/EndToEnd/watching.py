"""What a viewer of one channel sees while its encoder misbehaves: every playlist is looked at all the time, everything
that is listed is fetched, and in the end all of it is taken apart and decoded."""

import array
import re
import subprocess
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urljoin

from lxml import etree

from playlists import attributes, media
from sluice import get

MPD = "{urn:mpeg:dash:schema:mpd:2011}"
#: Of the pictures and of the sound that are looked for: where the flash box is, how loud a beep is.
LIT, LOUD = 128, 4000
#: Pictures are compared in this size: one row of 28 blocks of the strip, 16 rows of the flash box.
STRIP_BYTES, BOX_BYTES = 28 * 4 * 4, 16 * 16


@dataclass
class Piece:
    """One segment as it was fetched."""

    number: int
    path: str
    seconds: float
    target: int
    body: bytes
    header: bytes
    starts_run: bool


@dataclass
class Viewer:
    """Follows the HLS and DASH endpoints of one channel. To be used with `with`."""

    sluice: object
    channel: str
    failures: list = field(default_factory=list)
    #: By "video" and "audio": number to piece.
    pieces: dict = field(default_factory=lambda: {"video": {}, "audio": {}})
    gaps: set = field(default_factory=set)
    #: By kind: the media sequence and the discontinuity sequence said last.
    sequences: dict = field(default_factory=dict)
    #: (time, newest number) whenever there was a newer one.
    news: list = field(default_factory=list)
    breaks: int = 0
    was_listed: bool = False
    files: dict = field(default_factory=dict)
    paths: dict = field(default_factory=dict)

    def __post_init__(self):
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.stopping.set()
        if self.thread.is_alive():
            self.thread.join()

    def fail(self, text):
        if len(self.failures) < 20:
            self.failures.append(text)

    def run(self):
        while not self.stopping.wait(0.5):
            self.look()
        self.look()

    def look(self):
        try:
            self.find_playlists()
            for kind, url in self.paths.items():
                self.look_at(kind, url)
            if self.paths:
                self.look_at_mpd()
        except OSError as error:
            self.fail(f"the origin does not answer: {error!r}")

    def find_playlists(self):
        if self.paths:
            return
        url = f"{self.sluice.origin}/{self.channel}/hls/index.m3u8"
        code, _, body = get(url)
        if code != 200:
            return
        lines = body.decode().splitlines()
        paths = {"video": urljoin(url, next(line for line in lines if line and not line.startswith("#")))}
        for line in lines:
            if line.startswith("#EXT-X-MEDIA:") and attributes(line).get("TYPE") == "AUDIO":
                paths["audio"] = urljoin(url, attributes(line)["URI"])
        self.paths = paths

    def fetch(self, url):
        """What a URL that is listed gives; each is fetched once."""
        path = "/" + url.split("/", 3)[3]
        if path not in self.files:
            code, _, body = get(url)
            if code != 200 or not body:
                self.fail(f"{path}: {code} with {len(body)} bytes while it is listed")
                body = b""
            self.files[path] = body
        return path, self.files[path]

    def advances(self, kind, sequence):
        before = self.sequences.get(kind, (0, 0))
        if any(now < old for now, old in zip(sequence, before)):
            self.fail(f"{kind}: sequences went back from {before} to {sequence}")
        self.sequences[kind] = sequence

    def look_at(self, kind, url):
        listed = media(url)
        if listed.code != 200:
            if self.was_listed:
                self.fail(f"{kind} playlist: {listed.code}")
            return
        self.advances(kind, (listed.sequence, listed.discontinuity_sequence))
        if not listed.entries:
            return
        self.was_listed = True
        pieces, was_gap = self.pieces[kind], False
        for entry in listed.entries:
            if entry.is_gap:
                self.gaps.add(entry.number)
                was_gap = True
                continue
            if entry.seconds > listed.target + 0.5:
                self.fail(f"{entry.url}: {entry.seconds} s, the target is {listed.target} s")
            if entry.number not in pieces:
                path, body = self.fetch(entry.url)
                _, init = self.fetch(entry.map)
                pieces[entry.number] = Piece(
                    entry.number, path, entry.seconds, listed.target, body, init,
                    entry.is_discontinuity or was_gap)
            was_gap = False
        if kind == "video":
            newest = max(pieces, default=0)
            if newest and (not self.news or newest > self.news[-1][1]):
                self.news.append((time.time(), newest))
            self.breaks = listed.discontinuity_sequence + len(listed.discontinuities)

    def look_at_mpd(self):
        url = f"{self.sluice.origin}/{self.channel}/dash/index.mpd"
        code, _, body = get(url)
        if code != 200:
            if "mpd" in self.sequences:
                self.fail(f"MPD: {code}")
            return
        first = {}
        for period in etree.fromstring(body).iterfind(MPD + "Period"):
            for group in period.iterfind(MPD + "AdaptationSet"):
                template = group.find(MPD + "SegmentTemplate")
                if template is None or template.find(MPD + "SegmentTimeline") is None:
                    continue
                kind, number = group.get("contentType"), int(template.get("startNumber"))
                runs = template.find(MPD + "SegmentTimeline").findall(MPD + "S")
                count = sum(int(run.get("r", 0)) + 1 for run in runs)
                if count:
                    first.setdefault(kind, number)
                for representation in group.iterfind(MPD + "Representation"):
                    name = representation.get("id")
                    for at in range(number, number + count):
                        address = template.get("media").replace("$RepresentationID$", name)
                        self.fetch(urljoin(url, address.replace("$Number$", str(at))))
        if first:
            self.advances("mpd", (first.get("video", 0), first.get("audio", 0)))

    # What was fetched, taken apart

    def runs(self, kind):
        """The pieces that follow each other without a break."""
        found = []
        for number, piece in sorted(self.pieces[kind].items()):
            follows = found and found[-1][-1].number == number - 1 and found[-1][-1].header == piece.header
            if not follows or piece.starts_run:
                found.append([])
            found[-1].append(piece)
        return found


@dataclass
class Samples:
    """The samples of some segments, in decode order: (decode time, presentation time, duration), in ticks."""

    timescale: int
    times: list


def boxes(data, start=0, end=None):
    end = len(data) if end is None else end
    while start + 8 <= end:
        size = int.from_bytes(data[start:start + 4], "big")
        assert 8 <= size <= end - start, f"a box of {size} bytes, {end - start} left"
        yield data[start + 4:start + 8], start + 8, start + size
        start += size


def inner(data, *path):
    """Where the first box at a path begins and ends."""
    start, end = 0, len(data)
    for name in path:
        start, end = next((a, b) for kind, a, b in boxes(data, start, end) if kind == name)
    return start, end


def number(data, start, size=4, signed=False):
    return int.from_bytes(data[start:start + size], "big", signed=signed)


def samples(header, bodies):
    """Of CMAF segments, from their movie fragments. ISO/IEC 14496-12:2022, clauses 8.8.7, 8.8.8 and 8.8.12."""
    start, _ = inner(header, b"moov", b"trak", b"mdia", b"mdhd")
    timescale = number(header, start + (20 if header[start] else 12))
    found = []
    for body in bodies:
        for kind, begin, end in boxes(body):
            if kind != b"moof":
                continue
            track = next((a, b) for name, a, b in boxes(body, begin, end) if name == b"traf")
            duration, time_now = 0, 0
            for name, a, _ in boxes(body, *track):
                flags = number(body, a + 1, 3)
                if name == b"tfhd":
                    at = a + 8 + (8 if flags & 1 else 0) + (4 if flags & 2 else 0)
                    duration = number(body, at) if flags & 8 else 0
                elif name == b"tfdt":
                    time_now = number(body, a + 4, 8 if body[a] else 4)
                elif name == b"trun":
                    at = a + 8 + (4 if flags & 1 else 0) + (4 if flags & 4 else 0)
                    for _ in range(number(body, a + 4)):
                        length = duration
                        if flags & 0x100:
                            length, at = number(body, at), at + 4
                        at += (4 if flags & 0x200 else 0) + (4 if flags & 0x400 else 0)
                        offset = 0
                        if flags & 0x800:
                            offset, at = number(body, at, signed=body[a] > 0), at + 4
                        found.append((time_now, time_now + offset, length))
                        time_now += length
    return Samples(timescale, found)


def decode(path, *arguments):
    """Raw output of a decoder and its error lines."""
    found = subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), *arguments, "-"], capture_output=True, check=False)
    # What the raw output has no times for says nothing: times are looked at in the fragments.
    return found.stdout, [line for line in found.stderr.decode(errors="replace").splitlines()
                          if line.strip() and "increasing dts to muxer" not in line]


@dataclass
class Shown:
    """What a run decodes to."""

    #: (seconds, number of the picture in its clip or None) in order of presentation.
    pictures: list = field(default_factory=list)
    #: When a box turned white, and when a beep began, in seconds.
    flashes: list = field(default_factory=list)
    beeps: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    begin: float = 0
    end: float = 0


def strip_number(row):
    """The number that `sluice.strip_filter` burned in, of 4 rows of 112 grey pixels."""
    blocks = [sum(row[y * 112 + k * 4 + x] for y in (1, 2) for x in (1, 2)) / 4 for k in range(28)]
    bits = [value > 127 for value in blocks]
    valid = bits[0] and not bits[1] and bits[2] and sum(bits[3:27]) % 2 == bits[27]
    return sum(bit << (23 - index) for index, bit in enumerate(bits[3:27])) if valid else None


def check_times(pieces, tolerance):
    """That each sample begins where the one before ends, and that the playlist says how long a segment is."""
    problems, expected = [], None
    for piece in pieces:
        taken = samples(piece.header, [piece.body])
        if not taken.times:
            problems.append(f"{piece.path}: no samples")
            continue
        for at, _, duration in taken.times:
            if expected is not None and at != expected:
                problems.append(f"{piece.path}: a hole of {(at - expected) / taken.timescale:+.3f} s")
            expected = at + duration
        first = taken.times[0][0]
        if abs((expected - first) / taken.timescale - piece.seconds) > tolerance:
            problems.append(f"{piece.path}: {(expected - first) / taken.timescale:.3f} s, it says {piece.seconds} s")
        shown = sorted(one[1] for one in taken.times)
        if any(before == after for before, after in zip(shown, shown[1:])):
            problems.append(f"{piece.path}: two pictures at one time")
    return problems


def show_video(pieces, directory, name, whole):
    shown = Shown(problems=check_times(pieces, 0.05))
    path = directory / f"{name}.mp4"
    path.write_bytes(pieces[0].header + b"".join(piece.body for piece in pieces))
    taken = samples(pieces[0].header, [piece.body for piece in pieces])
    times = sorted(one[1] / taken.timescale for one in taken.times)
    graph = ("[0:v]split[a][b];[a]crop=iw*28/32:iw/32:0:0,scale=112:4:flags=area,format=gray[s];"
             "[b]crop=iw/4:ih/4:iw*5/8:ih*5/8,scale=16:16:flags=area,format=gray,scale=112:4:flags=area[f];"
             "[s][f]vstack")
    raw, errors = decode(path, "-filter_complex", graph, "-fps_mode", "passthrough", "-f", "rawvideo")
    size = STRIP_BYTES * 2
    count = len(raw) // size
    shown.problems += [f"{name}: {line}" for line in errors[:3]]
    if whole and count != len(times):
        shown.problems.append(f"{name}: {len(times)} pictures, {count} decoded")
    was_lit = True
    for index, at in enumerate(times[:count]):
        frame = raw[index * size:(index + 1) * size]
        shown.pictures.append((at, strip_number(frame[:STRIP_BYTES])))
        is_lit = sum(frame[STRIP_BYTES:]) / STRIP_BYTES > LIT
        if is_lit and not was_lit:
            shown.flashes.append(at)
        was_lit = is_lit
    if times:
        shown.begin, shown.end = times[0], times[-1]
    return shown


def show_audio(pieces, directory, name, whole):
    shown = Shown(problems=check_times(pieces, 0.06))
    path = directory / f"{name}.mp4"
    path.write_bytes(pieces[0].header + b"".join(piece.body for piece in pieces))
    taken = samples(pieces[0].header, [piece.body for piece in pieces])
    raw, errors = decode(path, "-af", "aresample=8000", "-ac", "1", "-f", "s16le")
    shown.problems += [f"{name}: {line}" for line in errors[:3]]
    sound = array.array("h", raw[:len(raw) // 2 * 2])
    if not taken.times:
        return shown
    shown.begin = taken.times[0][0] / taken.timescale
    shown.end = (taken.times[-1][0] + taken.times[-1][2]) / taken.timescale
    if whole and abs(len(sound) / 8000 - (shown.end - shown.begin)) > 0.1:
        shown.problems.append(f"{name}: {shown.end - shown.begin:.2f} s of sound, {len(sound) / 8000:.2f} s decoded")
    quiet, index = 0, 0
    while index < len(sound):
        if abs(sound[index]) > LOUD:
            # After silence only: the end of a beep that was cut is none.
            if quiet > 800:
                shown.beeps.append(shown.begin + index / 8000)
            quiet = 0
        else:
            quiet += 1
        index += 1
    return shown


def offsets(flashes, beeps):
    """How far the sound is behind the picture, by flashes that have a beep within a second; in milliseconds."""
    found = []
    for flash in flashes:
        nearest = min((beep - flash for beep in beeps), key=abs, default=None)
        if nearest is not None and abs(nearest) < 0.9:
            found.append(nearest * 1000)
    return found
