"""An event whose beginning the profile leaves in the clear: that much, and nothing after it."""

import re
import subprocess

from playlists import media
from sluice import BUILD, Sluice, get, profile

LEAD = 3


def test_the_lead_is_clear_and_nothing_else(tmp_path):
    def make(key_url):
        text = profile(key_url, rotation=31_536_000)
        return text.replace("keyRotationI", f"clearLeadSeconds: {2 * LEAD}, keyRotationI")

    sluice = Sluice(tmp_path, make)
    try:
        sluice.push(size="160x90")
        sluice.wait_for_segments(LEAD + 3)
        clear = media(sluice.url("clear", "high/playlist.m3u8"))
        first = clear.entries[0].number
        for endpoint in ("hls", "hls-ts"):
            playlist = media(sluice.url(endpoint, "high/playlist.m3u8"))
            keyed = [entry.number for entry in playlist.entries if entry.key.get("METHOD", "NONE") != "NONE"]
            assert keyed == [entry.number for entry in playlist.entries if entry.number >= first + LEAD]
        for entry, protected in zip(clear.entries, media(sluice.url("hls", "high/playlist.m3u8")).entries):
            same = [get(url)[2] == get(other)[2] for url, other in ((entry.url, protected.url), (entry.map, protected.map))]
            assert same == [entry.number < first + LEAD] * 2, entry.number
        mpd = get(sluice.url("dash", "index.mpd"))[2].decode()
        periods = re.findall(r"<Period.*?</Period>", mpd, re.S)
        assert ["ContentProtection" in period for period in periods] == [False, True]
        for endpoint, file in (("hls", "index.m3u8"), ("hls-ts", "index.m3u8"), ("dash", "index.mpd")):
            probe = subprocess.run(
                [BUILD / "sluice", "probe", sluice.url(endpoint, file), "--key-server",
                 f"http://127.0.0.1:{sluice.key_port}"], capture_output=True, text=True, timeout=180)
            assert probe.returncode == 0, probe.stdout + probe.stderr
    finally:
        sluice.close()
