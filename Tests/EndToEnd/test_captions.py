"""Closed captions inside an encoder's pictures: through the ladder, and as subtitles, read by FFmpeg."""

import json
import subprocess
from fractions import Fraction

from decryption import cbc
from media_tools import FFMPEG8, FFPROBE8
from playlists import media
from sluice import BUILD, STREAM_KEY, Process, Sluice, get, profile

MAPPINGS = """captionLanguageMappings:
  - { captionChannel: CC1, languageCode: en, languageDescription: English }
"""
RATE = 30
SEGMENT = 2
LEAST = Fraction(1, 1000)


def with_subtitles(key_url):
    text = profile(key_url, segment=SEGMENT, window=20) + MAPPINGS
    for endpoint in ("hls-ts", "dash"):
        clear = "    clearSubtitles: true\n" if endpoint == "dash" else ""
        text = text.replace(f"  - id: {endpoint}\n", f"  - id: {endpoint}\n    includeSubtitles: true\n{clear}")
    return text.replace("{ id: clear,", "{ id: clear, includeSubtitles: true,")


def parity(byte):
    return byte | (0x80 if bin(byte).count("1") % 2 == 0 else 0)


def pop_on(text):
    """The byte pairs of CEA-608 that show a text in the last line, one for a picture."""
    pairs = [(0x14, 0x20)] * 2 + [(0x14, 0x2E)] * 2 + [(0x14, 0x70)] * 2
    text += " " * (len(text) % 2)
    pairs += [(ord(text[at]), ord(text[at + 1])) for at in range(0, len(text), 2)]
    return pairs + [(0x14, 0x2F)] * 2


def message(pair):
    """An SEI message with one pair. ANSI/SCTE 128-1, clause 8.1."""
    data = bytes((0xB5, 0x00, 0x31)) + b"GA94" + bytes((0x03, 0x41, 0xFF, 0xFC, parity(pair[0]), parity(pair[1]), 0xFF))
    return bytes((0x06, 0x04, len(data))) + data + b"\x80"


def captioned(source, target, texts):
    """An FLV file of H.264 with a caption every second: its pictures each with an SEI before them."""
    data, out, picture = source.read_bytes(), bytearray(), 0
    out += data[:13]
    at = 13
    while at + 15 <= len(data):
        size = int.from_bytes(data[at + 1:at + 4], "big")
        head, body = data[at:at + 11], data[at + 11:at + 11 + size]
        if head[0] == 9 and body[1] == 1:
            pairs = pop_on(texts[picture // RATE % len(texts)])
            place = picture % RATE
            sei = message(pairs[place] if place < len(pairs) else (0, 0))
            body = body[:5] + len(sei).to_bytes(4, "big") + sei + body[5:]
            picture += 1
        out += head[:1] + len(body).to_bytes(3, "big") + head[4:] + body + (11 + len(body)).to_bytes(4, "big")
        at += 15 + size
    target.write_bytes(out)


def shown(path, tmp_path):
    """What FFmpeg reads of the captions of a file."""
    run = subprocess.run([FFMPEG8, "-hide_banner", "-nostdin", "-v", "error", "-f", "lavfi", "-i",
                          f"movie={path}[out0+subcc]", "-map", "0:s", "-f", "srt", "-"],
                         capture_output=True, text=True, timeout=180, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_captions_come_through_the_ladder(tmp_path):
    plain, clip = tmp_path / "plain.flv", tmp_path / "captions.flv"
    # Without B-pictures what is coded first is shown first.
    subprocess.run([FFMPEG8, "-v", "error", "-f", "lavfi", "-i", f"testsrc2=size=320x180:rate={RATE}:duration=40",
                    "-f", "lavfi", "-i", "sine=440:duration=40", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "0",
                    "-g", str(RATE), "-c:a", "aac", "-y", plain], check=True, timeout=180)
    captioned(plain, clip, ["ALPHA ONE", "BRAVO TWO"])
    sluice = Sluice(tmp_path, with_subtitles)
    try:
        sluice.encoders.append(Process(
            "encoder", [FFMPEG8, "-hide_banner", "-nostdin", "-v", "error", "-re", "-i", clip, "-c", "copy", "-f", "flv",
                        f"{sluice.rtmp}/{sluice.channel}/{STREAM_KEY}"], tmp_path))
        sluice.wait_for_segments(6)
        master = get(sluice.url("hls", "index.m3u8"))[2].decode()
        assert ('TYPE=CLOSED-CAPTIONS,GROUP-ID="captions",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,'
                'INSTREAM-ID="CC1"') in master and 'CLOSED-CAPTIONS="captions"' in master
        assert '<Accessibility schemeIdUri="urn:scte:dash:cc:cea-608:2015" value="CC1=en"' in \
            get(sluice.url("dash", "index.mpd"))[2].decode()
        for rung in ("high", "low"):
            playlist = media(sluice.url("clear", f"{rung}/playlist.m3u8"))
            path = tmp_path / f"{rung}.mp4"
            path.write_bytes(b"".join(
                get(url)[2] for url in (playlist.entries[0].map, *(entry.url for entry in playlist.entries[:4]))))
            text = shown(path.name, tmp_path)
            assert "ALPHA ONE" in text and "BRAVO TWO" in text, text
        assert 'TYPE=SUBTITLES' not in master, 'no form under cbcs'
        subtitles(sluice, tmp_path)
    finally:
        sluice.close()


def subtitles(sluice, tmp_path):
    """The same captions as WebVTT and `wvtt`: whole segments, at the time of the pictures."""
    master = get(sluice.url("clear", "index.m3u8"))[2].decode()
    assert ('TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="English",LANGUAGE="en",AUTOSELECT=YES,'
            'URI="subtitles-cc1/subtitles.m3u8"') in master and 'SUBTITLES="subtitles"' in master
    files = {}
    for endpoint in ("clear", "hls-ts"):
        playlist = media(sluice.url(endpoint, "subtitles-cc1/subtitles.m3u8"))
        pictures = media(sluice.url(endpoint, "high/playlist.m3u8"))
        assert abs(playlist.last - pictures.last) <= 1
        # The first segment may be shorter than it takes to spell the first text (0.4 s): the second then begins without.
        for entry in playlist.entries[2:5]:
            code, headers, body = get(entry.url)
            assert code == 200 and headers["Content-Type"] == "text/vtt"
            if endpoint == "hls-ts":
                assert entry.key["METHOD"] == "AES-128" and not body.startswith(b"WEBVTT")
                body = cbc(get(entry.key["URI"])[2], bytes.fromhex(entry.key["IV"][2:]), body)
                body = body[:-body[-1]]
            assert files.setdefault(entry.number, body) == body, "the same text under every protection"
    for number, body in files.items():
        assert f"MPEGTS:{number * SEGMENT * 90000 % 2**33},LOCAL:00:00:00.000".encode() in body
        path = tmp_path / f"{number}.vtt"
        path.write_bytes(body)
        cues = packets(path)
        # Each second has another text; what goes on over a segment's end is there again in the next one.
        texts = [cue["text"] for cue in cues]
        assert 2 <= len(cues) <= 3 and set(texts) == {"ALPHA ONE", "BRAVO TWO"}, texts
        assert cues[0]["start"] == 0 and cues[-1]["end"] == SEGMENT, cues
        changes = [cue["start"] for cue in cues[1:]]
        assert changes == [cue["end"] for cue in cues[:-1]], cues
        assert all(abs(late - early - 1) <= LEAST for early, late in zip(changes, changes[1:])), cues

    number = sorted(files)[0]
    mpd = get(sluice.url("dash", "index.mpd"))[2].decode()
    start = mpd.index('contentType="text" mimeType="application/mp4" lang="en"')
    text = mpd[start:mpd.index("</AdaptationSet>", start)]
    assert 'codecs="wvtt"' in text and 'value="subtitle"' in text and "ContentProtection" not in text
    folder = text.split('media="$RepresentationID$/')[1].split("/")[0]
    header = text.split(f'initialization="$RepresentationID$/{folder}/')[1].split('"')[0]
    path = tmp_path / "subtitles.mp4"
    path.write_bytes(b"".join(
        get(sluice.url("dash", f"subtitles-cc1/{folder}/{file}"))[2] for file in (header, f"{number}.m4s")))
    samples = packets(path)
    first = number * SEGMENT
    cues = packets(tmp_path / f"{number}.vtt")
    assert len(samples) == len(cues)
    for sample, cue in zip(samples, cues):
        # Milliseconds of text, ticks of media.
        assert cue["text"] in sample["text"] and "vttc" in sample["text"]
        assert abs(sample["start"] - first - cue["start"]) <= LEAST and abs(sample["end"] - first - cue["end"]) <= LEAST

    for endpoint in ("clear", "hls-ts", "dash"):
        manifest = "index.mpd" if endpoint == "dash" else "index.m3u8"
        probe = subprocess.run([BUILD / "sluice", "probe", sluice.url(endpoint, manifest), "--key-server",
                                f"http://127.0.0.1:{sluice.key_port}", "--seconds", "1"], capture_output=True, text=True)
        assert probe.returncode == 0, probe.stdout + probe.stderr


def packets(path):
    """What ffprobe reads of a file of subtitles: seconds and bytes."""
    found = subprocess.run([FFPROBE8, "-v", "error", "-show_packets", "-show_data", "-of", "json", path],
                           capture_output=True, text=True, timeout=180)
    assert found.returncode == 0 and not found.stderr, found.stderr
    cues = []
    for packet in json.loads(found.stdout)["packets"]:
        data = bytes.fromhex("".join(line[10:50] for line in packet["data"].splitlines() if line))
        start, length = Fraction(packet["pts_time"]), Fraction(packet["duration_time"])
        cues.append({"start": start, "end": start + length, "text": data.decode()})
    return cues
