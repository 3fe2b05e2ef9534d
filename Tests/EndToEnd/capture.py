"""A source that can be measured, and everything that the manifests list of it, as a player would fetch it."""

import functools
import uuid
from pathlib import Path
from urllib.parse import urljoin

import verify_dash
import verify_hls
from media_tools import run
from sluice import STREAM_KEY, Process, get, strip_filter, wait_for

TONE = 440


class Source:
    """An encoder that pushes in real time and keeps a copy of what it sent: a picture with frame numbers and a flash
    of 0.1 s every 2 s, a click at the same moments on the left and a tone on the right."""

    def __init__(self, sluice, seconds, size="320x180", rate=30):
        width, height = (int(part) for part in size.split("x"))
        self.seconds = seconds
        self.rate = rate
        self.copy = sluice.directory / "input.flv"
        box = f"x={width // 2}:y={height // 2}:w={width // 2}:h={height // 2}:t=fill"
        picture = (f"testsrc2=size={size}:rate={rate},drawbox={box}:color=black,"
                   f"drawbox={box}:color=white:enable='lt(mod(t\\,2)\\,0.099)',"
                   f"{strip_filter(width, rate)},format=yuv420p")
        sound = (f"aevalsrc='if(lt(mod(t\\,2)\\,0.01)\\,0.8*sin(2*PI*3000*t)\\,0)|0.2*sin(2*PI*{TONE}*t)':s=48000")
        target = f"[f=flv]{sluice.rtmp}/{sluice.channel}/{STREAM_KEY}|[f=flv]{self.copy}"
        self.encoder = Process(
            "source",
            ["ffmpeg", "-hide_banner", "-nostdin", "-v", "warning", "-re", "-f", "lavfi", "-i", picture, "-re", "-f",
             "lavfi", "-i", sound, "-map", "0:v", "-map", "1:a", "-c:v", "libx264", "-preset", "ultrafast", "-tune",
             "zerolatency", "-g", rate * 2, "-b:v", "2500k", "-c:a", "aac", "-b:a", "160k", "-flags", "+global_header",
             "-t", seconds, "-f", "tee", target], sluice.directory)
        sluice.encoders.append(self.encoder)

    def wait(self):
        code = self.encoder.child.wait(self.seconds + 60)
        assert code == 0, f"the encoder ended with {code}: {self.encoder.err.read_text()[-500:]}"


class Capture:
    """Everything that the manifests of the four endpoints list once the publisher has gone, in files."""

    def __init__(self, sluice):
        self.sluice = sluice
        self.directory = Path(sluice.directory) / "capture"
        self.directory.mkdir()
        wait_for("the publication ends", lambda: not sluice.status().get("publisher"), 180)
        self.variants, self.renditions, self.playlists, self.files, self.keys = {}, {}, {}, {}, {}
        for endpoint in ("clear", "hls-ts", "hls"):
            self.variants[endpoint], self.renditions[endpoint] = verify_hls.multivariant(sluice.url(endpoint))
            for variant in self.variants[endpoint] + self.renditions[endpoint]:
                playlist = verify_hls.media_playlist(variant.url)
                self.playlists[endpoint, variant.name] = playlist
                for segment in playlist.segments:
                    assert not segment.gap, f"{segment.number} of {variant.name} is a gap"
                    self.fetch(segment.url)
                    if segment.map:
                        self.fetch(segment.map)
        self.mpd_url = sluice.url("dash", "index.mpd")
        self.mpd = verify_dash.fetch_mpd(self.mpd_url)
        (self.directory / "index.mpd").write_bytes(self.mpd)
        self.dash = verify_dash.tracks(self.mpd_url, self.mpd)
        # What an encoder leaves of less than a second comes to playlists with what follows it.
        newest = max(number for playlist in self.playlists.values() for number in playlist.numbers)
        rests = {one[0] for track in self.dash for one in track.segments
                 if one[0] > newest and one[3] < track.timescale}
        for track in self.dash:
            track.segments[:] = [one for one in track.segments if one[0] not in rests]
        self.dash = [track for track in self.dash if track.segments]
        for track in self.dash:
            self.fetch(track.init)
            for segment in track.segments:
                self.fetch(segment[1])

    def fetch(self, url):
        """The file with what is at `url`, fetched once."""
        if url not in self.files:
            code, _, body = get(url)
            assert code == 200 and body, f"{code} of {url}, which a manifest lists"
            path = self.directory / url.removeprefix(self.sluice.origin + "/").replace("/", "_")
            path.write_bytes(body)
            self.files[url] = path
        return self.files[url]

    def key(self, kid):
        """The 32 hexadecimal digits of a content key, from the key server."""
        if kid not in self.keys:
            code, _, body = get(f"http://127.0.0.1:{self.sluice.key_port}/keys/{uuid.UUID(kid)}")
            assert code == 200 and len(body) == 16, f"{code} for key {kid}"
            self.keys[kid] = body.hex()
        return self.keys[kid]

    def join(self, name, urls):
        """One file of what is at `urls`, one after the other."""
        path = self.directory / name
        with path.open("wb") as output:
            for url in urls:
                output.write(self.fetch(url).read_bytes())
        return path

    @functools.cache
    def clear(self, track, numbers=None):
        """The clear rendition of `track`, all of it or only `numbers`."""
        segments = [one for one in self.playlists["clear", track].segments if numbers is None or one.number in numbers]
        assert numbers is None or [one.number for one in segments] == list(numbers)
        name = f"clear-{track}-{segments[0].number}-{len(segments)}.mp4"
        return self.join(name, [segments[0].map] + [segment.url for segment in segments])

    @functools.cache
    def transport_stream(self, variant):
        """A rung of hls-ts decrypted by OpenSSL, as one file."""
        path = self.directory / f"decrypted-{variant}.ts"
        with path.open("wb") as output:
            for segment in self.playlists["hls-ts", variant].segments:
                key = segment.key
                assert key["METHOD"] == "AES-128" and get(key["URI"])[2].hex() == self.key(segment.kid)
                plain = run("openssl", "enc", "-d", "-aes-128-cbc", "-K", self.key(segment.kid), "-iv",
                            key["IV"].removeprefix("0x"), "-in", self.fetch(segment.url))
                assert plain.returncode == 0, f"{segment.url}: {plain.stderr}"
                assert plain.stdout[0] == 0x47 and len(plain.stdout) % 188 == 0, f"no transport stream: {segment.url}"
                output.write(plain.stdout)
        return path

    def local_playlist(self, endpoint, variant):
        """The playlist as it is, with an end and with the fetched files: for players that would wait for more."""
        playlist = self.playlists[endpoint, variant]
        text = []
        for line in playlist.text.splitlines():
            if line and not line.startswith("#"):
                line = self.fetch(urljoin(playlist.url, line)).name
            text.append(line)
        path = self.directory / f"{endpoint}-{variant}.m3u8"
        path.write_text("\n".join([*text, "#EXT-X-ENDLIST", ""]))
        return path
