"""`sluice probe` on a channel that runs, and on one where something is wrong."""

import http.server
import json
import subprocess
import threading
import urllib.error
import urllib.request

from sluice import BUILD

ENDPOINTS = {"clear": "index.m3u8", "hls-ts": "index.m3u8", "hls": "index.m3u8", "dash": "index.mpd"}
PROTECTION = {"clear": [], "hls-ts": ["AES-128"], "hls": ["cbcs"], "dash": ["cenc"]}


def start_probe(url, sluice, *options):
    return subprocess.Popen(
        [BUILD / "sluice", "probe", url, "--key-server", f"http://127.0.0.1:{sluice.key_port}", "--json", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(probe):
    out, err = probe.communicate(timeout=180)
    assert probe.returncode in (0, 1), err
    return probe.returncode, json.loads(out)


def spoiling_proxy(origin, change):
    """An HTTP server in front of the origin; `change(path, body)` gives the body that it sends on."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            try:
                with urllib.request.urlopen(origin + self.path, timeout=20) as answer:
                    status, headers, body = answer.status, answer.headers, answer.read()
            except urllib.error.HTTPError as error:
                status, headers, body = error.code, error.headers, error.read()
            body = change(self.path, body)
            self.send_response(status)
            for name in ("Content-Type", "Cache-Control"):
                if headers[name]:
                    self.send_header(name, headers[name])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}"


def test_probe(start):
    sluice = start()
    sluice.push()
    sluice.wait_for_segments(4)

    # All endpoints at once, over a change of keys.
    probes = {name: start_probe(sluice.url(name, file), sluice, "--seconds", "12") for name, file in ENDPOINTS.items()}
    for name, probe in probes.items():
        code, report = finish(probe)
        assert code == 0 and report["good"], (name, report["findings"])
        assert len(report["renditions"]) == (2 if name == "hls-ts" else 3)
        for rendition in report["renditions"]:
            assert rendition["segments"] >= 5 and rendition["bytes"] > 0, rendition
            assert rendition["protection"] == PROTECTION[name]
            assert len(rendition["keys"]) >= (0 if name == "clear" else 2), rendition

    # A media playlist alone, as text.
    text = subprocess.run([BUILD / "sluice", "probe", sluice.url("clear", "high/playlist.m3u8")], capture_output=True,
                          text=True, timeout=180, check=False)
    assert text.returncode == 0 and "high: 3 segments" in text.stdout and "in the clear" in text.stdout

    # Faults planted between origin and probe.
    def stolen_protection(path, body):
        """What a packager that forgot to encrypt would send: the clear endpoint's sound under the protected name."""
        if "/hls/stereo/" in path and path.endswith(".m4s"):
            number = path.rsplit("/", 1)[1]
            base = sluice.url("clear", "stereo/playlist.m3u8")
            with urllib.request.urlopen(base, timeout=20) as playlist:
                folder = next(line for line in playlist.read().decode().splitlines() if line.endswith(".m4s"))
            with urllib.request.urlopen(f"{base.rsplit('/', 1)[0]}/{folder.rsplit('/', 1)[0]}/{number}",
                                        timeout=20) as segment:
                return segment.read()
        return body

    def short_target(path, body):
        return body.replace(b"TARGETDURATION:2", b"TARGETDURATION:1")

    def other_kid(path, body):
        at = body.find(b'default_KID="') + len(b'default_KID="')
        return body[:at] + (b"1" if body[at:at + 1] == b"0" else b"0") + body[at + 1:] if path.endswith(".mpd") else body

    for endpoint, change, rule in (("hls", stolen_protection, "media.clear"),
                                   ("clear", short_target, "hls.target-duration"),
                                   ("dash", other_kid, "dash.default-kid")):
        server, origin = spoiling_proxy(sluice.origin, change)
        url = f"{origin}/{sluice.channel}/{endpoint}/{ENDPOINTS[endpoint]}"
        code, report = finish(start_probe(url, sluice, "--segments", "30"))
        server.shutdown()
        rules = [finding["rule"] for finding in report["findings"]]
        assert code == 1 and not report["good"] and rule in rules, (endpoint, report["findings"])

    # The wrong key server, and nobody there.
    server, keys = spoiling_proxy(f"http://127.0.0.1:{sluice.key_port}", lambda path, body: bytes(16))
    probe = subprocess.run([BUILD / "sluice", "probe", sluice.url("hls"), "--key-server", keys], capture_output=True,
                           text=True, timeout=180, check=False)
    server.shutdown()
    assert probe.returncode == 1 and "media.payload" in probe.stdout
    code, report = finish(start_probe(sluice.url("nothing"), sluice))
    assert code == 1 and [finding["rule"] for finding in report["findings"]] == ["http.status"]


def test_command_line():
    for arguments in ((), ("ftp://127.0.0.1/index.m3u8",), ("http://127.0.0.1/", "--seconds", "-1"),
                      ("http://127.0.0.1/", "--key-server", "nowhere")):
        result = subprocess.run([BUILD / "sluice", "probe", *arguments], capture_output=True, timeout=120, check=False)
        assert result.returncode == 2 and result.stderr, arguments
