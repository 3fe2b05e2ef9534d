"""Encoders go away: what viewers of protected endpoints get instead, over a kill -9 of the daemon too, how it ends, and
what they get when an encoder is back."""

import signal
import subprocess
import xml.etree.ElementTree as ElementTree

import verify_dash
from decryption import ProviderKeys, open_transport_stream, track_encryption
from media_tools import FFMPEG8, run
from playlists import media, media_url
from sluice import Sluice, get, wait_for
from test_slate import fetch, kid, loudness, luma

RATE, HOLD = 15, 4
# Eight parts of a third of a second, in segments of three: green for a second, then blue, with a tone for each.
LOOP = 8 / 3
TONES = (600, 1500)
GREY = dict(video=f"color=c=0x808080:size=160x90:rate={RATE},format=yuv420p", size="160x90", rate=RATE)
MPD = "{urn:mpeg:dash:schema:mpd:2011}"


def channel(name, loss, end="CONTINUE"):
    def make(key_url):
        def encryption(words):
            return f"encryption: {{ {words}, keyRotationIntervalSeconds: 10, speke: main }}"

        return f"""
channel: {name}
ingest:
  streamKeys: {{ primary: {{ env: E2E_STREAM_KEY }} }}
  inputLoss: {{ {loss} }}
  sourceEndBehavior: {end}
video:
  - {{ name: low, codec: h264, width: 160, height: 90, framerate: {RATE}, bitrate: 200000, profile: MAIN,
      gopSize: {RATE}, gopNumBFrames: 2, preset: ultrafast }}
audio:
  - {{ name: stereo, codec: aac, bitrate: 64000, sampleRate: 48000, channels: 2, language: en }}
segmentDurationSeconds: 1
partDurationSeconds: 0.5
storageWindowSeconds: 240
endpoints:
  - {{ id: ts, package: hls, container: ts, playlistWindowSeconds: 120, {encryption("method: AES-128")} }}
  - {{ id: hls, package: hls, container: cmaf, playlistWindowSeconds: 120,
      {encryption("method: SAMPLE-AES, scheme: cbcs, systems: [clearkey]")} }}
  - {{ id: dash, package: dash, manifestWindowSeconds: 120, minUpdatePeriodSeconds: 1,
      {encryption("scheme: cenc, systems: [clearkey]")} }}
speke:
  main: {{ url: "{key_url}/speke/v2.0/copyProtection", resourceId: {name}, authentication: {{ none: {{}} }},
    prefetchSeconds: 4 }}
"""
    return make


CHANNELS = {"still": (110, 145), "black": (0, 2), "slate": (250, 255), "clip": (0, 255)}


def test_what_viewers_get_without_an_encoder(tmp_path):
    (tmp_path / "profiles").mkdir()
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=c=white:size=64x36", "-frames:v", "1",
                    tmp_path / "profiles" / "white.png"], check=True)
    make_clip(tmp_path / "profiles" / "clip.mp4")
    sluice = Sluice(tmp_path, channel("still", "holdSeconds: 60, fill: repeat"), "still", {
        "black": channel("black", f"holdSeconds: {HOLD}, fill: black", "END"),
        "slate": channel("slate", "holdSeconds: 60, fill: slate, slate: { image: white.png }"),
        "clip": channel("clip", "holdSeconds: 60, fill: slate, slate: { clip: clip.mp4 }")})

    def inputs():
        return {name: sluice.status(name)["input"] for name in CHANNELS}

    def filled(name):
        return sum(entry.seconds for entry in runs(sluice, name, "ts")[1]) if runs(sluice, name, "ts")[1:] else 0

    try:
        encoders = [sluice.push(channel=name, **GREY) for name in CHANNELS]
        wait_for("black for each", lambda: len(sluice.daemon.messages("^a slate is ready")) == 4)
        wait_for("segments", lambda: all(sluice.status(name)["segments"] >= 2 for name in CHANNELS))
        for encoder in encoders:
            encoder.stop(signal.SIGKILL)
        wait_for("all are filled in", lambda: all(filled(name) >= 2 for name in CHANNELS))
        assert "sluice_channel_filling{channel=\"still\"} 1" in get(f"{sluice.admin}/metrics")[2].decode()

        # Killed in the middle of it, the hold goes on, and is as long as it was.
        sluice.daemon.stop(signal.SIGKILL)
        sluice.start_daemon()
        wait_for("the hold is over", lambda: inputs() == {
            "still": "filling", "black": "ended", "slate": "filling", "clip": "filling"})
        check_end(sluice, "black")

        # Encoders are back: one while it is filled in, one after the end.
        for name in ("still", "black"):
            sluice.push(channel=name, **GREY)
        wait_for("they are live", lambda: inputs() == {
            "still": "live", "black": "live", "slate": "filling", "clip": "filling"})
        last = {name: sluice.status(name)["lastSegment"] for name in CHANNELS}
        wait_for("more", lambda: all(sluice.status(name)["lastSegment"] >= last[name] + 2 for name in CHANNELS))
        keys = ProviderKeys(tmp_path / "secret")
        for name, shades in CHANNELS.items():
            check(sluice, name, shades, keys, tmp_path)
        assert not media(media_url(address(sluice, "black", "hls"))).is_ended
        for daemon in sluice.daemons:
            for name in ("publication ended", "filling in", "the input is lost"):
                assert len(daemon.messages(f"^{name}$|^{name}:")) <= len(CHANNELS) + 1, name
    finally:
        sluice.close()


def address(sluice, name, endpoint):
    return f"{sluice.origin}/{name}/{endpoint}/index.{'mpd' if endpoint == 'dash' else 'm3u8'}"


def runs(sluice, name, endpoint):
    """The listed segments of the first rung, from one discontinuity to the next."""
    url = media_url(address(sluice, name, endpoint))
    found = [[]]
    for entry in media(url).entries if url else []:
        if entry.is_discontinuity:
            found.append([])
        if not entry.is_gap:
            found[-1].append(entry)
    return found


def check_end(sluice, name):
    for endpoint in ("ts", "hls"):
        assert media(media_url(address(sluice, name, endpoint))).is_ended
    mpd = ElementTree.fromstring(fetch(address(sluice, name, "dash")))
    assert "minimumUpdatePeriod" not in mpd.attrib and mpd.get("mediaPresentationDuration")
    assert mpd.findall(f"{MPD}Period")[-1].get("duration")


def check(sluice, name, shades, keys, directory):
    for endpoint in ("ts", "hls"):
        parts = runs(sluice, name, endpoint)
        # Encoder, filler, filler after the kill unless that was at its end, and the encoder that is back.
        fillers = parts[1:] if name in ("slate", "clip") else parts[1:-1]
        assert len(fillers) in (1, 2), [len(part) for part in parts]
        numbers = [entry.number for part in parts for entry in part]
        assert numbers == sorted(set(numbers))
        for index, part in enumerate(parts):
            path, options = opened(part, keys, directory / f"{name}-{endpoint}-{index}")
            pictures, errors = luma(path, *options)
            assert errors == [] and pictures, (path, errors[:3])
            seconds = sum(entry.seconds for entry in part)
            assert abs(len(pictures) - seconds * RATE) <= 2, (path, len(pictures), seconds)
            if part not in fillers:
                assert min(pictures) >= 100 and max(pictures) <= 150, path
                continue
            assert all(entry.seconds == 1 for entry in part)
            assert shades[0] <= min(pictures) and max(pictures) <= shades[1], (path, min(pictures), max(pictures))
            if name == "clip":
                check_clip(pictures, path, options, endpoint)
            elif endpoint == "ts":
                peak, count, errors = loudness(path, *options)
                assert errors == [] and peak <= 2 and abs(count - seconds * 48000) <= 2048, (path, peak, count)
        # One segment after the other, but for the time that the daemon was not there.
        assert all(one.number + 1 == other.number for part in parts for one, other in zip(part, part[1:]))
    check_dash(sluice, name, keys, directory)


def make_clip(path):
    inputs = []
    for colour, hertz, seconds in (("lime", TONES[0], 1), ("blue", TONES[1], LOOP - 1)):
        inputs += ["-f", "lavfi", "-i", f"color=c={colour}:size=320x180:rate=30:duration={seconds}",
                   "-f", "lavfi", "-i", f"sine=frequency={hertz}:sample_rate=44100:duration={seconds},volume=4"]
    subprocess.run(["ffmpeg", "-v", "error", *inputs, "-filter_complex", "[0][1][2][3]concat=n=2:v=1:a=1",
                    "-pix_fmt", "yuv420p", "-c:v", "libx264", "-c:a", "aac", path], check=True)


def check_clip(pictures, path, options, endpoint):
    """The clip's colours and tones go round together, from the filler's beginning on, over every loop point."""
    green = [value > 100 for value in pictures]
    def is_green(place):
        return place % round(LOOP * RATE) < RATE
    # Of CMAF only the segments under the last key are here, so it begins anywhere in the loop.
    phases = range(round(LOOP * RATE)) if endpoint == "hls" else (0,)
    def wrong(phase):
        return sum(value != is_green(place + phase) for place, value in enumerate(green))
    phase = min(phases, key=wrong)
    assert wrong(phase) <= 1 + len(green) // 20, (path, green)
    if endpoint == "hls":
        return
    found = run(FFMPEG8, "-v", "error", "-nostdin", *options, "-i", path, "-map", "0:a:0", "-ac", "1", "-f", "s16le", "-")
    assert not found.stderr
    sound = memoryview(found.stdout).cast("h")
    # Windows of 50 ms: in each one tone, as loud as in the others, and the one that belongs to the picture.
    window = 2400
    for start in range(2 * window, len(sound) - window, window):
        place = start / 48000 % LOOP
        if min(abs(place - edge) for edge in (0, 1, LOOP)) < 0.15:
            continue
        part = sound[start:start + window]
        crossings = sum(one < 0 <= other for one, other in zip(part, part[1:]))
        assert abs(crossings / 0.05 - TONES[0 if place < 1 else 1]) <= 45, (path, place, crossings / 0.05)
    # Nowhere is there a hole: 10 ms without sound.
    quiet = [start for start in range(2048, len(sound) - 480, 480) if max(map(abs, sound[start:start + 480])) < 500]
    assert len(quiet) <= len(sound) // 48000, (path, quiet)


def opened(entries, keys, path):
    """A file with the segments of a playlist, and how FFmpeg opens it."""
    if not entries[0].map:
        path = path.with_suffix(".ts")
        data = b"".join(open_transport_stream(fetch(entry.url), keys[kid(entry)], bytes.fromhex(entry.key["IV"][2:]))
                        for entry in entries)
        path.write_bytes(data)
        return path, ()
    path = path.with_suffix(".mp4")
    # FFmpeg has one key for a file: of the segments under the last one, each has the same.
    entries[:] = [entry for entry in entries if entry.map == entries[-1].map]
    header = fetch(entries[0].map)
    how = track_encryption(header)
    assert how.scheme == "cbcs"
    path.write_bytes(header + b"".join(fetch(entry.url) for entry in entries))
    return path, ("-decryption_key", keys[how.kid].hex())


def check_dash(sluice, name, keys, directory):
    """Every Period is decoded; each begins where, or after, the one before ends."""
    url = address(sluice, name, "dash")
    found = [track for track in verify_dash.tracks(url, verify_dash.fetch_mpd(url)) if track.name == "low"]
    assert len(found) >= 3
    times = [segment[2] for track in found for segment in track.segments]
    assert times == sorted(set(times))
    for index, track in enumerate(found):
        header = fetch(track.init)
        how = track_encryption(header)
        assert how.scheme == "cenc" and how.kid == track.kid
        path = directory / f"{name}-dash-{index}.mp4"
        path.write_bytes(header + b"".join(fetch(segment[1]) for segment in track.segments))
        pictures, errors = luma(path, "-decryption_key", keys[how.kid].hex())
        assert errors == [] and abs(len(pictures) - sum(segment[3] for segment in track.segments) * RATE / 90000) <= 2, path
