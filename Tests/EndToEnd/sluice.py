"""The real daemon, key server and encoders, started on free ports of the loopback for one test."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def programs():
    """The folder with the programs: the one that SLUICE_BUILD names, else the debug build, else the release build."""
    named = os.environ.get("SLUICE_BUILD")
    if named:
        return Path(named)
    builds = [ROOT / ".build" / name for name in ("debug", "release")]
    return next((build for build in builds if (build / "sluice").exists()), builds[0])


BUILD = programs()
STREAM_KEY = "e2e-stream-key"


def wait_for(what, condition, seconds=120.0, interval=0.1):
    """Polls until `condition()` is true and gives its value; fails with `what` after `seconds`. The last look
    comes after them: a machine that stood still for all of them had none before."""
    deadline = time.monotonic() + seconds
    while True:
        is_last = time.monotonic() >= deadline
        value = condition()
        if value:
            return value
        if is_last:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(interval)


def text_of(file):
    """What is in a file; empty where it is gone, as a process's files are with it."""
    try:
        return Path(file).read_text()
    except OSError:
        return ""


def children(pid):
    """The processes that a process started."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return sorted(int(child) for file in lists for child in text_of(file).split())


def get(url, headers=None, method="GET"):
    """(status, headers, body) of a request; an HTTP error is an answer too."""
    request = urllib.request.Request(url, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


class Process:
    """A child with its standard output and error in files below `directory`."""

    def __init__(self, name, arguments, directory, environment=None):
        self.out = Path(directory) / f"{name}.out"
        self.err = Path(directory) / f"{name}.err"
        self.child = subprocess.Popen(
            [str(argument) for argument in arguments], stdin=subprocess.DEVNULL, stdout=self.out.open("w"),
            stderr=self.err.open("w"), env={**os.environ, **(environment or {})}, start_new_session=True)

    @property
    def pid(self):
        return self.child.pid

    def listening(self):
        """The ports of the JSON line that our programs print once they listen."""

        def line():
            # Of a device or a pipe there is no end to be read.
            assert self.child.poll() is None, (
                f"{self.child.args[0]} ended: {self.err.read_text()[-2000:] if self.err.is_file() else ''}")
            for text in self.out.read_text().splitlines():
                if '"listening"' in text:
                    return json.loads(text)
            return None

        return wait_for(f"{self.child.args[0]} listens", line)

    def log(self):
        """The JSON log lines so far."""
        lines = []
        for text in self.err.read_text(errors="replace").splitlines():
            try:
                lines.append(json.loads(text))
            except ValueError:
                lines.append({"message": text})
        return lines

    def messages(self, pattern):
        return [line for line in self.log() if re.search(pattern, line.get("message", ""))]

    def said(self, pattern, count=1):
        """The lines like `pattern` once there are `count`: a thread of its own writes them, after the answers that they
        are about."""
        return wait_for(f"{count} lines like {pattern}", lambda: (
            found := self.messages(pattern)) and len(found) >= count and found)

    def stop(self, sig=signal.SIGTERM, seconds=15):
        if self.child.poll() is None:
            self.child.send_signal(sig)
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(self.child.pid, signal.SIGKILL)
                self.child.wait()
        return self.child.returncode


class Sluice:
    """One daemon with one key server. `profile` is a function from the key server's URL to a profile's text; `others`
    are more of them by channel name; `environment` is the daemon's, such as SLUICE_RTMP_MAXPUBLISHERS."""

    # More arguments of the key server.
    key_arguments = ()
    # More of the daemon's.
    daemon_arguments = ()
    # One address or several, with commas between.
    rtmp_listen = "127.0.0.1:0"

    def __init__(self, directory, profile, channel="live", others=None, environment=None):
        self.directory = Path(directory)
        self.channel = channel
        self.profiles = self.directory / "profiles"
        self.profiles.mkdir(exist_ok=True)
        self.keys = None
        self.key_port = 0
        self.start_keys()
        for name, make in {channel: profile, **(others or {})}.items():
            (self.profiles / f"{name}.yaml").write_text(make(f"http://127.0.0.1:{self.key_port}"))
        self.environment = {"E2E_STREAM_KEY": STREAM_KEY, **(environment or {})}
        self.encoders = []
        self.daemons = []
        self.daemon = None
        self.start_daemon()

    def start_keys(self):
        """Starts the key server, the second time on the port of the first."""
        self.keys = Process(
            "keyserver",
            [BUILD / "sluice-keyserver", "serve", "--listen", f"127.0.0.1:{self.key_port}", "--secret-file",
             self.directory / "secret", *self.key_arguments], self.directory)
        self.key_port = self.keys.listening()["port"]

    def start_daemon(self):
        """Starts the daemon; each start writes log files of its own, `daemons` holds all of them."""
        self.daemon = Process(
            f"daemon{len(self.daemons) or ''}",
            [BUILD / "sluice", "serve", "--profiles", self.profiles, "--storage", self.directory / "data",
             "--rtmp-listen", self.rtmp_listen, "--origin-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0",
             *self.daemon_arguments],
            self.directory, self.environment)
        self.daemons.append(self.daemon)
        ports = self.daemon.listening()
        self.rtmp = f"rtmp://127.0.0.1:{ports['rtmp']}"
        self.origin = f"http://127.0.0.1:{ports['origin']}"
        self.admin = f"http://127.0.0.1:{ports['admin']}"
        self.rtmp_port = ports["rtmp"]

    def url(self, endpoint, file="index.m3u8"):
        return f"{self.origin}/{self.channel}/{endpoint}/{file}"

    def status(self, channel=None):
        code, _, body = get(f"{self.admin}/v1/channels/{channel or self.channel}")
        assert code == 200, body
        return json.loads(body)

    def push(self, seconds=None, size="320x180", rate=30, extra=(), key=STREAM_KEY, channel=None, video=None):
        """An FFmpeg encoder at real-time speed: a picture with a machine-readable frame number, and a tone."""
        width, height = (int(part) for part in size.split("x"))
        source = video or f"testsrc2=size={size}:rate={rate},{strip_filter(width, rate)},format=yuv420p"
        tone = "aevalsrc='0.2*sin(2*PI*440*t)|0.2*sin(2*PI*660*t)':s=48000"
        arguments = ["ffmpeg", "-hide_banner", "-nostdin", "-v", "warning", "-re", "-f", "lavfi", "-i", source, "-re",
                     "-f", "lavfi", "-i", tone, "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency",
                     "-g", str(rate * 2), "-b:v", "1500k", "-c:a", "aac", "-b:a", "128k", *extra]
        if seconds:
            arguments += ["-t", str(seconds)]
        encoder = Process(
            f"encoder{len(self.encoders)}",
            [*arguments, "-f", "flv", f"{self.rtmp}/{channel or self.channel}/{key}"], self.directory)
        self.encoders.append(encoder)
        return encoder

    def push_file(self, path, channel=None):
        """An FFmpeg encoder that sends a file over and over as it is."""
        encoder = Process(
            f"encoder{len(self.encoders)}",
            ["ffmpeg", "-hide_banner", "-nostdin", "-v", "warning", "-re", "-stream_loop", "-1", "-i", path, "-c",
             "copy", "-f", "flv", f"{self.rtmp}/{channel or self.channel}/{STREAM_KEY}"], self.directory)
        self.encoders.append(encoder)
        return encoder

    def wait_for_segments(self, count, seconds=180):
        """Waits until the channel's window holds `count` whole segments; gives the status."""
        return wait_for(f"{count} segments", lambda: (s := self.status())["segments"] >= count and s, seconds)

    def close(self):
        for encoder in self.encoders:
            encoder.stop(signal.SIGINT)
        self.daemon.stop()
        self.keys.stop()


def strip_filter(width, rate):
    """FFmpeg filters that burn a strip into the top left corner: 28 blocks of width/32, namely 1 0 1, the frame
    number in 24 bits, even parity; white is 1."""
    block = width // 32
    filters = [f"drawbox=x=0:y=0:w={block * 28}:h={block}:color=black:t=fill"]
    filters += [f"drawbox=x={x * block}:y=0:w={block}:h={block}:color=white:t=fill" for x in (0, 2)]
    parity = []
    for bit in range(24):
        on = f"mod(floor(n/{1 << (23 - bit)})\\,2)"
        parity.append(on)
        filters.append(f"drawbox=x={(3 + bit) * block}:y=0:w={block}:h={block}:color=white:t=fill:enable='gte({on}\\,1)'")
    filters.append(
        f"drawbox=x={27 * block}:y=0:w={block}:h={block}:color=white:t=fill:enable='gte(mod({'+'.join(parity)}\\,2)\\,1)'")
    return ",".join(filters)


def read_strips(path, width, ffmpeg="ffmpeg", options=()):
    """The frame numbers of every decoded picture of `path`, None where unreadable, and the decoder's error lines."""
    result = subprocess.run(
        [ffmpeg, "-v", "error", "-nostdin", *options, "-i", str(path), "-map", "0:v:0", "-vf",
         STRIP, "-fps_mode", "passthrough", "-f", "rawvideo", "-"], capture_output=True, check=False)
    return strip_numbers(result.stdout), [
        line for line in result.stderr.decode(errors="replace").splitlines() if line.strip()]


# Of a picture, what `strip_numbers` takes: 112 x 4 bytes.
STRIP = "crop=iw*28/32:iw/32:0:0,scale=112:4:flags=area,format=gray"


def strip_numbers(data):
    """The frame numbers of raw strips, None where unreadable."""
    numbers = []
    for start in range(0, len(data) - 447, 448):
        frame = data[start:start + 448]
        blocks = [sum(frame[row * 112 + k * 4 + column] for row in (1, 2) for column in (1, 2)) / 4 for k in range(28)]
        bits = [value > 127 for value in blocks]
        number = sum(bit << (23 - index) for index, bit in enumerate(bits[3:27]))
        valid = bits[0] and not bits[1] and bits[2] and sum(bits[3:27]) % 2 == bits[27]
        numbers.append(number if valid else None)
    return numbers


def profile(key_url, rotation=10, segment=2, rungs=(("high", 320, 180, 600000), ("low", 160, 90, 200000)), bframes=2,
            window=120, channel="live", prefetch=20, grace=30):
    """A channel with endpoints clear, hls-ts, hls and dash, small enough for two busy cores."""
    video = "\n".join(
        f"  - {{ name: {name}, codec: h264, width: {width}, height: {height}, framerate: 30, bitrate: {bitrate},"
        f" rateControlMode: CBR, profile: MAIN, gopSize: {30 * segment}, gopNumBFrames: {bframes}, preset: superfast }}"
        for name, width, height, bitrate in rungs)

    def encryption(method, systems):
        return (f"encryption: {{ {method}, keyRotationIntervalSeconds: {rotation}, speke: main{systems} }}")

    return f"""
channel: {channel}
ingest:
  streamKeys: {{ primary: {{ env: E2E_STREAM_KEY }} }}
  inputLoss: {{ holdSeconds: 60, fill: none }}
video:
{video}
audio:
  - {{ name: stereo, codec: aac, bitrate: 96000, sampleRate: 48000, channels: 2, language: en }}
segmentDurationSeconds: {segment}
partDurationSeconds: 1
storageWindowSeconds: {window * 3}
endpoints:
  - {{ id: clear, package: hls, container: cmaf, playlistWindowSeconds: {window}, programDateTimeIntervalSeconds: {segment} }}
  - id: hls-ts
    package: hls
    container: ts
    playlistWindowSeconds: {window}
    useAudioRenditionGroup: false
    {encryption("method: AES-128", "")}
  - id: hls
    package: hls
    container: cmaf
    playlistWindowSeconds: {window}
    {encryption("method: SAMPLE-AES, scheme: cbcs", ", systems: [clearkey]")}
  - id: dash
    package: dash
    manifestWindowSeconds: {window}
    minBufferTimeSeconds: 2
    minUpdatePeriodSeconds: 2
    suggestedPresentationDelaySeconds: 6
    segmentTemplate: timeline
    periodTriggers: [keyRotation]
    {encryption("scheme: cenc", ", systems: [clearkey]")}
speke:
  main:
    url: {key_url}/speke/v2.0/copyProtection
    version: "2.0"
    resourceId: {channel}-e2e
    authentication: {{ none: {{}} }}
    prefetchSeconds: {prefetch}
    onKeyFailure: {{ graceSeconds: {grace}, then: stop }}
"""
