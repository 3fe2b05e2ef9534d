"""Enhanced RTMP by FFmpeg 8: other codecs than H.264 and AAC, several tracks, and what is refused, with the reason."""

import array
import cmath
import math
import re
import subprocess

import pytest

import rtmp
import verify_hls
from media_tools import FFMPEG8, FFPROBE8, lines, run
from sluice import STREAM_KEY, Process, Sluice, get, read_strips, strip_filter, wait_for

WIDTH = 160
PICTURE = ["-re", "-f", "lavfi", "-i", f"testsrc2=size=160x90:rate=30,{strip_filter(WIDTH, 30)},format=yuv420p"]
ENGLISH = ["-re", "-f", "lavfi", "-i", "sine=440:sample_rate=48000"]
FRENCH = ["-re", "-f", "lavfi", "-i", "sine=880:sample_rate=48000"]
HEVC = ["libx265", "-preset", "ultrafast", "-tune", "zerolatency", "-x265-params",
        "keyint=30:min-keyint=30:scenecut=0:open-gop=0:log-level=none"]
AV1 = ["libsvtav1", "-preset", "12", "-g", "30", "-svtav1-params", "lp=1:pred-struct=1:scd=0"]
LOW = ("{ name: low, codec: h264, width: 160, height: 90, framerate: 30, bitrate: 300000, profile: MAIN, gopSize: 30,"
       " gopNumBFrames: 0, preset: superfast }")


def channel(video, audio):
    """A channel in the clear with an endpoint of each kind."""
    window = "playlistWindowSeconds: 60"
    return lambda _: f"""
channel: live
ingest: {{ streamKeys: {{ primary: {{ env: E2E_STREAM_KEY }} }} }}
video: [{", ".join(video)}]
audio: [{", ".join(audio)}]
segmentDurationSeconds: 1
storageWindowSeconds: 120
endpoints:
  - {{ id: cmaf, package: hls, {window} }}
  - {{ id: ts, package: hls, container: ts, useAudioRenditionGroup: false, {window} }}
  - {{ id: dash, package: dash, manifestWindowSeconds: 60 }}
"""


@pytest.fixture
def start(tmp_path):
    """A function that starts a daemon with these rungs; everything ends with the test."""
    running = []

    def make(video, audio):
        running.append(Sluice(tmp_path, channel(video, audio)))
        return running[-1]

    yield make
    for one in running:
        one.close()


def push(sluice, *arguments):
    encoder = Process(
        f"encoder{len(sluice.encoders)}",
        [FFMPEG8, "-hide_banner", "-nostdin", "-v", "warning", *arguments, "-f", "flv", "-rtmp_enhanced_codecs",
         "hvc1,av01,vp09,Opus", f"{sluice.rtmp}/live/{STREAM_KEY}"], sluice.directory)
    sluice.encoders.append(encoder)
    return encoder


def take(sluice, playlist, name, skip=0):
    """A file of what a media playlist lists now."""
    found = verify_hls.media_playlist(playlist)
    path = sluice.directory / name
    bodies = [get(url) for url in [found.segments[0].map] * (found.segments[0].map is not None)
              + [segment.url for segment in found.segments[skip:]]]
    assert all(code == 200 for code, _, _ in bodies)
    path.write_bytes(b"".join(body for _, _, body in bodies))
    return path


def codecs(path):
    found = run(FFPROBE8, "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", path)
    assert found.returncode == 0 and not found.stderr, found.stderr
    # A transport stream's are listed in its program and once more.
    return list(dict.fromkeys(line.strip(",") for line in lines(found.stdout)))


def check_pictures(path):
    """That every picture is there, decodes and has the next number."""
    # FFmpeg 8 as it is installed here has no AV1 decoder; Debian's has.
    numbers, errors = read_strips(path, WIDTH)
    assert not errors, errors
    assert len(numbers) >= 90 and None not in numbers
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def loudness(path, frequency):
    """How much of the sound is one tone: about 1 for the sound of `sine` at full share, 0 for none."""
    found = run(FFMPEG8, "-v", "error", "-nostdin", "-i", path, "-map", "0:a:0", "-ac", "1", "-ar", "8000", "-f", "f32le",
                "-")
    assert not found.stderr, found.stderr
    sound = array.array("f", found.stdout[:len(found.stdout) // 4 * 4])[4000:12000]
    assert len(sound) == 8000
    whole = abs(sum(value * cmath.exp(-2j * math.pi * frequency * n / 8000) for n, value in enumerate(sound)))
    energy = math.sqrt(sum(value * value for value in sound) * len(sound) / 2)
    return whole / energy if energy else 0


def test_hevc_and_two_languages(start):
    sluice = start(
        ["{ name: source, codec: copy }", LOW],
        ["{ name: english, codec: aac, language: en }", "{ name: french, codec: copy, trackId: 1, language: fr }"])
    push(sluice, *PICTURE, *ENGLISH, *FRENCH, "-map", "0", "-map", "1", "-map", "2", "-map", "2", "-c:v", *HEVC,
         "-c:a:0", "libopus", "-c:a:1", "aac", "-c:a:2", "ac3", "-ac", "2")
    sluice.wait_for_segments(6)
    # Opus and AAC become AAC, or are AAC: one group of two languages beside two codecs of pictures.
    variants, renditions = verify_hls.multivariant(sluice.url("cmaf"))
    found = {variant.name: variant.attributes["CODECS"] for variant in variants}
    assert re.fullmatch(r"hvc1\.1\.6\.L\d+\.90,mp4a\.40\.2", found["source"]), found
    assert re.fullmatch(r"avc1\.4d40\w\w,mp4a\.40\.2", found["low"]), found
    assert [(one.name, one.attributes["LANGUAGE"]) for one in renditions] == [("english", "en"), ("french", "fr")]
    for variant in variants:
        path = take(sluice, variant.url, f"{variant.name}.mp4")
        assert codecs(path) == ["hevc" if variant.name == "source" else "h264"]
        check_pictures(path)
    for one, frequency, other in ((renditions[0], 440, 880), (renditions[1], 880, 440)):
        path = take(sluice, one.url, f"{one.name}.mp4")
        assert codecs(path) == ["aac"]
        assert loudness(path, frequency) > 0.9 and loudness(path, other) < 0.1
    # Transport streams hold HEVC as well, with the first language inside.
    inside, _ = verify_hls.multivariant(sluice.url("ts"))
    assert [variant.name for variant in inside] == ["source", "low"]
    path = take(sluice, inside[0].url, "source.ts")
    assert codecs(path) == ["hevc", "aac"]
    check_pictures(path)
    assert loudness(path, 440) > 0.9
    mpd = get(sluice.url("dash", "index.mpd"))[2].decode()
    assert mpd.count("<AdaptationSet") == 4 and 'lang="fr"' in mpd
    # The third language is in nobody's ladder: one line says so.
    assert [line["message"] for line in sluice.daemon.messages("no rung takes")] == [
        "no rung takes the encoder's audio track 2 (AC-3)"]
    statistics = sluice.status()["publisher"]
    assert statistics["decodeErrors"] == 0, statistics


def test_av1_and_opus_are_passed_on(start):
    sluice = start(["{ name: source, codec: copy }"], ["{ name: sound, codec: copy }"])
    push(sluice, *PICTURE, *ENGLISH, "-c:v", *AV1, "-c:a", "libopus", "-ac", "2")
    sluice.wait_for_segments(5)
    variants, renditions = verify_hls.multivariant(sluice.url("cmaf"))
    assert re.fullmatch(r"av01\.0\.0\dM\.08.*,opus", variants[0].attributes["CODECS"])
    path = take(sluice, variants[0].url, "source.mp4")
    assert codecs(path) == ["av1"]
    check_pictures(path)
    path = take(sluice, renditions[0].url, "sound.mp4")
    assert codecs(path) == ["opus"] and loudness(path, 440) > 0.9
    assert 'codecs="av01.0' in get(sluice.url("dash", "index.mpd"))[2].decode()
    # A transport stream can hold neither: that endpoint says so, once for each rung, and nothing else minds.
    code, _, body = get(sluice.url("ts"))
    assert code == 404 and b"holds nothing of what the encoder sends" in body
    assert get(sluice.url("ts", "source/playlist.m3u8"))[0] == 404
    told = sluice.daemon.messages("^the endpoint does without a rung")
    assert [(line["endpoint"], line["rung"]) for line in told] == [("ts", "source"), ("ts", "sound")]
    assert not [line for line in sluice.daemon.log() if line.get("level") == "error"]


@pytest.mark.parametrize("picture, sound", [
    (AV1, ["flac"]), (["libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "500k", "-g", "30"], ["eac3"])])
def test_everything_is_made_into_the_ladder(start, picture, sound):
    sluice = start([LOW], ["{ name: stereo, codec: aac, channels: 2 }"])
    push(sluice, *PICTURE, *ENGLISH, "-c:v", *picture, "-c:a", *sound, "-ac", "2")
    sluice.wait_for_segments(5)
    variants, renditions = verify_hls.multivariant(sluice.url("cmaf"))
    path = take(sluice, variants[0].url, "low.mp4")
    assert codecs(path) == ["h264"]
    check_pictures(path)
    assert loudness(take(sluice, renditions[0].url, "stereo.mp4"), 440) > 0.9
    assert sluice.status()["publisher"]["decodeErrors"] == 0


def test_what_cannot_be_done_is_refused_with_the_reason(start, tmp_path):
    sluice = start(["{ name: source, codec: copy }"], [])
    clip = tmp_path / "vp9.flv"
    subprocess.run(
        [FFMPEG8, "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=30", "-t", "1", "-c:v",
         "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-f", "flv", clip], check=True)

    def ending(messages):
        """What an encoder is told that publishes this."""
        before = len(sluice.daemon.messages("^publication ended"))
        encoder = rtmp.Encoder(sluice.rtmp_port)
        assert "NetStream.Publish.Start" in encoder.publish("live", STREAM_KEY)
        messages(encoder)
        heard = encoder.hear(b"NetStream.Publish.Failed")
        encoder.hear(b"nothing that is ever said")
        encoder.close()
        wait_for("the publication ends", lambda: len(sluice.daemon.messages("^publication ended")) > before)
        return encoder.answers.decode("latin-1"), heard, sluice.daemon.messages("^publication ended")[-1]["message"]

    reason = "the rung 'source' copies the input, and VP9 cannot be packaged: send H.264, HEVC or AV1"
    told, _, logged = ending(lambda encoder: encoder.play(clip))
    assert reason in told and reason in logged
    reason = "VP8 video (Enhanced RTMP vp08); send H.264, HEVC, AV1 or VP9"
    told, _, logged = ending(lambda encoder: encoder.send(rtmp.message(9, b"\x90vp08\0\0\0\0", stream=6)))
    assert reason in told and reason in logged
