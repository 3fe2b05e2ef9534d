"""That a second of the wall clock is the same picture everywhere: EXT-X-PROGRAM-DATE-TIME in HLS, Period starts and
media times in DASH, and the encoder's own number in the picture, which FFmpeg decodes."""

import random
import re
from fractions import Fraction

from lxml import etree

from media_tools import FFMPEG8, run
from sluice import STRIP, strip_numbers

RATE = 30
# EXT-X-PROGRAM-DATE-TIME has milliseconds.
ROUNDING = Fraction(2, 1000)


def frames(path, options=()):
    """[(seconds after the first one that is shown, number)] of a segment's pictures."""
    made = run(FFMPEG8, "-v", "info", "-nostdin", "-copyts", *options, "-i", path, "-map", "0:v:0", "-vf",
               f"{STRIP},showinfo=checksum=0", "-fps_mode", "passthrough", "-f", "rawvideo", "-")
    shown = made.stderr.decode(errors="replace")
    numbers = strip_numbers(made.stdout)
    assert numbers and None not in numbers, f"{path}: {numbers.count(None)} of {len(numbers)} unreadable: {shown[-300:]}"
    base = Fraction(re.search(r"config in time_base: (\d+/\d+)", shown)[1])
    times = [int(pts) * base for pts in re.findall(r"\] n: *\d+ pts: *(\d+) ", shown)]
    assert len(times) == len(numbers), f"{path}: {len(times)} times of {len(numbers)} pictures"
    return [(time - min(times), number) for time, number in zip(times, numbers)]


def hls_segments(capture, endpoint, variant):
    """[(wall clock of the first picture, duration, how to get its file and its decoder's options)]."""
    found, time = [], None
    for segment in capture.playlists[endpoint, variant].segments:
        time = time if segment.time is None else Fraction(str(segment.time))
        assert time is not None, f"{endpoint} {variant}: no EXT-X-PROGRAM-DATE-TIME at {segment.number}"
        found.append((time, Fraction(str(segment.duration)), segment))
        time += Fraction(str(segment.duration))

    def file(segment):
        if endpoint == "hls-ts":
            path = capture.directory / f"{variant}-{segment.number}-plain.ts"
            plain = run("openssl", "enc", "-d", "-aes-128-cbc", "-K", capture.key(segment.kid), "-iv",
                        segment.key["IV"].removeprefix("0x"), "-in", capture.fetch(segment.url))
            path.write_bytes(plain.stdout)
            return path, ()
        path = capture.join(f"{endpoint}-{variant}-{segment.number}.mp4", [segment.map, segment.url])
        return path, ("-decryption_key", capture.key(segment.kid)) if segment.kid else ()

    return [(start, duration, lambda segment=segment: file(segment)) for start, duration, segment in found]


def dash_segments(capture, variant):
    """The same of the MPD: Period@start and what lies between presentationTimeOffset and tfdt."""
    epoch = etree.fromstring(capture.mpd).get("availabilityStartTime")
    assert epoch == "1970-01-01T00:00:00Z", f"availabilityStartTime {epoch}"
    found = []
    for track in capture.dash:
        if track.name != variant:
            continue
        for number, url, time, duration in track.segments:
            data = capture.fetch(url).read_bytes()
            at = data.index(b"tfdt")
            assert data[at + 4] == 1, "tfdt of version 1"
            said = int.from_bytes(data[at + 8:at + 16], "big")
            assert said == time, f"{url}: S@t {time}, tfdt {said}"

            def file(url=url, track=track, number=number):
                path = capture.join(f"dash-{variant}-{number}.mp4", [track.init, url])
                return path, ("-decryption_key", capture.key(track.kid))

            start = track.start + Fraction(said - track.offset, track.timescale)
            found.append((start, Fraction(duration, track.timescale), file))
    return found


def shown_at(segments, second, cache):
    """The number of the picture that is shown at a second of the wall clock."""
    start, _, file = next(one for one in segments if one[0] - ROUNDING <= second < one[0] + one[1] - ROUNDING)
    if start not in cache:
        path, options = file()
        cache[start] = frames(path, options)
    return max((one for one in cache[start] if start + one[0] <= second + ROUNDING), key=lambda one: one[0])[1]


def check_same_second(capture, rungs, count, seed=None):
    """`count` random seconds in every rung of every endpoint."""
    listed = {("DASH", rung): dash_segments(capture, rung) for rung in rungs}
    for endpoint in ("clear", "hls-ts", "hls"):
        listed |= {(endpoint, rung): hls_segments(capture, endpoint, rung) for rung in rungs}
    first = int(max(one[0][0] for one in listed.values())) + 1
    last = int(min(one[-1][0] + one[-1][1] for one in listed.values())) - 1
    seconds = sorted(random.Random(seed).sample(range(first, last), min(count, last - first)))
    caches = {name: {} for name in listed}
    numbers = []
    for second in seconds:
        seen = {name: shown_at(segments, second, caches[name]) for name, segments in listed.items()}
        assert len(set(seen.values())) == 1, f"at {second} they show {seen}"
        numbers.append(next(iter(seen.values())))
    pairs = list(zip(zip(seconds, numbers), zip(seconds[1:], numbers[1:])))
    assert all(b[1] - a[1] == RATE * (b[0] - a[0]) for a, b in pairs), f"not {RATE} frames a second: {pairs}"
    return (f"{len(seconds)} random seconds, each the same frame in {len(listed)} renditions "
            f"({len(rungs)} rungs of clear, AES-128, cbcs and DASH cenc), {RATE} frames a second between them: "
            f"{numbers[0]} to {numbers[-1]}")
