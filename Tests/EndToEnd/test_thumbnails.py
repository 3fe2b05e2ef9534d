"""Thumbnails: sheets of JPEG for every segment, in HLS and DASH, in the clear and under AES-128, over a kill -9."""

import signal
import subprocess

from decryption import cbc
from playlists import media
from sluice import BUILD, Sluice, get, profile, read_strips, wait_for

SEGMENT = 2
# The strip of the 320 wide picture: blocks of 10, in a thumbnail of half its size blocks of 5.
THUMBNAIL = (160, 90)


def with_thumbnails(key_url):
    text = profile(key_url, rotation=10, window=20).replace(
        "endpoints:\n", "thumbnails: { width: 160, height: 90, columns: 2, rows: 1 }\nendpoints:\n")
    for endpoint in ("hls-ts", "dash"):
        clear = "    clearThumbnails: true\n" if endpoint == "dash" else ""
        text = text.replace(f"  - id: {endpoint}\n", f"  - id: {endpoint}\n    includeThumbnails: true\n{clear}")
    return text.replace("{ id: clear,", "{ id: clear, includeThumbnails: true,")


def numbers(path):
    """The frame numbers burned into the two pictures of a sheet."""
    frames = []
    for place in (0, 1):
        crop = path.with_suffix(f".{place}.png")
        subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", path, "-vf",
                        f"crop=160:90:{160 * place}:0,scale=320:180:flags=neighbor", crop], check=True)
        found, errors = read_strips(crop, 320)
        assert not errors and len(found) == 1, errors
        frames += found
    return frames


def test_sheets_of_every_segment(tmp_path):
    sluice = Sluice(tmp_path, with_thumbnails)
    try:
        sluice.push(size="320x180")
        sluice.wait_for_segments(3)
        sheets = {}
        for endpoint in ("clear", "hls-ts"):
            assert b'CODECS="jpeg",RESOLUTION=160x90,URI="thumbnails/images.m3u8"' in get(sluice.url(endpoint))[2]
            images = media(sluice.url(endpoint, "thumbnails/images.m3u8"))
            assert "#EXT-X-IMAGES-ONLY" in images.text
            assert images.text.count("#EXT-X-TILES:RESOLUTION=160x90,LAYOUT=2x1,DURATION=1.000000") == len(images.entries)
            for entry in images.entries[:4]:
                code, headers, body = get(entry.url)
                assert code == 200 and headers["Content-Type"] == "image/jpeg"
                if endpoint == "hls-ts":
                    assert entry.key["METHOD"] == "AES-128" and body[:2] != b"\xff\xd8"
                    key = get(entry.key["URI"])[2]
                    body = cbc(key, bytes.fromhex(entry.key["IV"][2:]), body)
                    body = body[:-body[-1]]
                if entry.number in sheets:
                    assert sheets[entry.number] == body, "the same picture under every protection"
                sheets[entry.number] = body
        assert len(sheets) >= 3

        # Read by FFmpeg: half a segment apart, each the frame that is there.
        number = sorted(sheets)[1]
        path = tmp_path / "sheet.jpg"
        path.write_bytes(sheets[number])
        shown = numbers(path)
        query = f"start={number * SEGMENT}&end={(number + 1) * SEGMENT}"
        frames, errors = read_strips(sluice.url("clear", f"high/playlist.m3u8?{query}"), 320)
        assert not errors and shown == [frames[0], frames[30]]

        mpd = get(sluice.url("dash", "index.mpd"))[2].decode()
        assert 'contentType="image" mimeType="image/jpeg"' in mpd
        assert '<EssentialProperty schemeIdUri="http://dashif.org/guidelines/thumbnail_tile" value="2x1"/>' in mpd
        assert get(sluice.url("hls"))[2].count(b"IMAGE") == 0
        probe = subprocess.run([BUILD / "sluice", "probe", sluice.url("dash", "index.mpd"), "--key-server",
                                f"http://127.0.0.1:{sluice.key_port}", "--seconds", "1"], capture_output=True, text=True)
        assert probe.returncode == 0, probe.stdout + probe.stderr

        url = next(e.url for e in media(sluice.url("clear", "thumbnails/images.m3u8")).entries if e.number == number)
        old = sluice.origin
        sluice.daemon.stop(signal.SIGKILL)
        sluice.start_daemon()
        again = wait_for("the sheet after a restart", lambda: (a := get(url.replace(old, sluice.origin)))[0] == 200 and a)
        assert again[2] == sheets[number]
    finally:
        sluice.close()
