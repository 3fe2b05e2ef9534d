"""Closed captions inside an encoder's pictures: through the ladder, and read by FFmpeg."""

import subprocess

from media_tools import FFMPEG8
from playlists import media
from sluice import STREAM_KEY, Process, Sluice, get, profile

MAPPINGS = """captionLanguageMappings:
  - { captionChannel: CC1, languageCode: en, languageDescription: English }
"""
RATE = 30


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
                         capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_captions_come_through_the_ladder(tmp_path):
    plain, clip = tmp_path / "plain.flv", tmp_path / "captions.flv"
    # Without B-pictures what is coded first is shown first.
    subprocess.run([FFMPEG8, "-v", "error", "-f", "lavfi", "-i", f"testsrc2=size=320x180:rate={RATE}:duration=40",
                    "-f", "lavfi", "-i", "sine=440:duration=40", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "0",
                    "-g", str(RATE), "-c:a", "aac", "-y", plain], check=True, timeout=60)
    captioned(plain, clip, ["ALPHA ONE", "BRAVO TWO"])
    sluice = Sluice(tmp_path, lambda key_url: profile(key_url, window=20) + MAPPINGS)
    try:
        sluice.encoders.append(Process(
            "encoder", [FFMPEG8, "-hide_banner", "-nostdin", "-v", "error", "-re", "-i", clip, "-c", "copy", "-f", "flv",
                        f"{sluice.rtmp}/{sluice.channel}/{STREAM_KEY}"], tmp_path))
        sluice.wait_for_segments(5)
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
    finally:
        sluice.close()
