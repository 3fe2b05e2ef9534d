"""I-frames by themselves: what a player shows while it runs forwards."""

import json
import subprocess

from playlists import media
from sluice import BUILD, Sluice, get, profile, read_strips

SEGMENT = 2


def with_iframes(key_url):
    return profile(key_url, rotation=10, window=20).replace("  - id: ", "  - includeIframeOnlyStream: true\n    id: ") \
        .replace("{ id: clear,", "{ id: clear, includeIframeOnlyStream: true,")


def test_every_segment_has_its_first_picture_by_itself(tmp_path):
    sluice = Sluice(tmp_path, with_iframes)
    try:
        sluice.push(size="320x180")
        sluice.wait_for_segments(7)
        # A player that runs all renditions at once, also those of I-frames, over a key change; each of one picture.
        for endpoint, file in (("clear", "index.m3u8"), ("hls-ts", "index.m3u8"), ("hls", "index.m3u8"),
                               ("dash", "index.mpd")):
            probe = subprocess.run(
                [BUILD / "sluice", "probe", sluice.url(endpoint, file), "--key-server",
                 f"http://127.0.0.1:{sluice.key_port}", "--json", "--seconds", "3"],
                capture_output=True, text=True, timeout=180)
            assert probe.returncode == 0, probe.stdout + probe.stderr
            names = [rendition["name"] for rendition in json.loads(probe.stdout)["renditions"]]
            assert len([name for name in names if "rames" in name]) == 2, names

        # The pictures are the segments' first: every sixtieth.
        first = media(sluice.url("clear", "high/playlist.m3u8")).entries[0].number
        query = f"start={first * SEGMENT}&end={(first + 5) * SEGMENT}"
        for endpoint in ("clear", "hls-ts"):
            frames, errors = read_strips(sluice.url(endpoint, f"high/playlist.m3u8?{query}"), 320)
            pictures, picture_errors = read_strips(sluice.url(endpoint, f"high/iframes.m3u8?{query}"), 320)
            assert not errors and not picture_errors
            assert pictures == frames[::SEGMENT * 30] and len(pictures) == 5
        assert b"I-FRAME" not in get(sluice.url("clear", "index.m3u8?trickplay=none"))[2]
    finally:
        sluice.close()
