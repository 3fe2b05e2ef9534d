"""Key providers that fail in every way at every moment of a key period, and what viewers were served meanwhile.

One daemon, one channel for each fault, one key server for each channel. All channels go through the moments together;
an outside checker that knows every key looks at every segment. Used by test_provider_faults.py and, in its long form,
by Tools/verify/provider-faults.
"""

import json
import re
import subprocess
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import decryption
import verify_dash
from playlists import media, media_url
from sluice import BUILD, Process, Sluice, get, wait_for

SEGMENT = 2
PROTECTED = ("hls-ts", "hls-sample", "hls", "dash")

#: What a provider does wrong: requests to its fault desk; None: its process is gone.
FAULTS = {
    "down": None,
    "silent": [{"fault": "hang"}],
    "slow": [{"fault": "delay", "seconds": 3}],
    "cut": [{"fault": "truncate"}],
    "503": [{"fault": "status", "status": 503}],
    "403": [{"fault": "status", "status": 403}],
    "garbage": [{"fault": "garbage"}],
    "no-key": [{"fault": "missingKey"}],
    "no-system": [{"fault": "missingSystem"}],
    "no-rules": [{"fault": "missingElement", "element": "ContentKeyPeriodList"}],
    "wrong-kid": [{"fault": "wrongKID"}],
    "other-kid": [{"fault": "overriddenKID"}],
    "wrong-period": [{"fault": "wrongPeriod"}],
    "wrong-content": [{"fault": "wrongContentID"}],
    "stale-key": [{"fault": "staleKey"}],
    "changed-key": [{"fault": "changedKey"}],
}
#: Faults of which no answer can be told from a right one: the provider says another key than its licences do.
UNDETECTABLE = {"changed-key"}


def channel(name, key_url, rotation, grace, window=60):
    """One small rung and sound; the clear endpoint is what others are compared with."""

    def endpoint(id, package, container, encryption):
        window_name = "manifestWindowSeconds" if package == "dash" else "playlistWindowSeconds"
        extra = ("minBufferTimeSeconds: 2, minUpdatePeriodSeconds: 2, suggestedPresentationDelaySeconds: 6, "
                 "segmentTemplate: timeline, periodTriggers: [keyRotation]" if package == "dash"
                 else f"container: {container}, useAudioRenditionGroup: {str(container == 'cmaf').lower()}")
        text = f"  - {{ id: {id}, package: {package}, {window_name}: {window}, {extra}"
        if encryption:
            text += f", encryption: {{ {encryption}, keyRotationIntervalSeconds: {rotation}, speke: main }}"
        return text + " }"

    endpoints = "\n".join((
        endpoint("clear", "hls", "cmaf", None), endpoint("hls-ts", "hls", "ts", "method: AES-128"),
        endpoint("hls-sample", "hls", "ts", "method: SAMPLE-AES"),
        endpoint("hls", "hls", "cmaf", "method: SAMPLE-AES, scheme: cbcs, systems: [clearkey]"),
        endpoint("dash", "dash", "cmaf", "scheme: cenc, systems: [clearkey]")))
    return f"""
channel: {name}
ingest:
  streamKeys: {{ primary: {{ env: E2E_STREAM_KEY }} }}
  inputLoss: {{ holdSeconds: 60, fill: none }}
video:
  - {{ name: low, codec: h264, width: 160, height: 90, framerate: 15, bitrate: 200000, rateControlMode: CBR,
      profile: MAIN, gopSize: {15 * SEGMENT}, gopNumBFrames: 0, preset: ultrafast }}
audio:
  - {{ name: stereo, codec: aac, bitrate: 64000, sampleRate: 48000, channels: 2, language: en }}
segmentDurationSeconds: {SEGMENT}
partDurationSeconds: 1
storageWindowSeconds: {window}
endpoints:
{endpoints}
speke:
  main:
    url: {key_url}/speke/v2.0/copyProtection
    version: "2.0"
    resourceId: {name}
    authentication: {{ none: {{}} }}
    prefetchSeconds: {rotation}
    onKeyFailure: {{ graceSeconds: {grace}, then: stop }}
"""


class Provider:
    """A key server of its own, which fails on request."""

    def __init__(self, name, faults, directory, secret):
        self.name, self.faults, self.directory, self.secret = name, faults, directory, secret
        self.port, self.starts, self.process, self.armed = 0, 0, None, False
        self.logs = []
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        self.process = Process(
            f"keys-{self.name}{self.starts or ''}",
            [BUILD / "sluice-keyserver", "serve", "--listen", f"127.0.0.1:{self.port}", "--secret-file", self.secret,
             "--faults"], self.directory)
        self.starts += 1
        self.logs.append(self.process.err)
        self.port = self.process.listening()["port"]

    def arm(self):
        self.armed = True
        if self.faults is None:
            self.process.stop()
            return
        for fault in self.faults:
            body = json.dumps(fault).encode()
            with urllib.request.urlopen(urllib.request.Request(self.url + "/faults", body, method="POST")) as answer:
                assert answer.status == 200

    def clear(self):
        if not self.armed:
            return
        self.armed = False
        if self.faults is None:
            self.start()
        else:
            assert get(self.url + "/faults", method="DELETE")[0] == 200

    def periods(self):
        """The key period of each KID that was asked for, by the request log; and how often a fault was met."""
        found, met = {}, 0
        for log in self.logs:
            for line in log.read_text(errors="replace").splitlines():
                period = re.search(r"\bperiod=(\d+)", line)
                met += " fault=" in line
                for kid in re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", line) if period else ():
                    found[kid.replace("-", "")] = int(period[1])
        return found, met


@dataclass
class Segment:
    """A segment as a viewer got it."""

    number: int
    kid: str
    key: dict
    data: bytes
    header: bytes
    path: str


@dataclass
class Watch:
    """Polls the endpoints of one channel like players, and fetches every picture segment as soon as it is listed."""

    sluice: object
    channel: str
    endpoints: tuple = ("clear", *PROTECTED)
    #: By endpoint: (time, status of the manifest).
    looks: dict = field(default_factory=dict)
    #: By endpoint and number.
    segments: dict = field(default_factory=dict)
    failures: list = field(default_factory=list)
    headers: dict = field(default_factory=dict)
    is_paused: bool = False
    is_idle: bool = True

    def run(self, stopping):
        for endpoint in self.endpoints:
            self.looks[endpoint], self.segments[endpoint] = [], {}
        while not stopping.wait(0.7):
            self.is_idle = False
            for endpoint in () if self.is_paused else self.endpoints:
                try:
                    self.look(endpoint)
                except (OSError, urllib.error.URLError) as error:
                    # Between the daemon's end and its next start nobody answers.
                    if not self.is_paused:
                        self.failures.append(f"{self.channel}/{endpoint}: {error}")
                except AssertionError as error:
                    self.failures.append(f"{self.channel}/{endpoint}: {error}")
            self.is_idle = True

    def header(self, url):
        if url and url not in self.headers:
            code, _, body = get(url)
            if code == 200:
                self.headers[url] = body
        return self.headers.get(url, b"")

    def look(self, endpoint):
        now = time.time()
        base = f"{self.sluice.origin}/{self.channel}/{endpoint}"
        if endpoint == "dash":
            code, _, body = get(f"{base}/index.mpd")
            self.looks[endpoint].append((now, code))
            if code != 200:
                return
            for track in verify_dash.tracks(f"{base}/index.mpd", body):
                for number, url, _, _ in track.segments if track.kind == "video" else ():
                    self.take(endpoint, number, url, track.kid, {}, track.init)
            return
        url = media_url(f"{base}/index.m3u8")
        if url is None:
            self.looks[endpoint].append((now, get(f"{base}/index.m3u8")[0]))
            return
        found = media(url)
        self.looks[endpoint].append((now, found.code))
        for entry in found.entries:
            if not entry.is_gap:
                self.take(endpoint, entry.number, entry.url, None, entry.key, entry.map)

    def take(self, endpoint, number, url, kid, key, map_url):
        if number in self.segments[endpoint]:
            return
        header = self.header(map_url)
        code, _, body = get(url)
        if code != 200:
            self.failures.append(f"{self.channel}/{endpoint}/{number}: {code} while it is listed")
            return
        if kid is None and header:
            how = decryption.track_encryption(header)
            kid = how.kid if how else None
        elif kid is None and key:
            kid = key["URI"].rsplit("/", 1)[1].split("?")[0].replace("-", "").lower()
        self.segments[endpoint][number] = Segment(number, kid, key, body, header, urlsplit(url).path)

    def check_bytes(self, count=5):
        """Fetches again what was fetched last: the same bytes behind the same URLs."""
        for endpoint in self.endpoints:
            for number in sorted(self.segments[endpoint])[-count:]:
                segment = self.segments[endpoint][number]
                code, _, body = get(self.sluice.origin + segment.path)
                if code != 200 or body != segment.data:
                    self.failures.append(f"{segment.path}: {code}, not what it was before the restart")

    def newest(self, endpoint):
        return max(self.segments.get(endpoint) or [0])

    def last_code(self, endpoint):
        looks = self.looks.get(endpoint)
        return looks[-1][1] if looks else 0


@dataclass
class Verdict:
    """Of one segment: the period of the key that opens it; None where it is clear or no key opens it."""

    number: int
    own: int
    used: int | None
    problem: str = ""


class Checker:
    """Knows every key, and what every segment is in the clear."""

    def __init__(self, secret, rotation, grace):
        self.keys, self.rotation, self.grace = decryption.ProviderKeys(secret), rotation, grace

    def clear_slices(self, segment):
        return decryption.slices_of_samples([one.data for one in decryption.samples(segment.data)])

    def judge(self, endpoint, segment, clear, periods, is_lied_to):
        """Of one protected segment. `clear` is the clear endpoint's of the same number, None where nobody saw it."""
        verdict = Verdict(segment.number, segment.number * SEGMENT // self.rotation, None)
        open_slices = self.clear_slices(clear) if clear else None
        if segment.kid is None:
            verdict.problem = "CLEAR: no key is announced"
            return verdict
        if segment.kid not in periods:
            verdict.problem = f"KID {segment.kid} was never asked for"
            return verdict
        verdict.used = periods[segment.kid]
        problem = self.opens(endpoint, segment, open_slices, self.keys[segment.kid])
        if problem == "does not open":
            others = [kid for kid in periods if kid != segment.kid
                      and not self.opens(endpoint, segment, open_slices, self.keys[kid])]
            if others:
                problem = f"opens with the key of another KID, of period {periods[others[0]]}"
            elif is_lied_to:
                problem = ""
        beyond = segment.number * SEGMENT - (verdict.used + 1) * self.rotation
        if not problem and verdict.used > verdict.own:
            problem = f"under the key of period {verdict.used}, which is to come"
        if not problem and verdict.used < verdict.own and beyond >= self.grace:
            problem = f"EXPIRED: starts {beyond} s after the end of its key's period"
        verdict.problem = problem
        return verdict

    def opens(self, endpoint, segment, open_slices, key):
        """What is wrong with a segment under a key; empty: it is hidden, and the key gives the clear one."""
        if endpoint == "hls-ts":
            return self.opens_whole(segment, open_slices, key)
        if endpoint == "hls-sample":
            return self.opens_slices(segment, open_slices, key)
        how = decryption.track_encryption(segment.header)
        scheme = {"hls": "cbcs", "dash": "cenc"}[endpoint]
        if how is None or how.scheme != scheme or how.kid != segment.kid:
            return f"CLEAR: its header does not say {scheme} with its KID"
        hidden = decryption.samples(segment.data, how.iv_size)
        opened = [decryption.open_sample(sample, how, key) for sample in hidden]
        if not sum(count for _, count in opened):
            return "CLEAR: no byte of it is protected"
        seen = decryption.slices_of_samples([sample.data for sample in hidden])
        # Slices too small to hold a block stay as they are: a picture of nothing.
        if open_slices and any(len(unit) > 200 and unit in seen for unit in open_slices):
            return "CLEAR: a slice is that of the clear endpoint"
        try:
            units = decryption.slices_of_samples([data for data, _ in opened])
        except IndexError:
            return "does not open"
        return "" if open_slices is None or units == open_slices else "does not open"

    def opens_whole(self, segment, open_slices, key):
        starts = range(0, len(segment.data) - 187, 188)
        if segment.key.get("METHOD") != "AES-128" or sum(segment.data[at] == 0x47 for at in starts) > len(starts) / 4:
            return "CLEAR: a transport stream as it is"
        opened = decryption.open_transport_stream(segment.data, key, bytes.fromhex(segment.key["IV"][2:]))
        if not opened or len(opened) % 188 or any(opened[at] != 0x47 for at in range(0, len(opened), 188)):
            return "does not open"
        return "" if open_slices is None or decryption.slices_of_stream(opened) == open_slices else "does not open"

    def opens_slices(self, segment, open_slices, key):
        if segment.key.get("METHOD") != "SAMPLE-AES":
            return "CLEAR: no SAMPLE-AES is announced"
        seen = decryption.slices_of_stream(segment.data)
        if open_slices and any(len(unit) > 200 and unit in seen for unit in open_slices):
            return "CLEAR: a slice is that of the clear endpoint"
        iv = bytes.fromhex(segment.key["IV"][2:])
        opened = [decryption.open_slice(unit, key, iv) for unit in seen]
        return "" if open_slices is None or opened == open_slices else "does not open"


class Stage:
    """The daemon with a channel for each fault, its encoders and its watches. To be used with `with`."""

    def __init__(self, directory, faults, rotation=10, grace=4):
        self.directory, self.rotation, self.grace = directory, rotation, grace
        self.secret = directory / "secret"
        self.stopping = threading.Event()
        self.watches, self.threads, self.providers = {}, [], {}
        self.sluice = None
        # Made by the first key server, and shared, so that the checker knows every key.
        for name in faults:
            self.providers[name] = Provider(name, FAULTS[name], directory, self.secret)
        self.clip = directory / "clip.flv"
        subprocess.run(
            ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=15,format=yuv420p",
             "-f", "lavfi", "-i", "sine=440:sample_rate=48000", "-t", "20", "-c:v", "libx264", "-preset", "ultrafast",
             "-tune", "zerolatency", "-g", "30", "-b:v", "300k", "-c:a", "aac", "-ac", "2", str(self.clip)],
            check=True)

    def start(self):
        """The daemon, with whatever the providers do by now."""
        first, *rest = self.providers

        def make(name):
            return lambda _: channel(name, self.providers[name].url, self.rotation, self.grace)

        self.sluice = Sluice(self.directory, make(first), first, {name: make(name) for name in rest})
        self.push()
        for name in self.providers:
            self.watches[name] = Watch(self.sluice, name)
            self.threads.append(threading.Thread(target=self.watches[name].run, args=[self.stopping]))
            self.threads[-1].start()

    def push(self):
        for name in self.providers:
            self.sluice.push_file(self.clip, name)

    def restart(self):
        """kill -9, and a start: encoders come back as they do."""
        self.pause(True)
        self.sluice.daemon.child.kill()
        self.sluice.daemon.child.wait()
        for encoder in self.sluice.encoders:
            encoder.stop()
        self.sluice.start_daemon()
        for watch in self.watches.values():
            watch.headers.clear()
        for watch in self.watches.values():
            watch.check_bytes()
        self.push()
        self.pause(False)

    def pause(self, is_paused):
        for watch in self.watches.values():
            watch.is_paused = is_paused
        if is_paused:
            wait_for("watches pause", lambda: all(watch.is_idle for watch in self.watches.values()), 180, 0.02)

    def arm(self):
        for provider in self.providers.values():
            provider.arm()

    def clear(self):
        for provider in self.providers.values():
            provider.clear()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        if self.sluice:
            self.sluice.close()
        for provider in self.providers.values():
            provider.process.stop()

    def wait_until(self, moment):
        wait_for("the moment", lambda: time.time() >= moment, max(moment - time.time(), 0) + 30, 0.02)

    def boundary(self, at_least):
        """The first rotation that is at least so many seconds ahead."""
        return (int(time.time() + at_least) // self.rotation + 1) * self.rotation

    def recovered(self, name, since):
        """Whether every endpoint lists a segment that began after `since`, under its own key."""
        watch = self.watches[name]
        periods, _ = self.providers[name].periods()
        for endpoint in PROTECTED:
            newest = watch.newest(endpoint)
            if newest * SEGMENT < since or watch.last_code(endpoint) != 200:
                return False
            if periods.get(watch.segments[endpoint][newest].kid) != newest * SEGMENT // self.rotation:
                return False
        return True

    def wait_for_recovery(self, since, seconds):
        """When each channel was back, in seconds after `since`; None where it was not within `seconds`."""
        found = {}
        deadline = time.time() + seconds
        while time.time() < deadline and len(found) < len(self.providers):
            for name in self.providers:
                if name not in found and self.recovered(name, since):
                    found[name] = time.time() - since
            time.sleep(0.3)
        return {name: found.get(name) for name in self.providers}


@dataclass
class Moment:
    """When a fault begins and ends, in seconds from the rotation to the period in question, whose key is asked for
    one rotation before."""

    name: str
    begin: float
    end: float
    restarts_at: float | None = None


def moments(rotation, grace):
    ask = -rotation
    return [
        Moment("before the prefetch", ask - 1, ask + 3),
        Moment("during the prefetch", ask - 0.2, ask + 0.8),
        Moment("after the prefetch", ask + 3, -2),
        Moment("just before the rotation", ask - 1, -0.5),
        Moment("at the rotation", ask - 1, 0.3),
        Moment("just after the rotation", 0.3, 3),
        Moment("within the grace", ask - 1, grace / 2),
        Moment("at the end of the grace", ask - 1, grace),
        # Well before the key is asked for: a machine that is late by then has it.
        Moment("after the grace", ask - 4, grace + 3),
        Moment("over two periods", ask - 1, rotation + grace + 3),
        # Through the next prefetch: what was kept must be remembered.
        Moment("during a restart", 1, rotation + 2, restarts_at=2),
    ]


@dataclass
class Row:
    """What one channel was served at one moment."""

    moment: str
    fault: str
    met: int
    segments: int = 0
    late: int = 0
    latest: int = 0
    withheld: int = 0
    recovered: float | None = None
    problems: list = field(default_factory=list)


def judge(stage, moment, begin, end, recoveries, met_before):
    """A row for each channel, of the segments of `begin` to `end` (by the wall's clock)."""
    checker = Checker(stage.secret, stage.rotation, stage.grace)
    rows = []
    for name, watch in stage.watches.items():
        periods, met = stage.providers[name].periods()
        row = Row(moment, name, met - met_before.get(name, 0), recovered=recoveries.get(name))
        if recoveries.get(name) is None:
            row.problems.append("did not recover")
        for endpoint in PROTECTED:
            row.withheld += sum(code == 503 for at, code in watch.looks[endpoint] if begin <= at < end)
            for number in sorted(list(watch.segments[endpoint])):
                if not begin <= number * SEGMENT < end:
                    continue
                verdict = checker.judge(
                    endpoint, watch.segments[endpoint][number], watch.segments["clear"].get(number), periods,
                    name in UNDETECTABLE)
                row.segments += 1
                if verdict.problem:
                    row.problems.append(f"{endpoint}/{number}: {verdict.problem}")
                elif verdict.used != verdict.own:
                    row.late += 1
                    row.latest = max(row.latest, number * SEGMENT - (verdict.used + 1) * stage.rotation)
        row.problems += watch.failures
        watch.failures = []
        rows.append(row)
    return rows


def run(stage, moment):
    """All channels through one moment; the stage is on air and well. Gives the rows."""
    rotation = stage.rotation
    met = {name: provider.periods()[1] for name, provider in stage.providers.items()}
    at = stage.boundary(max(-moment.begin, 0) + 0.5)
    stage.wait_until(at + moment.begin)
    begin = time.time() - rotation
    stage.arm()
    if moment.restarts_at is not None:
        stage.wait_until(at + moment.restarts_at)
        stage.restart()
    stage.wait_until(at + moment.end)
    stage.clear()
    cleared = time.time()
    recoveries = stage.wait_for_recovery(cleared, 4 * rotation + 30)
    stage.wait_until(at + rotation)
    return judge(stage, moment.name, begin, time.time(), recoveries, met)


def run_start(stage):
    """Faults from before the daemon's start."""
    stage.arm()
    begin = time.time()
    stage.start()
    stage.wait_until(begin + stage.rotation / 2)
    stage.clear()
    cleared = time.time()
    recoveries = stage.wait_for_recovery(cleared, 4 * stage.rotation + 60)
    return judge(stage, "before the start", begin - SEGMENT, time.time(), recoveries, {})


def table(rows):
    lines = [f"{'moment':26}{'fault':14}{'met':>4}{'segments':>9}{'in grace':>9}{'latest':>7}{'503':>5}{'back':>7}"
             "  verdict"]
    for row in rows:
        back = "never" if row.recovered is None else f"{row.recovered:.1f}"
        verdict = "right" if not row.problems else f"{len(row.problems)} WRONG: {row.problems[0]}"
        lines.append(f"{row.moment:26}{row.fault:14}{row.met:>4}{row.segments:>9}{row.late:>9}{row.latest:>7}"
                     f"{row.withheld:>5}{back:>7}  {verdict}")
    return "\n".join(lines)
