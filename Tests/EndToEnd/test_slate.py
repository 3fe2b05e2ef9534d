"""The key provider is away for longer than the grace, and the profile says slate: a black picture under a key that was
fetched for that, the same after a kill -9, until the provider is back."""

import json
import re
import time
import urllib.request

import verify_dash
from decryption import ProviderKeys, open_sample, open_transport_stream, samples, track_encryption
from key_outage import is_transport_stream, sync_bytes
from media_tools import FFMPEG8, PACKAGER, lines, run
from playlists import media, media_url
from sluice import Sluice, get, wait_for
from test_probe import finish, start_probe

SEGMENT, ROTATION, GRACE, RATE = 2, 10, 2, 15
PLAYLISTS = ("hls-ts", "hls-sample", "hls", "hls-aes")
REMOTE = ("-protocol_whitelist", "file,http,tcp,crypto,data", "-allowed_extensions", "ALL")


def profile(key_url):
    def endpoint(id, package, words, method, systems=""):
        window = "manifestWindowSeconds" if package == "dash" else "playlistWindowSeconds"
        return (f"  - {{ id: {id}, package: {package}, {window}: 120, {words}, encryption: {{ {method}, "
                f"keyRotationIntervalSeconds: {ROTATION}, speke: main{systems} }} }}\n")

    dash = "minBufferTimeSeconds: 2, minUpdatePeriodSeconds: 2, suggestedPresentationDelaySeconds: 6, segmentTemplate"
    clearkey = ", systems: [clearkey]"
    endpoints = (
        endpoint("hls-ts", "hls", "container: ts", "method: AES-128")
        + endpoint("hls-sample", "hls", "container: ts", "method: SAMPLE-AES")
        + endpoint("hls", "hls", "container: cmaf", "method: SAMPLE-AES, scheme: cbcs", clearkey)
        + endpoint("hls-aes", "hls", "container: cmaf", "method: AES-128")
        + endpoint("dash", "dash", f"{dash}: timeline", "scheme: cenc", clearkey)
        + endpoint("dash-number", "dash", f"{dash}: number", "scheme: cenc", clearkey))
    return f"""
channel: live
ingest:
  streamKeys: {{ primary: {{ env: E2E_STREAM_KEY }} }}
video:
  - {{ name: low, codec: h264, width: 160, height: 90, framerate: {RATE}, bitrate: 200000, rateControlMode: CBR,
      profile: MAIN, gopSize: {RATE * SEGMENT}, gopNumBFrames: 2, preset: ultrafast }}
audio:
  - {{ name: stereo, codec: aac, bitrate: 64000, sampleRate: 48000, channels: 2, language: en }}
segmentDurationSeconds: {SEGMENT}
storageWindowSeconds: 240
endpoints:
{endpoints}
speke:
  main:
    url: {key_url}/speke/v2.0/copyProtection
    resourceId: live
    authentication: {{ none: {{}} }}
    prefetchSeconds: 3
    onKeyFailure: {{ graceSeconds: {GRACE}, then: slate }}
"""


class Faulty(Sluice):
    key_arguments = ("--faults",)

    def arm(self):
        body = json.dumps({"fault": "status", "status": 503}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.key_port}/faults", body, method="POST")
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200

    def clear(self):
        assert get(f"http://127.0.0.1:{self.key_port}/faults", method="DELETE")[0] == 200

    def steps(self):
        return {endpoint["id"]: endpoint["keyStep"] for endpoint in self.status()["endpoints"]}

    def metric(self, name, **labels):
        text = get(f"{self.admin}/metrics")[2].decode()
        found = [line for line in text.splitlines() if line.startswith(name + "{")
                 and all(f'{key}="{value}"' in line for key, value in labels.items())]
        return [float(line.rsplit(" ", 1)[1]) for line in found]


def is_slate(url):
    """A slate's media has a revision of its own: that of the endpoint, and the slate's."""
    return re.search(r"/[0-9a-f]{12}-[0-9a-f]{12}/", url) is not None


def playlist(sluice, endpoint):
    url = media_url(sluice.url(endpoint))
    return url and media(url)


def fetch(url):
    code, _, body = get(url)
    assert code == 200 and body, f"{code} of {url}, which is listed"
    return body


def listed(sluice):
    """Path and bytes of everything that manifests list."""
    urls = set()
    for endpoint in PLAYLISTS:
        for entry in playlist(sluice, endpoint).entries:
            urls |= {entry.url, entry.map} if not entry.is_gap else set()
    url = sluice.url("dash", "index.mpd")
    for track in verify_dash.tracks(url, verify_dash.fetch_mpd(url)):
        urls |= {track.init, *(segment[1] for segment in track.segments)}
    return {url.removeprefix(sluice.origin): fetch(url) for url in urls if url}


def luma(path, *options):
    """The mean of every picture's luma, and what FFmpeg has to complain about."""
    found = run(FFMPEG8, "-v", "error", "-nostdin", *options, "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough",
                "-vf", "scale=1:1:flags=area,format=gray", "-f", "rawvideo", "-")
    return list(found.stdout), lines(found.stderr)


def loudness(path, *options):
    """The sound's loudest sample of 16 bits, and how many there are."""
    found = run(FFMPEG8, "-v", "error", "-nostdin", *options, "-i", path, "-map", "0:a:0", "-ac", "1", "-f", "s16le", "-")
    values = memoryview(found.stdout).cast("h")
    return max((abs(value) for value in values), default=0), len(values), lines(found.stderr)


def check_black(path, segments, *options):
    found, errors = luma(path, *options)
    assert errors == [] and len(found) == segments * RATE * SEGMENT, (path, len(found), errors[:3])
    assert max(found) <= 2, f"{path} is not black: {max(found)}"


def check_silent(path, segments, *options):
    peak, count, errors = loudness(path, *options)
    assert errors == [] and peak <= 2
    assert abs(count - segments * SEGMENT * 48000) <= 2048


def test_a_slate_under_the_reserve_key(tmp_path):
    sluice = Faulty(tmp_path, profile)
    try:
        sluice.push(size="160x90", rate=RATE)
        wait_for("the reserve key", lambda: all(key["isReserveHeld"] for key in sluice.status()["keys"]))
        wait_for("a slate", lambda: sluice.daemon.messages("^a slate is ready"))
        sluice.wait_for_segments(1)
        wait_for("this and the next key", lambda: all(
            key["isCurrentHeld"] and key["isNextHeld"] for key in sluice.status()["keys"]))
        wait_for("a rotation comes", lambda: ROTATION - time.time() % ROTATION < 1.5, interval=0.05)
        sluice.arm()
        wait_for("the slate is shown", lambda: set(sluice.steps().values()) == {"slate"})
        assert set(sluice.metric("sluice_endpoint_slate")) == {1} and set(sluice.metric("sluice_endpoint_grace")) == {0}
        begin = sluice.status()["lastSegment"]
        wait_for("a second segment of it", lambda: sluice.status()["lastSegment"] > begin)

        # The same bytes behind the same URLs after a kill, with the provider still away.
        before = listed(sluice)
        discontinuities = {name: playlist(sluice, name).discontinuities for name in PLAYLISTS}
        sluice.daemon.child.kill()
        sluice.daemon.child.wait()
        sluice.start_daemon()
        for path, body in before.items():
            code, _, again = get(sluice.origin + path)
            assert (code, again == body) == (200, True), path
        for name in PLAYLISTS:
            found = playlist(sluice, name)
            assert set(discontinuities[name]) <= set(found.discontinuities)
        sluice.push(size="160x90", rate=RATE)
        last = sluice.status()["lastSegment"]
        wait_for("slate goes on", lambda: sluice.status()["lastSegment"] >= last + 2 and
                 set(sluice.steps().values()) == {"slate"})
        # The first segment of it was not made a second time, nor under another slate.
        assert not sluice.daemon.messages("^a slate is ready")

        sluice.clear()
        wait_for("keys are back", lambda: set(sluice.steps().values()) == {"own"})
        back = sluice.status()["lastSegment"]
        wait_for("the picture", lambda: sluice.status()["lastSegment"] >= back + 2)
        for pattern in ("^the next key is late", "^no key past the grace: a slate"):
            assert sluice.daemons[0].messages(pattern), pattern
        assert sluice.daemon.said("^keys are back: the slate is over")
        # Nobody was ever turned away, but for a moment after the start.
        assert not sluice.daemons[0].messages("manifests answer 503 until the provider")
        # What was listed is what it was.
        for path, body in before.items():
            assert get(sluice.origin + path)[2] == body, path

        check_by_probe(sluice)
        check_addresses(sluice)
        keys = ProviderKeys(tmp_path / "secret")
        check_transport_streams(sluice, keys, tmp_path)
        check_cmaf(sluice, keys, tmp_path)
        check_dash(sluice, keys, tmp_path)
        check_numbers(sluice)
    finally:
        sluice.close()


def check_by_probe(sluice):
    """All of it, over both changes, as a strict player would fetch it."""
    probes = {
        name: start_probe(sluice.url(name, "index.mpd" if "dash" in name else "index.m3u8"), sluice, "--segments", "40")
        for name in ("hls-ts", "hls-sample", "hls", "dash")}
    # An encoder's first segment may be a picture or two.
    short = [number + after for number in playlist(sluice, "hls-ts").discontinuities for after in (0, 1)]
    for name, probe in probes.items():
        _, report = finish(probe)
        wrong = [finding for finding in report["findings"] if finding["severity"] == "error"
                 and not any(str(number) in finding["detail"] for number in short)]
        assert wrong == [] and report["renditions"], (name, wrong)


def check_addresses(sluice):
    """Neither a slate in a segment's place, nor a segment in a slate's."""
    entries = [entry for entry in playlist(sluice, "hls").entries if not entry.is_gap]
    slate = next(entry for entry in entries if is_slate(entry.url))
    name = re.search("-[0-9a-f]{12}/", slate.url).group(0)
    for entry in entries:
        other = re.sub("-[0-9a-f]{12}/", "/", entry.url) if entry.url != entry.url.replace(name, "/") else re.sub(
            "(/[0-9a-f]{12})/", lambda match: match.group(1) + name, entry.url)
        assert other != entry.url and get(other)[0] == 404, other
    for wrong in (slate.map.replace(name, "/"), slate.map.replace("2147483647", "1"), slate.url.replace(name, "-0" * 6)):
        assert get(wrong)[0] == 404, wrong


def kid(entry):
    return re.search(r"/keys/([0-9a-f-]{36})", entry.key["URI"]).group(1).replace("-", "")


def check_lists(found):
    """Discontinuities stand where the picture changes, and nowhere else but where encoders did."""
    # Between the two encoders there may be a hole.
    entries = [entry for entry in found.entries if not entry.is_gap]
    kinds = [is_slate(entry.url) for entry in entries]
    assert True in kinds and not kinds[0] and not kinds[-1]
    changes = {entry.number for entry, one, other in zip(entries[1:], kinds, kinds[1:]) if one != other}
    assert len(changes) == 2 and changes <= set(found.discontinuities)
    # Beside these two there is the second encoder, in the middle of the slate.
    assert len(found.discontinuities) == 3 and found.discontinuity_sequence == 0
    return [entry for entry in entries if is_slate(entry.url)]


def check_transport_streams(sluice, keys, directory):
    found = playlist(sluice, "hls-ts")
    slate = check_lists(found)
    reserve = {kid(entry) for entry in slate}
    assert len(reserve) == 1 and not reserve & {kid(entry) for entry in found.entries
                                              if entry not in slate and not entry.is_gap}
    for index, entry in enumerate(slate):
        data = fetch(entry.url)
        assert sync_bytes(data) < 0.1, f"{entry.url} is clear"
        plain = open_transport_stream(data, keys[kid(entry)], bytes.fromhex(entry.key["IV"][2:]))
        assert is_transport_stream(plain)
        path = directory / f"slate-{index}.ts"
        path.write_bytes(plain)
        found_luma, errors = luma(path)
        assert errors == [] and found_luma and max(found_luma) <= 2
        if entry.seconds == SEGMENT:
            check_black(path, 1)
            check_silent(path, 1)
    # All of it, picture and slate and picture, as a player would read it.
    url = media_url(sluice.url("hls-ts"))
    # Not read again: by now there may be a segment more.
    text = re.sub(r"^(?!#)(.+)$", lambda match: url.rsplit("/", 1)[0] + "/" + match.group(1), found.text, flags=re.M)
    # This FFmpeg does not know of gaps.
    text = re.sub(r"#EXT-X-GAP\n#EXTINF[^\n]*\n[^\n]*\n", "", text)
    path = directory / "hls-ts.m3u8"
    path.write_text(text + "#EXT-X-ENDLIST\n")
    pictures, errors = luma(path, *REMOTE)
    seconds = sum(entry.seconds for entry in found.entries if not entry.is_gap)
    assert errors == [] and abs(len(pictures) - seconds * RATE) <= 2, (len(pictures), seconds, errors[:5])
    dark = sum(value <= 2 for value in pictures)
    assert abs(dark - sum(entry.seconds for entry in slate) * RATE) <= 2
    # FFmpeg opens the last samples of a segment under SAMPLE-AES with the key of the next one: the slate alone.
    slate = check_lists(playlist(sluice, "hls-sample"))
    assert len({(entry.key["URI"], entry.key["IV"]) for entry in slate}) == 1
    text = "#EXTM3U\n#EXT-X-VERSION:5\n#EXT-X-TARGETDURATION:2\n" + "#EXT-X-KEY:" + ",".join(
        f'{name}="{value}"' if name == "URI" else f"{name}={value}" for name, value in slate[0].key.items()) + "\n"
    text += "".join(f"#EXT-X-DISCONTINUITY\n#EXTINF:{entry.seconds},\n{entry.url}\n" for entry in slate)
    path = directory / "hls-sample.m3u8"
    path.write_text(text + "#EXT-X-ENDLIST\n")
    pictures, errors = luma(path, *REMOTE)
    seconds = sum(entry.seconds for entry in slate)
    assert errors == [] and abs(len(pictures) - seconds * RATE) <= 2 and max(pictures) <= 2, (len(pictures), errors[:5])


def check_cmaf(sluice, keys, directory):
    for endpoint in ("hls", "hls-aes"):
        found = playlist(sluice, endpoint)
        slate = check_lists(found)
        # One for each encoder, and the same.
        assert all(is_slate(entry.map) for entry in slate)
        header, = {fetch(entry.map) for entry in slate}
        if endpoint == "hls-aes":
            data = header
            for entry in slate:
                plain = open_transport_stream(fetch(entry.url), keys[kid(entry)], bytes.fromhex(entry.key["IV"][2:]))
                assert plain and plain[4:8] == b"moof"
                data += plain
            options = ()
        else:
            how = track_encryption(header)
            assert how.scheme == "cbcs"
            data = header + b"".join(fetch(entry.url) for entry in slate)
            assert data.count(b"senc") == len(slate)
            options = ("-decryption_key", keys[how.kid].hex())
        path = directory / f"{endpoint}.mp4"
        path.write_bytes(data)
        pictures, errors = luma(path, *options)
        seconds = sum(entry.seconds for entry in slate)
        assert errors == [] and abs(len(pictures) - seconds * RATE) <= 1 and max(pictures) <= 2, (len(pictures), errors)


def check_dash(sluice, keys, directory):
    url = sluice.url("dash", "index.mpd")
    found = verify_dash.tracks(url, verify_dash.fetch_mpd(url))
    for name, check in (("low", check_black), ("stereo", check_silent)):
        tracks = [track for track in found if track.name == name]
        # Periods follow each other, and a slate has its own.
        for one, other in zip(tracks, tracks[1:]):
            assert one.segments[-1][0] < other.segments[0][0]
        slate = [track for track in tracks if is_slate(track.init)]
        assert slate and all(is_slate(segment[1]) for track in slate for segment in track.segments)
        assert not any(is_slate(segment[1]) for track in tracks if track not in slate for segment in track.segments)
        assert len({track.kid for track in slate}) == 1
        assert not {track.kid for track in slate} & {track.kid for track in tracks if track not in slate}
        ivs = []
        for track in slate:
            how = track_encryption(fetch(track.init))
            assert how.scheme == "cenc" and how.kid == track.kid
            for number, address, time_, duration in track.segments:
                parts = samples(fetch(address), how.iv_size)
                ivs += [part.iv for part in parts]
                if name == "low":
                    assert len(parts) == duration * RATE // 90000
                else:
                    assert len(parts) * 1024 == duration and time_ % 1024 == 0
        assert len(set(ivs)) == len(ivs), "an IV comes twice under the reserve key"
        # Opened by Shaka Packager and by FFmpeg with that key alone.
        track = slate[0]
        path = directory / f"dash-{name}.mp4"
        path.write_bytes(fetch(track.init) + b"".join(fetch(segment[1]) for segment in track.segments))
        key = keys[track.kid].hex()
        opened = directory / f"dash-{name}-open.mp4"
        done = run(PACKAGER, f"in={path},stream={'video' if name == 'low' else 'audio'},output={opened}",
                   "--enable_raw_key_decryption", "--keys", f"label=:key_id={track.kid}:key={key}")
        assert done.returncode == 0, lines(done.stderr)[-3:]
        seconds = sum(segment[3] for segment in track.segments) / track.timescale
        for file, options in ((path, ("-decryption_key", key)), (opened, ())):
            if name == "low":
                pictures, errors = luma(file, *options)
                assert errors == [] and len(pictures) == round(seconds * RATE) and max(pictures) <= 2
            else:
                peak, count, errors = loudness(file, *options)
                assert errors == [] and peak <= 2 and abs(count - seconds * 48000) <= 2048


def check_numbers(sluice):
    """The same Periods where players reckon with numbers."""
    text = fetch(sluice.url("dash-number", "index.mpd")).decode()
    media_names = re.findall(r'media="([^"]*)"', text)
    assert any(re.search("-[0-9a-f]{12}/", name) for name in media_names)
    assert not re.search("-[0-9a-f]{12}/", media_names[-1])
