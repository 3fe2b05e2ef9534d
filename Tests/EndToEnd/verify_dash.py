"""MPDs read with lxml, expanded to the segments a player would fetch, and the rules that a viewer can see."""

import re
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from urllib.parse import urljoin

from lxml import etree

from sluice import get

MPD = "{urn:mpeg:dash:schema:mpd:2011}"
CENC = "{urn:mpeg:cenc:2013}"


@dataclass
class Track:
    """A Representation in one Period."""

    period: str
    start: Fraction  # the Period's start, seconds
    name: str
    kind: str
    kid: str | None  # 32 hexadecimal digits; None where the segments alone say it
    bandwidth: int
    attributes: dict
    init: str
    timescale: int
    offset: int
    segments: list  # (number, URL, t, d)


def seconds(text):
    """An xs:duration of days and less, exactly."""
    match = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?", text)
    assert match, f"no duration: {text}"
    days, hours, minutes, rest = (Fraction(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def fetch_mpd(url):
    code, headers, body = get(url)
    assert code == 200 and headers["Content-Type"] == "application/dash+xml", f"{code} of {url}"
    return body


def tracks(url, body, scheme="cenc"):
    """All Representations of all Periods with their segments, in the order of the MPD."""
    root = etree.fromstring(body)
    assert root.tag == MPD + "MPD" and root.get("type") == "dynamic"
    found = []
    for period in root.iterfind(MPD + "Period"):
        for group in period.iterfind(MPD + "AdaptationSet"):
            template = group.find(MPD + "SegmentTemplate")
            protection = [one for one in group.iterfind(MPD + "ContentProtection")
                          if one.get("schemeIdUri") == "urn:mpeg:dash:mp4protection:2011"]
            assert len(protection) == 1 and protection[0].get("value") == scheme
            for representation in group.iterfind(MPD + "Representation"):

                def address(text, number=0, name=representation.get("id")):
                    text = text.replace("$RepresentationID$", name).replace("$Number$", str(number))
                    return urljoin(url, text)

                number, segments, time = int(template.get("startNumber")), [], 0
                for run in template.iterfind(f"{MPD}SegmentTimeline/{MPD}S"):
                    time = int(run.get("t", time))
                    for _ in range(int(run.get("r", 0)) + 1):
                        segments.append((number, address(template.get("media"), number), time, int(run.get("d"))))
                        number, time = number + 1, time + int(run.get("d"))
                kid = protection[0].get(CENC + "default_KID")
                found.append(Track(
                    period.get("id"), seconds(period.get("start")), representation.get("id"), group.get("contentType"),
                    kid and kid.replace("-", ""), int(representation.get("bandwidth")),
                    {**group.attrib, **representation.attrib}, address(template.get("initialization")),
                    int(template.get("timescale")), int(template.get("presentationTimeOffset")), segments))
    return found


def check_rules(body, found, segment_seconds, rotation):
    """Well-formed; a Period for each key period, one KID in each and none twice; contiguous. Number of Periods."""
    lint = subprocess.run(["xmllint", "--nonet", "--noout", "-"], input=body, capture_output=True, check=False)
    assert lint.returncode == 0, lint.stderr
    longest = max(Fraction(one[3], track.timescale) for track in found for one in track.segments)
    said = seconds(etree.fromstring(body).get("maxSegmentDuration"))
    assert longest <= said, f"a segment lasts {float(longest - said)} s longer than maxSegmentDuration"
    periods = {}
    for track in found:
        periods.setdefault(track.period, []).append(track)
    kinds = {}
    for track in found:
        kinds.setdefault(track.kind, {}).setdefault(track.period, set()).add(track.kid)
    for kind, by_period in kinds.items():
        kids = [kid for one in by_period.values() for kid in one]
        assert all(len(one) == 1 for one in by_period.values()), f"several KIDs in one Period: {kind}"
        assert len(set(kids)) == len(by_period) == len(periods), f"a KID in two Periods: {kind}"
    previous = None
    for name, members in periods.items():
        start = members[0].start
        numbers = [segment[0] for segment in members[0].segments]
        assert len({number * segment_seconds // rotation for number in numbers}) == 1, f"{name} holds two key periods"
        for track in members:
            assert [segment[0] for segment in track.segments] == numbers, f"{name}: {track.name} lists other numbers"
            # The start is written with nine decimals at most.
            drift = Fraction(track.offset, track.timescale) - start
            assert abs(drift) < Fraction(1, 10**8), f"{name}: presentationTimeOffset is its start {float(drift):+} s"
            late = Fraction(track.segments[0][2], track.timescale) - start
            frame = Fraction(1024, track.timescale) if track.kind == "audio" else 0
            assert -1e-8 <= late <= frame + 1e-8, f"{name}: {track.name} starts {float(late)} s after its Period"
            time = track.segments[0][2]
            for _, url, at, duration in track.segments:
                assert at == time, f"hole in the timeline at {url}"
                time = at + duration
        if previous is not None:
            for before, after in zip(previous, members):
                end = before.segments[-1][2] + before.segments[-1][3]
                assert (before.name, before.timescale) == (after.name, after.timescale)
                gap = after.segments[0][2] - end
                assert gap == 0, f"{after.name}: {gap} ticks between Periods"
                assert after.segments[0][0] == before.segments[-1][0] + 1
                if after.kind == "video":
                    late = start - Fraction(end, before.timescale)
                    assert abs(late) < 1e-8, f"{name} starts {float(late)} s after the end of the one before"
        previous = members
    return len(periods)


def check_clock(url, body):
    """That UTCTiming leads to a time of day."""
    timing = etree.fromstring(body).find(MPD + "UTCTiming")
    assert timing is not None and timing.get("schemeIdUri") == "urn:mpeg:dash:utc:http-xsdate:2014"
    code, _, answer = get(urljoin(url, timing.get("value")))
    assert code == 200 and re.fullmatch(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\s*", answer), f"{code} {answer}"
