"""Low-latency DASH as a player asks for it: each segment when its first part is due, by chunks, and what is in them.
ISO/IEC 23009-1:2022, clause 5.3.9.5.3 (`availabilityTimeComplete`); RFC 9112, clause 7.1."""

import http.client
import subprocess
import threading
import time
from urllib.parse import urljoin, urlsplit

from lxml import etree

from decryption import open_sample, samples, track_encryption
from sluice import BUILD, get, wait_for

ENDPOINTS = """  - { id: ll, package: dash, lowLatency: true, manifestWindowSeconds: 120, minUpdatePeriodSeconds: 1 }
  - id: ll-cenc
    package: dash
    lowLatency: true
    manifestWindowSeconds: 120
    minUpdatePeriodSeconds: 1
    inbandProducerReferenceTime: true
    encryption: { scheme: cenc, keyRotationIntervalSeconds: 10, speke: main, systems: [clearkey] }
"""
NAMES = {"d": "urn:mpeg:dash:schema:mpd:2011"}
SEGMENT = 2


def templates(url):
    """The newest period's initialization, media and numbers, by track."""
    mpd = etree.fromstring(get(url)[2])
    period = mpd.findall("d:Period", NAMES)[-1]
    found = {}
    for group in period.findall("d:AdaptationSet", NAMES):
        template = group.find("d:SegmentTemplate", NAMES)
        assert template.get("availabilityTimeComplete") == "false"
        assert float(template.get("availabilityTimeOffset")) == 1.658
        for representation in group.findall("d:Representation", NAMES):
            found[representation.get("id")] = {
                key: urljoin(url, template.get(key).replace("$RepresentationID$", representation.get("id")))
                for key in ("initialization", "media")}
    return found


class Pull(threading.Thread):
    """Asks for a segment, by its address without the number, as soon as it may; when each of its chunks came."""

    def __init__(self, sluice, media, number):
        super().__init__(daemon=True)
        self.sluice, self.number = sluice, number
        self.url, self.start_time = media.replace("$Number$", str(number)), number * SEGMENT + 0.2
        self.data, self.times, self.headers, self.is_whole = b"", [], {}, False
        #: It was asked for so late that it may have been whole by then.
        self.is_late = False

    def run(self):
        time.sleep(max(self.start_time - time.time(), 0))
        # On a busy machine the ladder is behind the clock, and what is two segments ahead of it is nothing yet.
        wait_for("the segment before is under way", lambda: self.sluice.status()["lastSegment"] >= self.number - 2)
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        connection.request("GET", parts.path)
        self.is_late = time.time() > self.start_time + 1.5
        response = connection.getresponse()
        self.headers = {key.lower(): value for key, value in response.getheaders()}
        try:
            while piece := response.read1(1 << 20):
                self.data += piece
                self.times.append(time.time())
            self.is_whole = response.status == 200
        except http.client.IncompleteRead:
            pass
        connection.close()


def follow(sluice, seconds):
    """Segments of both endpoints as they are made, from the next one on."""
    bases = {endpoint: templates(sluice.url(endpoint, "index.mpd")) for endpoint in ("ll", "ll-cenc")}
    first, pulls = int(time.time()) // SEGMENT + 1, {}
    for number in range(first, first + int(seconds) // SEGMENT):
        for endpoint, track in (("ll", "high"), ("ll-cenc", "high"), ("ll-cenc", "stereo")):
            pulls[endpoint, track, number] = Pull(sluice, bases[endpoint][track]["media"], number)
            pulls[endpoint, track, number].start()
    return pulls


def whole(url):
    """The answer, or None while it is one that is still being made."""
    answer = get(url)
    return answer if "Transfer-Encoding" not in answer[1] else None


def judge(sluice, pulls, keys):
    followed = {}
    for (endpoint, track, number), pull in pulls.items():
        pull.join(180)
        where = (endpoint, track, number, pull.headers)
        assert pull.is_whole, where
        if not pull.is_late or "content-length" not in pull.headers:
            assert pull.headers["transfer-encoding"] == "chunked" and "content-length" not in pull.headers, where
            followed.setdefault((endpoint, track), []).append(pull)
        # With the last of its bytes it is not listed yet: a moment later it has a length.
        code, headers, data = wait_for("the segment as a whole", lambda: whole(pull.url))
        assert code == 200 and data == pull.data and int(headers["Content-Length"]) == len(data), where
        assert headers["ETag"] == pull.headers["etag"], where
    assert len(followed) == 3 and all(len(found) >= 4 for found in followed.values()), followed
    # Parts come when they are there, not all at the end.
    spread = sorted(pull.times[-1] - pull.times[0] for found in followed.values() for pull in found)
    assert spread[len(spread) // 2] > 0.8, spread
    periods = cenc(sluice, pulls, keys)
    assert len(periods) > 1, "the key has changed"
    players(sluice)
    cut_short(sluice)


def cenc(sluice, pulls, keys):
    """Every segment opens with the key of its Period; every chunk begins with the time of day."""
    url = sluice.url("ll-cenc", "index.mpd")
    mpd = etree.fromstring(get(url)[2])
    starts = [(int(period.find(".//d:SegmentTemplate", NAMES).get("startNumber")), period)
              for period in mpd.findall("d:Period", NAMES)]
    clear = templates(sluice.url("ll", "index.mpd"))
    used, chunks = set(), {}
    for (endpoint, track, number), pull in pulls.items():
        if endpoint != "ll-cenc":
            continue
        start, period = [entry for entry in starts if entry[0] <= number][-1]
        used.add(start)
        group = [one for one in period.findall("d:AdaptationSet", NAMES)
                 if one.find(f"d:Representation[@id='{track}']", NAMES) is not None][0]
        name = group.find("d:SegmentTemplate", NAMES).get("initialization").replace("$RepresentationID$", track)
        how = track_encryption(get(urljoin(url, name))[2])
        opened = [open_sample(one, how, keys[how.kid])[0] for one in samples(pull.data, how.iv_size)]
        whole = get(clear[track]["media"].replace("$Number$", str(number)))[2]
        assert opened == [one.data for one in samples(whole)], (track, number)
        chunks[track, number] = pull.data.count(b"moof")
        assert pull.data.count(b"prft") == chunks[track, number] > 0, (track, number, chunks)
        reference = group.find("d:ProducerReferenceTime", NAMES)
        assert reference.get("inband") == "true" and reference.get("presentationTime") == group.find(
            "d:SegmentTemplate", NAMES).get("presentationTimeOffset")
    # Where the machine stood still, one or two of each track may have been cut short.
    assert sorted(chunks.values())[4] > 1, chunks
    return used


def players(sluice):
    """FFmpeg's demuxer, and the probe."""
    decoded = subprocess.run(
        ["ffprobe", "-v", "error", "-read_intervals", "%+3", "-count_frames", "-select_streams", "v:0", "-show_entries",
         "stream=nb_read_frames", "-of", "csv=p=0", sluice.url("ll", "index.mpd")],
        capture_output=True, text=True, timeout=180)
    assert decoded.returncode == 0 and int(decoded.stdout.split()[0].strip(",")) >= 60, (decoded.stdout, decoded.stderr)
    for endpoint in ("ll", "ll-cenc"):
        probe = subprocess.run(
            [BUILD / "sluice", "probe", sluice.url(endpoint, "index.mpd"), "--key-server",
             f"http://127.0.0.1:{sluice.key_port}"], capture_output=True, text=True, timeout=180)
        assert probe.returncode == 0, probe.stdout + probe.stderr


def cut_short(sluice):
    """The encoder leaves in mid-segment: the answer ends in order, with what the segment has from then on."""
    for _ in range(3):
        number = int(time.time()) // SEGMENT + 1
        pull = Pull(sluice, templates(sluice.url("ll", "index.mpd"))["high"]["media"], number)
        pull.start()
        time.sleep(max(number * SEGMENT + 1.1 - time.time(), 0))
        for encoder in sluice.encoders:
            encoder.stop()
        is_in_time = time.time() < number * SEGMENT + 1.6
        pull.join(60)
        assert pull.is_whole and not pull.is_alive()
        if is_in_time:
            break
        # It has sent some of the last part, or more: another one, and again.
        last = sluice.status()["lastSegment"]
        sluice.push()
        wait_for("another encoder's segments", lambda: sluice.status()["lastSegment"] >= last + 3)
    assert is_in_time, "the machine was late each time"
    code, _, data = get(pull.url)
    assert code == 200 and data == pull.data and data.count(b"moof") < 6, len(data)
