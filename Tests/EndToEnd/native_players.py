"""Players that are programs: FFmpeg, mpv, VLC and GStreamer, each with the defaults of its package, asked what they
decode and when while they play a live manifest. None has a screen or a sound card; all but FFmpeg keep real time."""

import json
import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

RATE = 30
# As none of them needs root, and VLC refuses to be it.
NOBODY = (["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else [])
# Lines that these programs print of every live stream, that say nothing of it.
HARMLESS = re.compile(
    r"Opening '|ALSA|PulseAudio|XDG_RUNTIME_DIR|D-Bus|dbus|no suitable .* module|cannot (open|load) plugin|^\s*$"
    r"|vdpau|vaapi|libva|lua|status file|Lavf\d|skipping \d+ segments ahead", re.IGNORECASE)


class Native:
    """One program that plays `url`. `samples` are (seconds since its start, pictures decoded, pictures dropped)."""

    program = ""

    def __init__(self, name, url, directory):
        self.name, self.url = name, url
        self.folder = Path(directory) / re.sub(r"\W+", "-", name)
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o777)
        self.samples, self.since, self.child = [], time.monotonic(), None
        self.out, self.err = self.folder / "out", self.folder / "err"

    def start(self):
        """Below the encoder and the browser: one that takes all the processor there is must not spoil the others."""
        self.since = time.monotonic()
        self.child = subprocess.Popen(
            ["nice", *NOBODY, *self.arguments()], stdin=subprocess.DEVNULL, stdout=self.out.open("w"),
            stderr=self.err.open("w"), start_new_session=True, cwd=self.folder,
            env={**os.environ, "HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder)})
        return self

    @classmethod
    def is_there(cls):
        return shutil.which(cls.program) is not None

    def step(self):
        """Asks once how far it is."""
        if self.child.poll() is not None:
            return
        counts = self.counts()
        if counts:
            self.samples.append((time.monotonic() - self.since, *counts))

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(5)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        else:
            self.samples.append((time.monotonic() - self.since, -1, 0))

    def errors(self):
        """Lines on the standard error that say that something is wrong."""
        text = self.err.read_text(errors="replace").replace("\r", "\n")
        return [line.strip() for line in text.splitlines() if not HARMLESS.search(line)]

    def ended_early(self):
        return bool(self.samples) and self.samples[-1][1] < 0

    def arguments(self):
        raise NotImplementedError

    def counts(self):
        raise NotImplementedError


class FFmpeg(Native):
    """Decodes as fast as it gets segments: what it shows is that all can be read, not when."""

    program = "ffmpeg"

    @staticmethod
    def version():
        return "FFmpeg " + output("ffmpeg", "-version").split()[2].split("-")[0]

    def arguments(self):
        return ["ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-v", "warning", "-progress", self.folder / "progress",
                "-i", self.url, "-map", "0:v:0", "-map", "0:a:0?", "-f", "null", "-"]

    def counts(self):
        path = self.folder / "progress"
        frames = re.findall(r"^frame=(\d+)", path.read_text() if path.exists() else "", re.M)
        return (int(frames[-1]), 0) if frames else None


class MPV(Native):
    program = "mpv"
    position, shown = None, 0.0

    @staticmethod
    def version():
        return "mpv " + output("mpv", "--version").split()[1].split("-")[0]

    def arguments(self):
        # Its picture output counts what it shows only where it has a clock: "null" has one.
        return ["mpv", "--no-config", "--vo=null", "--ao=null", "--no-terminal", "--msg-level=all=warn", "--osc=no",
                "--ytdl=no", "--load-scripts=no", f"--log-file={self.folder / 'log'}",
                f"--input-ipc-server={self.folder / 's'}", self.url]

    def errors(self):
        log = self.folder / "log"
        text = log.read_text(errors="replace") if log.exists() else ""
        found = re.findall(r"^\[ *[\d.]+\]\[[wef]\]\[(?!cplayer|ao)(.*)$", text, re.M)
        return [line for line in found if not HARMLESS.search(line)]

    def counts(self):
        position, dropped = self._ask("time-pos"), self._ask("frame-drop-count")
        if position is None:
            return None
        # It says where it is, not how much it has shown: what it leaps over does not count.
        step = position - self.position if self.position is not None else 0
        self.position, self.shown = position, self.shown + (step if 0 < step < 3 else 0)
        late = self._ask("decoder-frame-drop-count") or 0
        return round(self.shown * RATE), (dropped or 0) + late

    def _ask(self, name):
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(str(self.folder / "s"))
                connection.sendall(json.dumps({"command": ["get_property", name]}).encode() + b"\n")
                for line in connection.makefile():
                    answer = json.loads(line)
                    if "error" in answer:
                        return answer.get("data")
        except (OSError, ValueError):
            return None
        return None


class VLC(Native):
    program = "cvlc"

    @staticmethod
    def version():
        return "VLC " + re.search(r"VLC (?:media player|version) ([\d.]+)", output(*NOBODY, "cvlc", "--version"))[1]

    def arguments(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        return ["cvlc", "--no-color", "-I", "rc", "--rc-host", f"127.0.0.1:{self.port}", "--vout", "vdummy", "--aout",
                "adummy", "--no-video-title-show", "--no-media-library", "--no-metadata-network-access", self.url]

    def counts(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.settimeout(1)
                connection.sendall(b"stats\n")
                text = ""
                while "end of statistical" not in text:
                    more = connection.recv(65536).decode(errors="replace")
                    if not more:
                        return None
                    text += more
        except OSError:
            return None
        found = {name: re.search(rf"{name} *: *(\d+)", text) for name in ("frames displayed", "frames lost")}
        return tuple(int(match[1]) for match in found.values()) if all(found.values()) else None

    def errors(self):
        return [line for line in super().errors() if " error: " in line and "interface" not in line]


class GStreamer(Native):
    """playbin3: its adaptive demultiplexers of the newer kind where the package has them."""

    program = "gst-launch-1.0"

    @staticmethod
    def version():
        return "GStreamer " + re.search(r"GStreamer ([\d.]+)", output("gst-launch-1.0", "--version"))[1]

    def arguments(self):
        sink = "fpsdisplaysink text-overlay=false fps-update-interval=1000 video-sink=fakesink sync=true"
        return ["gst-launch-1.0", "-v", "playbin3", f"uri={self.url}", f'video-sink="{sink}"',
                'audio-sink="fakesink sync=true"']

    def counts(self):
        lines = re.findall(r"rendered: (\d+), dropped: (\d+)", tail(self.out))
        return tuple(int(number) for number in lines[-1]) if lines else None

    def errors(self):
        both = self.out.read_text(errors="replace") + self.err.read_text(errors="replace")
        return re.findall(r"^(?:ERROR|WARNING).*", both, re.M)


PLAYERS = {"FFmpeg": FFmpeg, "mpv": MPV, "VLC": VLC, "GStreamer": GStreamer}


def output(*arguments):
    return subprocess.run(arguments, capture_output=True, text=True, check=False).stdout


def tail(path, size=20_000):
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - size, 0))
        return file.read().decode(errors="replace")
