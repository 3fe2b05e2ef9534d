"""Low-Latency HLS under cbcs over a change of keys, followed as a player does: RFC 8216bis, clauses 4.4 and 6.2.5; and
low-latency DASH beside it, in the clear and under cenc; and what is patched in an MPD over that time."""

import re
import subprocess
import threading
import time
from urllib.parse import urljoin

import low_latency_dash
import mpd_patch
from decryption import ProviderKeys, open_sample, samples, track_encryption
from playlists import attributes, media
from sluice import BUILD, Sluice, get, profile

PART = 0.33


class Follower(threading.Thread):
    """Follows one playlist by blocking reloads, and fetches each part the moment it is listed."""

    def __init__(self, url, seconds):
        super().__init__(daemon=True)
        self.url, self.until = url, time.monotonic() + seconds
        self.parts, self.keys, self.reports, self.faults, self.hints, self.durations = {}, {}, [], [], 0, []

    def run(self):
        try:
            self.follow()
        except Exception as error:  # pylint: disable=broad-except
            self.faults.append(repr(error))

    def follow(self):
        code, _, body = get(self.url)
        assert code == 200
        newest = self.take(body.decode())
        while time.monotonic() < self.until:
            code, headers, body = get(f"{self.url}?_HLS_msn={newest[0]}&_HLS_part={newest[1] + 1}")
            assert code == 200, (code, body, newest)
            assert headers["Cache-Control"] == "public, max-age=12, stale-if-error=4"
            now = self.take(body.decode())
            assert now > newest, "a blocking reload that brings nothing new"
            newest = now

    def take(self, text):
        """Fetches what is new, then the hinted part ahead of its time; gives the newest part's place."""
        sequence, newest, key, fresh = int(re.search(r"MEDIA-SEQUENCE:(\d+)", text)[1]), None, {}, []
        for line in text.splitlines():
            name, _, value = line.partition(":")
            if name == "#EXT-X-KEY":
                key = attributes(value)
            elif name == "#EXT-X-PART":
                part = attributes(value)
                number, index = (int(piece) for piece in re.search(r"(\d+)\.(\d+)\.m4s$", part["URI"]).groups())
                newest = (number, index)
                self.keys[number] = key
                self.durations.append((number, float(part["DURATION"])))
                if newest not in self.parts:
                    fresh.append((newest, part))
            elif line and not line.startswith("#"):
                assert sequence == int(re.search(r"(\d+)\.m4s$", line)[1])
                sequence += 1
                newest = max(newest or (0, 0), (sequence - 1, 0))
        for place, part in fresh:
            code, _, data = get(urljoin(self.url, part["URI"]))
            assert code == 200, (place, code)
            self.parts[place] = data
        self.reports += re.findall(r'RENDITION-REPORT:URI="([^"]+)",LAST-MSN=(\d+),LAST-PART=(\d+)', text)
        hint = attributes(re.search(r"#EXT-X-PRELOAD-HINT:(.*)", text)[1])
        code, _, data = get(urljoin(self.url, hint["URI"]))
        assert hint["TYPE"] == "PART" and code == 200, (hint, code)
        place = tuple(int(piece) for piece in re.search(r"(\d+)\.(\d+)\.m4s$", hint["URI"]).groups())
        self.parts[place] = data
        self.hints += 1
        return newest


def test_low_latency(tmp_path):
    def make(key_url):
        text = profile(key_url, rotation=10, rungs=(("high", 320, 180, 600000),), bframes=0)
        text = text.replace("partDurationSeconds: 1", f"partDurationSeconds: {PART}")
        text = text.replace("speke:\n  main:", low_latency_dash.ENDPOINTS + mpd_patch.ENDPOINT + "speke:\n  main:")
        return text.replace("  - id: hls\n", "  - id: hls\n    lowLatency: true\n")

    sluice = Sluice(tmp_path, make)
    try:
        sluice.push()
        sluice.wait_for_segments(3)
        followers = [Follower(sluice.url("hls", f"{track}/playlist.m3u8"), 13) for track in ("high", "stereo")]
        for follower in followers:
            follower.start()
        live = low_latency_dash.follow(sluice, 12)
        revisions = [mpd_patch.revision(sluice)]
        for follower in followers:
            follower.join(60)
            revisions.append(mpd_patch.revision(sluice))
            assert not follower.faults and not follower.is_alive(), follower.faults
        keys = ProviderKeys(tmp_path / "secret")
        for follower, track in zip(followers, ("high", "stereo")):
            assert follower.hints > 20 and len({str(key) for key in follower.keys.values()}) > 1
            first = min(number for number, _ in follower.durations)
            assert all(duration < 0.343 for _, duration in follower.durations)
            # The encoder joined in the middle of the first one.
            assert all(duration > 0.31 for number, duration in follower.durations if number > first), "alike, to the last"
            clear = {entry.number: entry for entry in media(sluice.url("clear", f"{track}/playlist.m3u8")).entries}
            listed = {entry.number: entry for entry in media(follower.url).entries}
            whole = [number for number in listed if (number, 0) in follower.parts and number in clear]
            assert len(whole) >= 5
            for number in whole:
                count = sum(place[0] == number for place in follower.parts)
                parts = [follower.parts[number, index] for index in range(count)]
                data = get(listed[number].url)[2]
                assert b"".join(parts) == data, "a segment is its parts"
                how = track_encryption(get(listed[number].map)[2])
                opened = [open_sample(one, how, keys[how.kid])[0] for part in parts for one in samples(part, how.iv_size)]
                assert opened == [one.data for one in samples(get(clear[number].url)[2])]
        for name, sequence, part in followers[0].reports:
            assert name == "../stereo/playlist.m3u8" and abs(int(sequence) - listed[max(listed)].number) < 20 and int(part) < 8
        deltas(sluice)
        plain_clients(sluice)
        mpd_patch.judge(sluice, revisions)
        low_latency_dash.judge(sluice, live, keys)
    finally:
        sluice.close()


def deltas(sluice):
    """A delta update put onto an earlier playlist is the playlist that all others get."""
    url = sluice.url("hls", "high/playlist.m3u8")
    before = get(url)[2].decode()
    for _ in range(20):
        delta, whole = (get(url + query)[2].decode() for query in ("?_HLS_skip=YES", ""))
        # Of this rendition and of the others.
        last = [
            re.findall(r"#EXT-X-PART:.*", text)[-1:] + re.findall(r"#EXT-X-RENDITION-REPORT:.*", text)
            for text in (delta, whole)]
        if last[0] == last[1]:
            break
    assert last[0] == last[1]
    skipped = int(re.search(r"SKIPPED-SEGMENTS=(\d+)", delta)[1])
    uris = [re.findall(r"^[^#].*", text, re.M) for text in (before, delta, whole)]
    assert skipped > 0 and uris[0][:skipped] + uris[1] == uris[2]
    # From the first segment that stays, nothing but the tags in force is said twice.
    first = delta.index(uris[1][0])
    assert delta[first:] == whole[whole.index(uris[1][0]):]
    for query in ("?_HLS_part=1", "?_HLS_msn=99999999999"):
        assert get(url + query)[0] == 400


def plain_clients(sluice):
    """Who knows nothing of parts plays all the same, and the probe finds nothing wrong."""
    url = sluice.url("hls", "index.m3u8")
    probe = subprocess.run(
        [BUILD / "sluice", "probe", url, "--key-server", f"http://127.0.0.1:{sluice.key_port}"],
        capture_output=True, text=True, timeout=180)
    assert probe.returncode == 0, probe.stdout + probe.stderr
