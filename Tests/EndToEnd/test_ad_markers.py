"""Ad markers: what an encoder and an operator say of splices, in every form that manifests have for it."""

import base64
import json
import re
import subprocess
import threading
import time
import urllib.error
import urllib.request
from datetime import datetime

import lxml.etree
import rtmp
import threefive
from playlists import attributes, media
from sluice import BUILD, STREAM_KEY, Sluice, get, wait_for

SEGMENT = 2
#: splice_insert, event 0x4800008F, out, 60.293567 s, back by itself. SCTE 35, clause 14.2.
SECTION = "/DAvAAAAAAAA///wFAVIAACPf+/+c2nALv4AUsz1AAAAAAAKAAhDVUVJAAABNWLbowo="


def profile(_):
    return """
channel: live
ingest: { streamKeys: { primary: { env: E2E_STREAM_KEY } } }
video:
  - { name: high, codec: h264, width: 320, height: 180, framerate: 30, bitrate: 600000, profile: MAIN, gopSize: 60, gopNumBFrames: 2, preset: superfast }
  - { name: low, codec: h264, width: 160, height: 90, framerate: 30, bitrate: 200000, profile: MAIN, gopSize: 60, gopNumBFrames: 0, preset: superfast }
audio:
  - { name: stereo, codec: aac, bitrate: 96000, sampleRate: 48000, channels: 2, language: en }
segmentDurationSeconds: 2
storageWindowSeconds: 300
endpoints:
  - { id: range, package: hls, container: cmaf, playlistWindowSeconds: 60, adMarkers: [DATERANGE, CUE_OUT_IN] }
  - { id: enhanced, package: hls, container: ts, useAudioRenditionGroup: true, playlistWindowSeconds: 60, adMarkers: SCTE35_ENHANCED }
  - { id: dash, package: dash, manifestWindowSeconds: 60, periodTriggers: [keyRotation, ads] }
"""


def lines(url):
    code, _, body = get(url)
    assert code == 200, body
    return body.decode().splitlines()


def segments(url):
    """Of each segment the lines before it, its address, its length and when it begins, as its playlist says."""
    found, tags, at, length = [], [], None, 0.0
    for line in lines(url):
        if line.startswith("#EXTINF"):
            length = float(line[8:].split(",")[0])
        elif line.startswith("#EXT-X-PROGRAM-DATE-TIME"):
            at = datetime.fromisoformat(line.split(":", 1)[1]).timestamp()
        if line.startswith("#"):
            tags.append(line)
        elif line:
            found.append({"tags": tags, "url": url.rsplit("/", 1)[0] + "/" + line, "at": at, "length": length})
            at, tags = at + length, []
    return found


def tagged(url, name):
    return [segment for segment in segments(url) if any(re.match(rf"{name}(:|$)", tag) for tag in segment["tags"])]


def ranges(url):
    return [attributes(line.split(":", 1)[1]) for line in lines(url) if line.startswith("#EXT-X-DATERANGE")]


def post(sluice, body):
    request = urllib.request.Request(
        f"{sluice.admin}/v1/channels/live/markers", json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def key_frames(tmp_path, sluice, track, segment):
    """The times at which a CMAF segment has key frames."""
    header = next(attributes(line)["URI"] for line in lines(sluice.url("range", f"{track}/playlist.m3u8"))
                  if line.startswith("#EXT-X-MAP"))
    file = tmp_path / f"{track}.mp4"
    file.write_bytes(get(sluice.url("range", f"{track}/{header}"))[2] + get(segment["url"])[2])
    out = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=dts_time,flags", "-of", "csv=p=0", file],
        capture_output=True, text=True, check=True).stdout
    return [float(line.split(",")[0]) for line in out.split() if "K" in line]


def test_markers_of_encoder_and_operator(tmp_path):
    sluice = Sluice(tmp_path, profile)
    # What is played for.
    is_seen = threading.Event()
    try:
        flv = rtmp.clip(tmp_path / "clip.flv", 60)
        encoder = rtmp.Encoder(sluice.rtmp_port)
        assert "Start" in encoder.publish("live", STREAM_KEY)
        # Section and all, as AWS Elemental sends it; the break is cut short by another word. Well ahead: a machine with
        # more to do than this test makes late words of words in time, and those give other splices.
        cues = {
            500: {"name": "scte35", "type": "event", "time": 4.0, "parameters": {"data": SECTION}},
            4000: {"cue": "SpliceIn", "id": "1207959695", "time": 7.5},
        }

        def play():
            begin = time.monotonic()
            for kind, timestamp, body in rtmp.tags(flv):
                if is_seen.is_set():
                    return
                time.sleep(max(0.0, begin + timestamp / 1000 - time.monotonic()))
                for at in [at for at in cues if at <= timestamp]:
                    cue = cues.pop(at)
                    name = "onAdCue" if "cue" in cue else "onCuePoint"
                    encoder.send(rtmp.message(rtmp.DATA, rtmp.amf(name) + rtmp.amf(cue), stream=4, timestamp=at))
                encoder.send(rtmp.message(kind, body, stream=6 if kind == 9 else 4, timestamp=timestamp))

        playing = threading.Thread(target=play)
        playing.start()
        high = sluice.url("range", "high/playlist.m3u8")
        wait_for("segments", lambda: get(high)[0] == 200 and len(segments(high)) >= 2)

        # Refusals say why.
        assert post(sluice, {})[0] == 400
        assert post(sluice, {"type": "out", "time": "yesterday"})[0] == 400
        assert post(sluice, {"scte35": "/DAvAAAA"})[0] == 400

        # After the encoder's break, and well ahead too, by what is listed: a new rung waits for its disk, up to ten
        # seconds.
        at = max(segments(high)[0]["at"] + 13.7, time.time() + 8)
        code, answer = post(sluice, {"type": "out", "durationSeconds": 2, "eventId": 9, "time": at})
        assert code == 202, answer
        wait_for("the operator's break", lambda: len(tagged(high, "#EXT-X-CUE-IN")) == 2)

        # The encoder's break: out with a segment that begins with its frame, in each rendition, and in again 3.5 s later.
        [out, operators] = tagged(high, "#EXT-X-CUE-OUT")
        [back, _] = tagged(high, "#EXT-X-CUE-IN")
        assert abs(back["at"] - out["at"] - 3.5) < 0.034
        for other in ("low", "stereo"):
            others = tagged(sluice.url("range", f"{other}/playlist.m3u8"), "#EXT-X-CUE-OUT")
            assert abs(others[0]["at"] - out["at"]) < 0.03 and others[0]["url"].split("/")[-1] == out["url"].split("/")[-1]
        for track in ("high", "low"):
            first = tagged(sluice.url("range", f"{track}/playlist.m3u8"), "#EXT-X-CUE-OUT")[0]
            assert abs(key_frames(tmp_path, sluice, track, first)[0] - out["at"]) < 0.034
        target = media(high).target
        assert target == 3 and all(round(segment["length"]) <= target for segment in segments(high))
        assert "#EXT-X-CUE-OUT:60.293567" in out["tags"]
        within = [segment for segment in segments(high) if out["at"] < segment["at"] < back["at"] - 0.01]
        assert within and all(any(tag.startswith("#EXT-X-CUE-OUT-CONT:") for tag in segment["tags"]) for segment in within)

        # As ranges, with the encoder's own bytes, which another tool reads.
        of_encoder = [found for found in ranges(high) if found["ID"].startswith("splice-4800008F")]
        assert len(of_encoder) == 2 and of_encoder[0]["ID"] == of_encoder[1]["ID"]
        assert base64.b64encode(bytes.fromhex(of_encoder[0]["SCTE35-OUT"][2:])).decode() == SECTION
        assert abs(datetime.fromisoformat(of_encoder[0]["START-DATE"]).timestamp() - out["at"]) < 0.034
        assert of_encoder[0]["PLANNED-DURATION"] == "60.293567" and abs(float(of_encoder[1]["DURATION"]) - 3.5) < 0.034
        cue = threefive.Cue(of_encoder[1]["SCTE35-IN"])
        assert cue.decode() and not cue.command.out_of_network_indicator
        assert cue.command.splice_event_id == 0x4800008F
        [of_operator] = [found for found in ranges(high) if found["ID"].startswith("splice-00000009")]
        cue = threefive.Cue(of_operator["SCTE35-OUT"])
        assert cue.decode() and cue.command.break_duration == 2.0 and cue.command.out_of_network_indicator
        assert abs(operators["at"] - datetime.fromisoformat(answer["time"]).timestamp()) < 0.034

        # Enhanced, in transport streams.
        enhanced = tagged(sluice.url("enhanced", "high/playlist.m3u8"), "#EXT-X-CUE-OUT")[0]
        assert f"#EXT-OATCLS-SCTE35:{SECTION}" in enhanced["tags"]
        assert any(f",SCTE35={SECTION}" in tag for tag in lines(sluice.url("enhanced", "high/playlist.m3u8")))

        # DASH: a Period for each stretch, and an event in those that a section begins.
        mpd = lxml.etree.fromstring(get(sluice.url("dash", "index.mpd"))[2])
        names = {"m": "urn:mpeg:dash:schema:mpd:2011", "s": "http://www.scte.org/schemas/35/2016"}
        periods = mpd.findall("m:Period", names)
        starts = [float(period.get("start")[2:-1]) for period in periods]
        assert len(periods) == 5 and abs(starts[1] - out["at"]) < 0.034 and abs(starts[2] - back["at"]) < 0.034
        events = periods[1].findall("m:EventStream[@schemeIdUri='urn:scte:scte35:2014:xml+bin']/m:Event", names)
        assert [event.findtext("s:Signal/s:Binary", namespaces=names) for event in events] == [SECTION]
        assert not periods[0].findall("m:EventStream", names) and periods[2].findall("m:EventStream", names)
        is_seen.set()
        playing.join()
        probes = [
            subprocess.Popen([BUILD / "sluice", "probe", sluice.url(endpoint, file)], stdout=subprocess.PIPE, text=True)
            for endpoint, file in (("range", "index.m3u8"), ("enhanced", "index.m3u8"), ("dash", "index.mpd"))]
        for probe in probes:
            said = probe.communicate(timeout=180)[0]
            assert probe.returncode == 0, said

        # They outlive a restart, and nothing that players know has changed.
        before = [ranges(high), tagged(high, "#EXT-X-CUE-OUT"), tagged(high, "#EXT-X-CUE-IN")]
        encoder.close()
        wait_for("the encoder is gone", lambda: not sluice.status().get("publisher"))
        assert sluice.daemon.stop(seconds=60) == 0
        old = sluice.origin
        sluice.start_daemon()
        high = sluice.url("range", "high/playlist.m3u8")
        after = [ranges(high), tagged(high, "#EXT-X-CUE-OUT"), tagged(high, "#EXT-X-CUE-IN")]
        assert json.dumps(after).replace(sluice.origin, old) == json.dumps(before)
        assert not sluice.daemons[0].messages("withheld")
    finally:
        is_seen.set()
        sluice.close()
