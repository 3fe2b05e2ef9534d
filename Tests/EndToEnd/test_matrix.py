"""Every scheme, codec, key policy and way of rotation: opened by FFmpeg and by Shaka Packager, and held against the
clips that went in.

The clips go past the encoder and the worker, which know fewer codecs, straight into a channel: Tools/package-clips.
"""

import hashlib
import json
import shutil

import pytest

import matrix
from matrix import START, Clips, Job, Package, endpoints, header_group, key_group, read, unlock
from media_tools import FFMPEG8, LOCAL, run, track_encryption
from sluice import BUILD

# What FFmpeg leaves of a clip when it goes through a transport stream: for pictures, their slices.
STREAM_FILTERS = {"h264": "filter_units=pass_types=1-5", "hevc": "filter_units=pass_types=0-31"}
TO_STREAM = {"h264": "h264_mp4toannexb,", "hevc": "hevc_mp4toannexb,"}
AAC = ("-bsf:a", "aac_adtstoasc")

# Pictures, sound, rungs, policies.
ROWS = {
    "h264-aac": ("h264", "aac", ("low", "high"), ("shared", "split", "rungs")),
    "hevc-aac": ("hevc", "aac", ("low", "high"), ("shared", "split", "rungs")),
    "av1-aac": ("av1", "aac", ("low", "high"), ("shared", "split", "rungs")),
    "h264-ac3": ("h264", "ac3", ("low",), ("shared", "split")),
    "h264-eac3": ("h264", "eac3", ("low",), ("shared", "split")),
    "h264-opus": ("h264", "opus", ("low",), ("shared", "split")),
}
# Key periods of a rotating endpoint, and keys in each.
PERIODS = 1 + -(-(matrix.SECONDS - 4) // matrix.ROTATION)
KEYS = {"shared": 1, "split": 2, "rungs": 3}


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    return Clips(tmp_path_factory.mktemp("clips"))


class Row:
    """A set of clips, packaged in every way, and what the foreign tools have to say of it."""

    def __init__(self, name, clips, directory):
        self.video, self.audio, rungs, policies = ROWS[name]
        self.directory = directory
        self.sources = {f"{self.video}-{rung}": clips.video(self.video, rung) for rung in rungs}
        self.sources[self.audio] = clips.audio(self.audio)
        self.endpoints = endpoints(
            policies, has_streams=self.video != "av1" and self.audio != "opus",
            has_sample_aes=self.video == "h264" and self.audio != "opus")
        self.package = Package(directory, self.endpoints, self.sources.values())
        self.clear = {}
        for track, path in self.sources.items():
            self.clear[track] = self.job(path, track)
            self.clear[track, "stream"] = self.job(path, track, filters=self.stream_filters(track, True))
        read("ffmpeg", list(self.clear.values()), directory)

    def job(self, path, track, options=(), filters=()):
        return Job(path, Package.kind(track), tuple(options), tuple(filters))

    def stream_filters(self, track, is_clip=False):
        if Package.kind(track) == "v" and self.video in STREAM_FILTERS:
            return ("-bsf:v", (TO_STREAM[self.video] if is_clip else "") + STREAM_FILTERS[self.video])
        return AAC if self.audio == "aac" and not is_clip and Package.kind(track) == "a" else ()

    def compare(self, where, track, samples, stream=False, times=False):
        """That these are the samples of the clip from its beginning, all of the whole segments."""
        clear = self.clear[(track, "stream") if stream else track].samples
        seconds = len(samples) * self.step(track)
        assert abs(seconds - matrix.SECONDS) < 0.05, f"{where} {track}: {len(samples)} samples, {seconds} s"
        wrong = [index for index, (one, two) in enumerate(zip(samples, clear)) if one[2:] != two[2:]]
        assert not wrong, f"{where} {track}: {len(wrong)} of {len(samples)} samples are not the clear ones: {wrong[:9]}"
        if times:
            shifts = {(one[0] - two[0], one[1] - two[1]) for one, two in zip(samples, clear)}
            assert len(shifts) == 1, f"{where} {track}: the times are not those of the clip"
            if Package.kind(track) == "v":
                assert shifts == {(START * 90000,) * 2}, f"{where} {track}: the times are not those of the epoch"

    def step(self, track):
        """Seconds from one sample to the next."""
        if Package.kind(track) == "v":
            return 1 / matrix.RATE
        clear = self.clear[track].samples
        return (clear[2][0] - clear[1][0]) / 48000


def check_keys(row):
    """The number of keys and of their changes, as the manifests say them; and that the headers say the same."""
    runs = {}
    for endpoint in row.endpoints:
        runs[endpoint.name] = found = row.package.runs(endpoint)
        where = endpoint.name
        periods = 1 if endpoint.rotation == "fixed" else PERIODS
        tracks = {one.track for one in found}
        assert len(found) == len(tracks) * periods, f"{where}: {len(found)} runs of {len(tracks)} tracks"
        keys = KEYS[endpoint.policy] if not endpoint.muxes else 1
        assert len({one.kid for one in found}) == keys * periods, f"{where}: keys"
        assert {one.kid for one in found} <= set(row.package.keys), f"{where}: keys nobody has"
        for one in found:
            if endpoint.method in ("cbcs", "cenc"):
                header = one.header.read_bytes()
                assert track_encryption(header) == (endpoint.method, one.kid), f"{where}: {one.header}"
                if endpoint.rotation == "both":
                    said = {key_group(path.read_bytes()) for path in one.files}
                    assert said == {header[header_group(header)]}, f"{where}: seig is not as tenc: {one.header}"
    return runs


def without_repetition(job, count):
    """The samples without about `count` last ones, which came before but for the very last, that FFmpeg left as it is."""
    if count == 0:
        return job.samples
    data = [sample[2:] for sample in job.samples]
    found = [number for number in range(int(count) - 1, int(count) + 3)
             if data[-number:-1] == data[-2 * number:-number - 1]]
    assert len(found) == 1, f"{job.path}: {found}"
    return job.samples[:-found[0]]


def check_whole_segments(row, method, form):
    """AES-128 by FFmpeg 5 from the playlist, over all changes; SAMPLE-AES key by key."""
    jobs = []
    for endpoint in row.endpoints:
        if (endpoint.method, endpoint.form) != (method, form):
            continue
        for name in row.package.playlist_tracks(endpoint):
            paths = [(row.directory / "matrix" / endpoint.name / name / "playlist.m3u8", 0)]
            if method == "sample-aes":
                paths = row.package.split(endpoint, name)
            for track in [name, row.audio] if endpoint.muxes else [name]:
                filters = row.stream_filters(track) if form == "ts" else ()
                jobs.append((endpoint, track, [
                    (row.job(path, track, LOCAL, filters), repeated) for path, repeated in paths]))
    read("ffmpeg", [job for _, _, group in jobs for job, _ in group], row.directory)
    for endpoint, track, group in jobs:
        samples = [sample for job, repeated in group for sample in without_repetition(job, repeated / row.step(track))]
        row.compare(endpoint.name, track, samples, stream=form == "ts")
    return len(jobs)


def check_common_encryption(row, method, runs):
    """Every run of segments under one key, by FFmpeg 8 and by Shaka Packager, which choose the key by its KID."""
    directory = row.directory / method
    directory.mkdir()
    files, tracks = {}, []
    for endpoint in row.endpoints:
        if endpoint.method != method:
            continue
        for track in row.sources:
            paths = []
            for one in runs[endpoint.name]:
                if one.track == track:
                    data = b"".join(path.read_bytes() for path in [one.header, *one.files])
                    paths.append(directory / f"{hashlib.sha256(data).hexdigest()[:16]}.mp4")
                    # HLS and DASH of one policy are the same bytes: opened once.
                    if paths[-1] not in files:
                        paths[-1].write_bytes(data)
                        files[paths[-1]] = Package.kind(track)
            tracks.append((endpoint, track, paths))
    keys = ":".join(f"{kid}={key}" for kid, key in row.package.keys.items())
    locked = {path: Job(path, kind) for path, kind in files.items()}
    opened = {path: Job(path, kind, ("-decryption_keys", keys)) for path, kind in files.items()}
    outputs = unlock(list(files.items()), row.package.keys, directory)
    unlocked = {path: Job(output, kind) for output, (path, kind) in zip(outputs, files.items())}
    read(FFMPEG8, [*locked.values(), *opened.values(), *unlocked.values()], directory)
    for endpoint, track, paths in tracks:
        for jobs, tool in ((unlocked, "Shaka Packager"), (opened, "FFmpeg 8")):
            samples = [sample for path in paths for sample in jobs[path].samples]
            row.compare(f"{endpoint.name} {tool}", track, samples, times=True)
        clear = {sample[2:] for sample in row.clear[track].samples if sample[2] >= 200}
        seen = clear & {sample[2:] for path in paths for sample in locked[path].samples}
        assert clear and not seen, f"{endpoint.name} {track}: {len(seen)} samples are in the clear"
    return len(tracks), len(files)


def check_probe(row, method, form):
    """`sluice probe` opens all of it, too."""
    found = [endpoint for endpoint in row.endpoints if (endpoint.method, endpoint.form) == (method, form)]
    with matrix.served(row.directory) as url:
        for endpoint in found:
            done = run(BUILD / "sluice", "probe", f"{url}/matrix/{endpoint.name}/index.m3u8", "--json", "--segments", 99)
            report = json.loads(done.stdout)
            assert done.returncode == 0, f"{endpoint.name}: {report['findings']}"
            for rendition in report["renditions"]:
                keys = 1 if endpoint.rotation == "fixed" else PERIODS
                assert rendition["protection"] == [method.upper()] and len(rendition["keys"]) == keys, rendition
                assert rendition["segments"] == matrix.SECONDS // matrix.SEGMENT, rendition
    return len(found)


@pytest.mark.parametrize("name", ROWS)
def test_row(name, clips, tmp_path):
    row = Row(name, clips, tmp_path)
    runs = check_keys(row)
    for method, form in (("aes-128", "cmaf"), ("aes-128", "ts"), ("sample-aes", "ts")):
        print(name, method, form, check_whole_segments(row, method, form), "playlists")
    if name == "h264-aac":
        print(name, "probe", check_probe(row, "sample-aes", "ts"), "endpoints")
    for method in ("cbcs", "cenc"):
        print(name, method, *check_common_encryption(row, method, runs), "tracks, files of one key")
    shutil.rmtree(tmp_path)  # 150 MB
