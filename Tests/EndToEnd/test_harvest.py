"""A stretch of the past copied to a folder and to a bucket, and played from there."""

import http.server
import subprocess
import threading
from datetime import datetime, timezone
from functools import partial
from urllib.parse import unquote

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from playlists import media
from sluice import BUILD, Sluice, profile, read_strips

SEGMENT, ROTATION, COUNT = 2, 10, 6
ACCESS, SECRET, REGION = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "eu-central-1"


class Bucket(http.server.ThreadingHTTPServer):
    """Keeps what is put with a signature that botocore, too, makes of the request; turns away the rest, and the first
    request of all with a 503."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), PutHandler)
        self.objects, self.refused, self.is_busy = {}, [], True
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/bucket"


class PutHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        given = self.headers["Authorization"]
        names = given.split("SignedHeaders=")[1].split(",")[0].split(";")
        request = AWSRequest("PUT", f"http://{self.headers['Host']}{self.path}", data=body,
                             headers={name: self.headers[name] for name in names})
        request.context["timestamp"] = self.headers["X-Amz-Date"]
        request.context["payload_signing_enabled"] = True
        signer = S3SigV4Auth(Credentials(ACCESS, SECRET), "s3", REGION)
        canonical = signer.canonical_request(request)
        signature = signer.signature(signer.string_to_sign(request, canonical), request)
        status = 200
        if self.server.is_busy:
            self.server.is_busy, status = False, 503
        elif not given.endswith(f"Signature={signature}"):
            self.server.refused.append(self.path)
            status = 403
        else:
            self.server.objects[unquote(self.path)] = (self.headers["Content-Type"], body)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Archive(http.server.SimpleHTTPRequestHandler):
    """A web server as somebody would put it in front of a folder."""

    def end_headers(self):
        self.send_header("Cache-Control", "max-age=60")
        super().end_headers()

    def log_message(self, *_):
        pass


class Harvester(Sluice):
    bucket = None

    def start_daemon(self):
        (self.directory / "sluice.yaml").write_text(f"""
harvest:
  destinations:
    archive: {{ directory: archive }}
    editors: {{ directory: editors, allowClear: true }}
    bucket: {{ s3: {{ url: "{self.bucket.url}", region: {REGION}, accessKeyId: {ACCESS}, secretAccessKey: {{ env: E2E_S3 }} }} }}
""")
        self.environment["E2E_S3"] = SECRET
        self.daemon_arguments = ("--config", self.directory / "sluice.yaml")
        super().start_daemon()

    def harvest(self, endpoint, start, end, to, *more):
        def text(number):
            return datetime.fromtimestamp(number * SEGMENT, timezone.utc).isoformat().replace("+00:00", "Z")

        return subprocess.run(
            [BUILD / "sluice", "harvest", "--channel", self.channel, "--endpoint", endpoint, "--start", text(start),
             "--end", text(end), "--to", to, "--admin", self.admin, *more], capture_output=True, text=True, timeout=180)


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_past_as_vod_in_a_folder_and_a_bucket(tmp_path):
    bucket = Bucket()
    Harvester.bucket = bucket
    sluice = Harvester(tmp_path, lambda key_url: profile(key_url, rotation=ROTATION, window=20))
    try:
        sluice.push(size="320x180")
        sluice.wait_for_segments(COUNT + 2)
        first = media(sluice.url("clear", "high/playlist.m3u8")).entries[0].number + 1
        end = first + COUNT

        # As it is served: a player opens it over a key change, with the same keys.
        done = sluice.harvest("hls", first, end, "archive", "--path", "news/encrypted")
        assert done.returncode == 0, done.stderr
        archive = tmp_path / "archive" / "news" / "encrypted"
        assert done.stdout.split() == [str(archive / "index.m3u8"), str(archive / "index.mpd")]
        web = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), partial(Archive, directory=str(tmp_path)))
        threading.Thread(target=web.serve_forever, daemon=True).start()
        for manifest in ("index.m3u8", "index.mpd"):
            probe = subprocess.run(
                [BUILD / "sluice", "probe", f"http://127.0.0.1:{web.server_port}/archive/news/encrypted/{manifest}",
                 "--key-server", f"http://127.0.0.1:{sluice.key_port}"], capture_output=True, text=True, timeout=180)
            assert probe.returncode == 0, probe.stdout + probe.stderr

        # Without protection, only where the configuration says so; every frame in HLS and DASH.
        refused = sluice.harvest("hls", first, end, "archive", "--clear")
        assert refused.returncode == 1 and "allowClear" in refused.stderr
        done = sluice.harvest("hls", first, end, "editors", "--path", "cut", "--clear")
        assert done.returncode == 0, done.stderr
        seen = []
        for manifest in ("index.m3u8", "index.mpd"):
            frames, errors = read_strips(f"http://127.0.0.1:{web.server_port}/editors/cut/{manifest}", 320)
            assert not errors and len(frames) == COUNT * SEGMENT * 30
            assert frames == list(range(frames[0], frames[0] + len(frames)))
            seen.append(frames)
        assert seen[0] == seen[1]

        # To a bucket, with signatures that it accepts: the same files.
        done = sluice.harvest("hls", first, end, "bucket", "--path", "news/encrypted")
        assert done.returncode == 0, done.stderr
        assert not bucket.refused
        prefix = "/bucket/news/encrypted/"
        assert {name.removeprefix(prefix): body for name, (_, body) in bucket.objects.items()} == files(archive)
        assert bucket.objects[prefix + "index.mpd"][0] == "application/dash+xml"

        # What is not over, and who asks too much, is told why.
        late = sluice.harvest("hls", first, first + 1000, "archive")
        assert late.returncode == 1 and "not over yet" in late.stderr
        assert SECRET not in sluice.daemon.err.read_text()
        web.shutdown()
    finally:
        bucket.shutdown()
        sluice.close()
