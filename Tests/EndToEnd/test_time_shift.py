"""Other times and fewer renditions by a manifest's URL, as a real player's library reads them."""

import re
import subprocess
from urllib.parse import quote

from playlists import media
from sluice import BUILD, Sluice, get, profile, read_strips, wait_for

SEGMENT = 2


def lines(url):
    code, _, body = get(url)
    assert code == 200, body
    return [line for line in body.decode().splitlines() if line and not line.startswith("#")]


def test_start_over_catch_up_delay_and_filters(tmp_path):
    # What is started over is there for as long as all of this takes, long after live has left it.
    sluice = Sluice(tmp_path, lambda key_url: profile(key_url, window=10).replace(
        "storageWindowSeconds: 30", "storageWindowSeconds: 120"))
    try:
        sluice.push(size="320x180")
        sluice.wait_for_segments(7)
        first = media(sluice.url("clear", "high/playlist.m3u8")).entries[0].number + 1
        start, end = first * SEGMENT, (first + 4) * SEGMENT

        # Catch-up: complete, the same frames in HLS and DASH, each one there.
        catch_up = f"index.m3u8?start={start}&end={end}"
        playlist = media(sluice.url("hls-ts", f"high/playlist.m3u8?start={start}&end={end}"))
        assert playlist.is_ended and [entry.number for entry in playlist.entries] == list(range(first, first + 4))
        frames, errors = read_strips(sluice.url("hls-ts", catch_up), 320)
        assert not errors and len(frames) == 4 * SEGMENT * 30
        assert frames == list(range(frames[0], frames[0] + len(frames)))
        code, _, body = get(sluice.url("dash", f"index.mpd?start={start}&end={end}"))
        assert code == 200 and b'type="static"' in body and b'mediaPresentationDuration="PT8S"' in body
        for endpoint, file in (("hls-ts", catch_up), ("hls", catch_up), ("dash", catch_up.replace("m3u8", "mpd"))):
            probe = subprocess.run(
                [BUILD / "sluice", "probe", sluice.url(endpoint, file), "--key-server",
                 f"http://127.0.0.1:{sluice.key_port}"], capture_output=True, text=True, timeout=180)
            assert probe.returncode == 0, probe.stdout + probe.stderr

        # Start over: from the same segment on while the live window moves away from it.
        over = sluice.url("clear", f"high/playlist.m3u8?start={start + 1}")
        assert lines(sluice.url("clear", f"index.m3u8?start={start + 1}"))[0].endswith(f"?start={start}")
        wait_for("the live window has left it", lambda: media(sluice.url("clear", "high/playlist.m3u8")).sequence > first)
        grown = media(over)
        assert grown.sequence == first and not grown.is_ended and len(grown.entries) >= 6

        # Later than live, by whole segments.
        def behind():
            """By how many segments; None where live went on between the looks."""
            before, late, live = (media(sluice.url("clear", f"high/playlist.m3u8{query}")).last
                                  for query in ("", "?timedelay=5", ""))
            return (before - late,) if before == live else None

        assert 2 <= wait_for("looks at one time", behind)[0] <= 3

        # Fewer renditions.
        assert len(lines(sluice.url("hls", "index.m3u8"))) == 2
        wanted = quote("video_height:1-100;audio_language:en")
        assert lines(sluice.url("hls", f"index.m3u8?aws.manifestfilter={wanted}")) == ["low/playlist.m3u8"]
        mpd = get(sluice.url("dash", "index.mpd?height=-100&codec=h264,aac"))[2].decode()
        assert set(re.findall(r'Representation id="(\w+)"', mpd)) == {"low", "stereo"}
        code, _, body = get(sluice.url("dash", "index.mpd?height=small"))
        assert code == 400 and b"'height' wants a number or a range" in body
    finally:
        sluice.close()
