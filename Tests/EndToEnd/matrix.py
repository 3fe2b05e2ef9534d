"""What the matrix test is made of: clips, a profile with every kind of protection, and tools over many files at once."""

import contextlib
import functools
import http.server
import json
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path

import verify_dash
import verify_hls
from media_tools import PACKAGER, lines, run
from sluice import BUILD

SEGMENT, ROTATION, SECONDS, RATE = 2, 10, 34, 5
START = 1_600_000_006  # where package-clips puts the clips: the first key is for two segments
SIZES = {"low": "160x90", "high": "1056x560"}  # two classes of resolution of PRESET-VIDEO-5
VIDEO = {
    "h264": "-c:v libx264 -preset veryfast -crf 34 -g 10 -keyint_min 10 -sc_threshold 0 -bf 2",
    "hevc": "-c:v libx265 -preset ultrafast -crf 38 -tag:v hvc1 -x265-params log-level=none:keyint=10:min-keyint=10"
            ":scenecut=0:bframes=2:open-gop=0:pools=none:frame-threads=1",
    "av1": "-c:v libsvtav1 -preset 12 -crf 55 -g 10",
}
AUDIO = {"aac": "aac", "ac3": "ac3", "eac3": "eac3", "opus": "libopus"}
POLICIES = {
    "shared": ("SHARED", "SHARED"),
    "split": ("PRESET-VIDEO-1", "PRESET-AUDIO-1"),
    "rungs": ("PRESET-VIDEO-5", "PRESET-AUDIO-1"),
}


class Clips:
    """Fragmented CMAF files of one track, each made when it is first asked for."""

    def __init__(self, directory):
        self.directory = directory

    def video(self, codec, rung):
        return self._make(
            f"{codec}-{rung}", f"testsrc2=size={SIZES[rung]}:rate={RATE}", SECONDS + 1,
            f"-pix_fmt yuv420p {VIDEO[codec]} -video_track_timescale 90000", "+frag_keyframe")

    def audio(self, codec):
        tone = "aevalsrc=0.2*sin(2*PI*440*t)|0.2*sin(2*PI*(300+20*t)*t):s=48000"
        return self._make(
            codec, tone, SECONDS + 1, f"-c:a {AUDIO[codec]} -b:a 96k -frag_duration {SEGMENT * 1000000}", "")

    def _make(self, name, source, seconds, options, flags):
        path = self.directory / f"{name}.mp4"
        if not path.exists():
            made = run("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", source, "-t", seconds,
                       *options.split(), "-f", "mp4", "-movflags",
                       f"+cmaf+delay_moov+default_base_moof+negative_cts_offsets+skip_trailer{flags}",
                       path.with_suffix(".part"))
            assert made.returncode == 0, made.stderr
            path.with_suffix(".part").rename(path)
        return path


@dataclass
class Endpoint:
    policy: str
    method: str  # aes-128, sample-aes, cbcs, cenc
    form: str  # ts, cmaf, dash
    rotation: str  # fixed, manifest, both, inband

    @property
    def name(self):
        return f"{self.policy}-{self.method}-{self.form}-{self.rotation}"

    @property
    def muxes(self):
        """One of the policies has its sound in the pictures' transport streams."""
        return self.form == "ts" and self.policy == "shared"

    def yaml(self):
        words = {"aes-128": "method: AES-128", "sample-aes": "method: SAMPLE-AES",
                 "cbcs": "method: SAMPLE-AES, scheme: cbcs", "cenc": "method: SAMPLE-AES-CTR, scheme: cenc"}
        is_common = self.method in ("cbcs", "cenc")
        if self.form == "dash":
            kind, words = "package: dash, manifestWindowSeconds: 60", {"cbcs": "scheme: cbcs", "cenc": "scheme: cenc"}
        else:
            group = f", useAudioRenditionGroup: {str(not self.muxes).lower()}" if self.form == "ts" else ""
            kind = f"package: hls, container: {self.form}, playlistWindowSeconds: 60{group}"
        encryption = (f"{words[self.method]}, speke: {self.policy}, "
                      f"keyRotationIntervalSeconds: {0 if self.rotation == 'fixed' else ROTATION}")
        if is_common:
            encryption += ", systems: [widevine, playready]"
        if self.rotation in ("both", "inband"):
            encryption += f", rotationSignalling: {self.rotation}"
        return f"  - {{ id: {self.name}, {kind}, encryption: {{ {encryption} }} }}"


def endpoints(policies, has_streams, has_sample_aes):
    """Every kind of protection that there is for some codecs."""
    found = []
    for policy in policies:
        for rotation in ("fixed", "manifest"):
            found.append(Endpoint(policy, "aes-128", "cmaf", rotation))
            if has_streams:
                found.append(Endpoint(policy, "aes-128", "ts", rotation))
            if has_sample_aes:
                found.append(Endpoint(policy, "sample-aes", "ts", rotation))
        for scheme in ("cbcs", "cenc"):
            found += [Endpoint(policy, scheme, "cmaf", rotation) for rotation in ("fixed", "manifest", "both")]
            found += [Endpoint(policy, scheme, "dash", rotation) for rotation in ("fixed", "manifest", "both", "inband")]
    return found


def profile(found):
    policies = {one.policy: POLICIES[one.policy] for one in found}
    listed = "\n".join(one.yaml() for one in found)
    speke = "\n".join(
        f"  {name}:\n    url: http://127.0.0.1:9/never-asked\n    version: \"2.0\"\n    resourceId: matrix-{name}\n"
        f"    authentication: {{ none: {{}} }}\n    prefetchSeconds: 5\n"
        f"    keyPolicy: {{ video: {video}, audio: {audio} }}"
        for name, (video, audio) in policies.items())
    return f"""
channel: matrix
ingest:
  streamKeys: {{ primary: {{ env: MATRIX_STREAM_KEY }} }}
video:
  - {{ name: low, codec: h264, width: 160, height: 90, framerate: {RATE}, bitrate: 500000, gopSize: {RATE * SEGMENT} }}
audio:
  - {{ name: sound, codec: aac, bitrate: 96000, sampleRate: 48000, channels: 2, language: en }}
segmentDurationSeconds: {SEGMENT}
storageWindowSeconds: 3600
endpoints:
{listed}
speke:
{speke}
"""


@dataclass
class Run:
    """Segments of one track under one header and one key."""

    track: str
    kid: str | None
    header: Path | None
    files: list = field(default_factory=list)


class Package:
    """What package-clips wrote."""

    def __init__(self, directory, found, clips):
        self.directory = Path(directory)
        (self.directory / "profile.yaml").write_text(profile(found))
        made = subprocess.run(
            [BUILD / "package-clips", self.directory / "profile.yaml", self.directory, *clips], capture_output=True,
            check=False, env={"MATRIX_STREAM_KEY": "matrix-stream-key"})
        assert made.returncode == 0, made.stderr.decode()[-2000:]
        self.keys = json.loads((self.directory / "keys.json").read_text())

    def playlist(self, endpoint, track):
        path = self.directory / "matrix" / endpoint.name / track / "playlist.m3u8"
        return verify_hls.parse_media(str(path), path.read_text())

    def playlist_tracks(self, endpoint):
        path = self.directory / "matrix" / endpoint.name
        return sorted(one.parent.name for one in path.glob("*/playlist.m3u8"))

    def runs(self, endpoint):
        """The runs of all tracks as the manifests list them, in order."""
        runs = []
        if endpoint.form == "dash":
            path = self.directory / "matrix" / endpoint.name / "index.mpd"
            for one in verify_dash.tracks(str(path), path.read_bytes(), endpoint.method):
                runs.append(Run(one.name, one.kid, Path(one.init), [Path(part[1]) for part in one.segments]))
            return [part for one in runs for part in self.by_fragments(one)] if endpoint.rotation == "inband" else runs
        for track in self.playlist_tracks(endpoint):
            for segment in self.playlist(endpoint, track).segments:
                header = Path(segment.map) if segment.map else None
                if not runs or (runs[-1].track, runs[-1].kid) != (track, segment.kid):
                    runs.append(Run(track, segment.kid, header))
                assert runs[-1].header == header, f"{endpoint.name}: another EXT-X-MAP under the same key"
                runs[-1].files.append(Path(segment.url))
        return runs

    @staticmethod
    def by_fragments(run):
        """The runs of one key that the fragments themselves tell. No tool at hand reads `seig`, so each gets a header
        that says what its fragments say, in place of nothing."""
        assert run.kid is None
        header = run.header.read_bytes()
        place = header_group(header)
        assert header[place][4:20] == bytes(16), "a header with a KID"
        runs = []
        for path in run.files:
            entry = key_group(path.read_bytes())
            assert len(entry) == len(header[place]) and entry[:4] == header[place][:4], "not what the header leads to"
            kid = entry[4:20].hex()
            if not runs or runs[-1].kid != kid:
                runs.append(Run(run.track, kid, path.with_name(f"said-{kid}.mp4")))
                runs[-1].header.write_bytes(header[:place.start] + entry + header[place.stop:])
            runs[-1].files.append(path)
            assert runs[-1].header.read_bytes()[place] == entry, "two IVs with one KID"
        return runs

    def split(self, endpoint, track):
        """A playlist of its own for each key: FFmpeg opens SAMPLE-AES with the key of what it has read ahead, and the
        last packet of all with none. So each has its last segment twice: the paths, and how long that one is."""
        playlist = self.playlist(endpoint, track)
        paths = []
        for kid in dict.fromkeys(one.kid for one in playlist.segments):
            text = ["#EXTM3U", "#EXT-X-VERSION:6", f"#EXT-X-TARGETDURATION:{playlist.target}"]
            first = next(one for one in playlist.segments if one.kid == kid)
            key = first.key
            text += ["#EXT-X-KEY:METHOD={METHOD},URI=\"{URI}\",IV={IV}".format(**key)]
            own = [segment for segment in playlist.segments if segment.kid == kid]
            assert all(segment.key == key for segment in own)
            for segment in [*own, own[-1]]:
                text += [f"#EXTINF:{segment.duration},", segment.url]
            path = Path(playlist.url).with_name(f"{kid}.m3u8")
            path.write_text("\n".join([*text, "#EXT-X-ENDLIST", ""]))
            paths.append((path, own[-1].duration))
        return paths

    @staticmethod
    def kind(track):
        return "v" if "-" in track else "a"


@contextlib.contextmanager
def served(directory):
    """The URL of a web server on a folder, which says of files what the origin says."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        extensions_map = {".m3u8": "application/vnd.apple.mpegurl", ".ts": "video/mp2t", "": "application/octet-stream"}

        def end_headers(self):
            age = 1 if self.path.endswith(".m3u8") else 31536000
            self.send_header("Cache-Control", f"public, max-age={age}")
            super().end_headers()

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Handler, directory=directory)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@dataclass
class Job:
    """A track of a file, and how to read it."""

    path: Path
    kind: str
    options: tuple = ()
    filters: tuple = ()
    samples: list = field(default_factory=list)  # (dts, pts, size, md5)


def top_boxes(data):
    """(type, box) of a file of fragments."""
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at:at + 4], "big")
        assert 8 <= size <= len(data) - at, f"a box of {size} at {at}"
        yield data[at + 4:at + 8], data[at:at + size]
        at += size


def key_group(segment):
    """What the fragments of a segment say of their key: the one `seig` entry, which all their samples are of, and the
    system ids of the `pssh` boxes with its KID. ISO/IEC 23001-7, clause 6; ISO/IEC 14496-12, clauses 8.9.2 and 8.9.3."""
    found = set()
    for kind, box in top_boxes(segment):
        if kind != b"moof":
            continue
        group, description, trun = box.index(b"sbgp"), box.index(b"sgpd"), box.index(b"trun")
        assert box[group + 4:group + 16] == bytes(4) + b"seig" + (1).to_bytes(4, "big")
        # All samples of the run are of the fragment's own first group.
        assert box[group + 16:group + 20] == box[trun + 8:trun + 12] and box[group + 20:group + 24] == b"\0\1\0\1"
        length = int.from_bytes(box[description + 12:description + 16], "big")
        assert box[description + 4:description + 12] == b"\1\0\0\0seig"
        assert box[description + 16:description + 20] == (1).to_bytes(4, "big")
        entry = box[description + 20:description + 20 + length]
        assert box.count(b"pssh") == 2, "a pssh box for each system in every moof"
        assert entry[4:20] in box[box.index(b"pssh"):], "a pssh box without the KID"
        found.add(entry)
    assert len(found) == 1, f"{len(found)} keys in one segment"
    return found.pop()


def header_group(header):
    """The place of a `tenc` box's fields, which are those of a `seig` entry. ISO/IEC 23001-7, clauses 6 and 8.2."""
    at = header.index(b"tenc")
    return slice(at + 8, at - 4 + int.from_bytes(header[at - 4:at], "big"))


def read(tool, jobs, directory, at_once=40):
    """Fills in the coded samples of every job. Many in one process: to start one takes longer than what it does."""
    for first in range(0, len(jobs), at_once):
        group = jobs[first:first + at_once]
        arguments = [tool, "-v", "error", "-nostdin", "-y", "-copyts"]
        for job in group:
            arguments += [*job.options, "-i", job.path]
        for index, job in enumerate(group):
            arguments += ["-map", f"{index}:{job.kind}:0", "-c", "copy", *job.filters, "-f", "framemd5",
                          directory / f"{index}.md5"]
        done = run(*arguments)
        assert done.returncode == 0, f"{[str(job.path) for job in group]}: {done.stderr[-1500:].decode()}"
        for index, job in enumerate(group):
            rows = [row.split(",") for row in (directory / f"{index}.md5").read_text().splitlines()
                    if not row.startswith("#")]
            job.samples = [(int(row[1]), int(row[2]), int(row[4]), row[5].strip()) for row in rows]
            assert job.samples, f"no sample in {job.path}: {done.stderr[-1500:].decode()}"


def unlock(files, keys, directory, at_once=40):
    """Shaka Packager's output for each (path, kind), with all keys at hand."""
    outputs = []
    known = ",".join(f"label=k{index}:key_id={kid}:key={key}" for index, (kid, key) in enumerate(keys.items()))
    for first in range(0, len(files), at_once):
        streams = []
        for path, kind in files[first:first + at_once]:
            outputs.append(directory / f"unlocked-{len(outputs)}.mp4")
            streams.append(f"in={path},stream={'video' if kind == 'v' else 'audio'},output={outputs[-1]}")
        done = run(PACKAGER, *streams, "--io_cache_size=262144", "--enable_raw_key_decryption", "--keys",
                   known)
        assert done.returncode == 0, lines(done.stderr)[-5:]
    return outputs
