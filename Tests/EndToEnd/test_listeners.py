"""How encoders come in: TLS, IPv6, two stream keys, limits, web hook; and what they are told when they may not."""

import hashlib
import hmac
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import rtmp
from sluice import STREAM_KEY, Sluice, get, profile, wait_for

NEXT_KEY = "e2e-the-next-key"
HOOK_SECRET = "e2e-hook-secret"


def channel(name, ingest=""):
    def make(key_url):
        text = profile(key_url, channel=name, rungs=(("low", 160, 90, 200000),), segment=1, bframes=0, prefetch=10)
        return text.replace("ingest:\n", f"ingest:\n{ingest}")
    return make


@pytest.fixture
def run(tmp_path):
    running = []

    def make(channels, environment=None, listen="127.0.0.1:0"):
        (first, text), *others = channels.items()
        here = type("Here", (Sluice,), {"rtmp_listen": listen})
        running.append(here(tmp_path, channel(first, text), first,
                              {name: channel(name, ingest) for name, ingest in others},
                              {"E2E_NEXT_KEY": NEXT_KEY, "E2E_HOOK_SECRET": HOOK_SECRET, **(environment or {})}))
        return running[-1]

    yield make
    for one in running:
        one.close()


def openssl(*arguments, directory):
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)


def authority(directory):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=Test authority", "-keyout", "ca.key", "-out", "ca.pem", directory=directory)


def certificate(directory, number):
    """Makes a certificate and puts it where the daemon reads it; gives its serial number."""
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-keyout",
            "new.key", "-out", "new.csr", directory=directory)
    (directory / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\n")
    openssl("x509", "-req", "-in", "new.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", str(number), "-days",
            "2", "-extfile", "names", "-out", "new.pem", directory=directory)
    os.replace(directory / "new.key", directory / "server.key")
    os.replace(directory / "new.pem", directory / "server.pem")
    return number


def serial(port, directory):
    """Of the certificate that the port shows, verified."""
    context = ssl.create_default_context(cafile=str(directory / "ca.pem"))
    with socket.create_connection(("127.0.0.1", port), 10) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as secure:
            return int(secure.getpeercert()["serialNumber"], 16), secure.version()


def publishing(sluice, count, name=None):
    def found():
        lines = [line for line in sluice.daemon.messages("^publishing$") if name in (None, line["channel"])]
        return len(lines) >= count
    wait_for(f"{count} publications", found)


def refused(sluice, key, port=None, name="live"):
    """What FFmpeg shows whoever runs it."""
    url = f"rtmp://127.0.0.1:{port or sluice.rtmp_port}/{name}/{key}"
    result = subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=30", "-t", "5", "-c:v",
         "libx264", "-preset", "ultrafast", "-f", "flv", url], capture_output=True, text=True, timeout=180, check=False)
    assert result.returncode != 0
    return result.stderr


def test_tls_ends_in_the_daemon(run, tmp_path):
    authority(tmp_path)
    certificate(tmp_path, 1001)
    sluice = run({"live": ""}, {
        "SLUICE_RTMPS_LISTEN": "127.0.0.1:0,[::1]:0", "SLUICE_RTMPS_CERTIFICATE": str(tmp_path / "server.pem"),
        "SLUICE_RTMPS_PRIVATEKEY": str(tmp_path / "server.key"), "SLUICE_RTMP_HANDSHAKETIMEOUTSECONDS": "10",
        "SLUICE_HTTPS_LISTEN": "127.0.0.1:0", "SLUICE_HTTPS_CERTIFICATE": str(tmp_path / "server.pem"),
        "SLUICE_HTTPS_PRIVATEKEY": str(tmp_path / "server.key")})
    ports = sluice.daemon.listening()
    four, six = ports["rtmpsPorts"]
    assert serial(four, tmp_path) == (1001, "TLSv1.3")
    assert subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{four}", "-tls1_1"], stdin=subprocess.DEVNULL,
        capture_output=True, check=False).returncode != 0, "TLS 1.1 is not spoken"

    # An encoder whose picture comes through, frame by frame; and which is told what a refusal says.
    plain = sluice.rtmp
    sluice.rtmp = f"rtmps://localhost:{four}"
    encoder = sluice.push(size="160x90", extra=("-tls_verify", "1", "-ca_file", str(tmp_path / "ca.pem")))
    publishing(sluice, 1)
    sluice.wait_for_segments(2)
    worker = sluice.status()["publisher"]
    assert worker["peer"] == "127.0.0.1"
    wrong = sluice.push(size="160x90", key="not-the-key")
    wait_for("FFmpeg gives up", lambda: wrong.child.poll() is not None)
    assert "wrong stream key for 'live'" in wrong.err.read_text()
    assert sluice.daemon.said("^refused an encoder: wrong stream key")

    # The origin beside its plain listener, and both versions of HTTP on both.
    for base in (f"https://localhost:{ports['https']}", sluice.origin):
        known = "--http2" if base.startswith("https") else "--http2-prior-knowledge"
        for option, version in (("--http1.1", "1.1"), (known, "2")):
            answer = subprocess.run(
                ["curl", "-s", "-o", "/dev/null", "--cacert", tmp_path / "ca.pem", option, "-w", "%{http_version} %{http_code}",
                 f"{base}/live/clear/index.m3u8"], capture_output=True, text=True, timeout=120, check=True).stdout
            assert answer == f"{version} 200"

    # Who speaks TLS where it is not spoken; what becomes of that is seen when the time for handshakes is over.
    misled = socket.create_connection(("127.0.0.1", sluice.rtmp_port), 10)
    misled.sendall(b"\x16\x03\x01\x02\x00\x01")

    # Another certificate: by the signal, by the file's change; not one that cannot be used. Who is on air stays.
    certificate(tmp_path, 1002)
    sluice.daemon.child.send_signal(signal.SIGHUP)
    wait_for("it is read", lambda: sluice.daemon.messages("^rtmps.certificate was read anew"))
    assert serial(four, tmp_path)[0] == 1002
    assert serial(ports["https"], tmp_path)[0] == 1002
    certificate(tmp_path, 1003)
    assert serial(four, tmp_path)[0] == 1003
    (tmp_path / "server.pem").write_text("no certificate\n")
    for _ in range(2):
        assert serial(four, tmp_path)[0] == 1003
    assert len(sluice.daemon.said("the one before stays in effect")) == 1
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "server.key",
            directory=tmp_path)
    assert serial(four, tmp_path)[0] == 1003
    certificate(tmp_path, 1004)
    assert serial(four, tmp_path)[0] == 1004

    # Over IPv6 it takes the channel over.
    sluice.rtmp = f"rtmps://[::1]:{six}"
    second = sluice.push(size="160x90")
    publishing(sluice, 2)
    assert sluice.status()["publisher"]["peer"] == "::1"
    wait_for("the first is ended", lambda: encoder.child.poll() is not None)
    second.stop(signal.SIGINT)
    wait_for("it ends in order", lambda: sluice.daemon.messages("^publication ended: the encoder ended its stream"))

    # Who does not speak TLS there, and who did where it is not spoken.
    with socket.create_connection(("127.0.0.1", four), 10) as stranger:
        stranger.sendall(rtmp.HANDSHAKE)
        wait_for("it is refused", lambda: sluice.daemon.messages("^refused an encoder: TLS did not come up"))
    wait_for("it is told apart", lambda: sluice.daemon.messages("^encoder left: it speaks TLS"))
    misled.close()
    sluice.rtmp = plain


def test_silence_under_tls_is_seen(run, tmp_path):
    """The other encoder of a channel goes on, though what the daemon looks at is no TCP connection of its own."""
    authority(tmp_path)
    certificate(tmp_path, 1)
    sluice = run({"live": ""}, {
        "SLUICE_RTMPS_LISTEN": "127.0.0.1:0", "SLUICE_RTMPS_CERTIFICATE": str(tmp_path / "server.pem"),
        "SLUICE_RTMPS_PRIVATEKEY": str(tmp_path / "server.key")})
    file = sluice.profiles / "live.yaml"
    file.write_text(file.read_text().replace(
        "primary: { env: E2E_STREAM_KEY }", "primary: { env: E2E_STREAM_KEY }, backup: { env: E2E_NEXT_KEY }"))
    sluice.daemon.child.send_signal(signal.SIGHUP)
    wait_for("a channel of two encoders", lambda: len(sluice.daemon.messages("^channel opened")) == 2)
    sluice.rtmp = f"rtmps://127.0.0.1:{sluice.daemon.listening()['rtmps']}"
    primary = sluice.push(size="160x90")
    publishing(sluice, 1)
    sluice.push(size="160x90", key=NEXT_KEY)
    publishing(sluice, 2)
    sluice.wait_for_segments(3)
    primary.child.send_signal(signal.SIGSTOP)
    wait_for("the other one is on air", lambda: sluice.daemon.messages("^the backup encoder is on air now"), 9, 0.1)
    primary.child.send_signal(signal.SIGCONT)


def test_addresses_and_keys(run):
    keys = "  streamKeys: { primary: [{ env: E2E_STREAM_KEY }, { env: E2E_NEXT_KEY }] }\n"
    sluice = run({"live": "", "far": '  allow: ["192.0.2.0/24"]\n'}, {
        "SLUICE_RTMP_MAXCONNECTIONSPERADDRESS": "9"}, listen="127.0.0.1:0,[::]:0")
    four, both = sluice.daemon.listening()["rtmpPorts"]

    # A second key comes in, and the first goes, under an encoder that stays on air with the second.
    file = sluice.profiles / "live.yaml"
    text = file.read_text()
    first = sluice.push(size="160x90")
    publishing(sluice, 1)
    assert "wrong stream key for 'live'" in refused(sluice, NEXT_KEY)
    old = "  streamKeys: { primary: { env: E2E_STREAM_KEY } }\n"
    assert old in text
    file.write_text(text.replace(old, keys))
    sluice.daemon.child.send_signal(signal.SIGHUP)
    wait_for("the keys changed", lambda: sluice.daemon.messages("^who may publish has changed"))
    assert sluice.status()["publisher"] and first.child.poll() is None, "the encoder on air is not touched"
    # Over IPv6, and as IPv4 on the socket of both.
    sluice.rtmp = f"rtmp://[::1]:{both}"
    second = sluice.push(size="160x90", key=NEXT_KEY)
    publishing(sluice, 2)
    assert sluice.status()["publisher"]["peer"] == "::1"
    sluice.rtmp = f"rtmp://127.0.0.1:{both}"
    third = sluice.push(size="160x90", key=NEXT_KEY)
    publishing(sluice, 3)
    assert sluice.status()["publisher"]["peer"] == "127.0.0.1"
    file.write_text(text.replace("E2E_STREAM_KEY", "E2E_NEXT_KEY"))
    sluice.daemon.child.send_signal(signal.SIGHUP)
    wait_for("the keys changed", lambda: len(sluice.daemon.messages("^who may publish has changed")) == 2)
    sluice.rtmp = f"rtmp://127.0.0.1:{four}"
    assert "wrong stream key for 'live'" in refused(sluice, STREAM_KEY)
    assert third.child.poll() is None and sluice.status()["publisher"]
    for encoder in (first, second):
        wait_for("who was taken over is ended", lambda: encoder.child.poll() is not None)

    # What encoders are told, and the log with it.
    assert "unknown channel 'nobody'" in refused(sluice, NEXT_KEY, name="nobody")
    assert "this address may not publish to 'far'" in refused(sluice, NEXT_KEY, name="far")
    # Who was refused a moment ago counts until its worker is gone.
    wait_for("the encoder on air alone",
             lambda: "\nsluice_rtmp_connections 1\n" in get(sluice.admin + "/metrics")[2].decode())
    idle = [socket.create_connection(("127.0.0.1", four), 10) for _ in range(8)]
    assert "too many connections from this address" in refused(sluice, NEXT_KEY)
    assert sluice.daemon.said(
        "^refused an encoder: rtmp.maxConnectionsPerAddress \\(9\\) are open from its address")
    for one in idle:
        one.close()
    metrics = get(sluice.admin + "/metrics")[2].decode()
    for reason, count in (("credentials", 4), ("limit", 1)):
        assert re.search(rf'refus\w*{{reason="{reason}"}} {count}\b', metrics), metrics


class Hook:
    """An operator's web hook: `answer` is (status, reason), or None for none at all."""

    def __init__(self):
        self.answer = (200, None)
        self.calls = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                mac = hmac.new(HOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
                assert self.headers["X-Sluice-Signature"] == f"sha256={mac}"
                hook.calls.append(json.loads(body))
                if hook.answer is None:
                    hook.release.wait(30)
                status, reason = hook.answer or (200, None)
                text = json.dumps({"reason": reason}).encode() if reason else b""
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.release = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def close(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


def test_who_is_ended_is_told_why(run):
    sluice = run({"live": ""})
    first, second, third, fourth = (rtmp.Encoder(sluice.rtmp_port) for _ in range(4))
    for one in (first, second):
        assert "NetStream.Publish.Start" in one.publish("live", STREAM_KEY)
    assert "another encoder with the same stream key took over" in first.hear(b"took over")
    assert first.is_closed()
    file = sluice.profiles / "live.yaml"
    text = file.read_text()
    file.write_text(text.replace("E2E_STREAM_KEY", "E2E_NEXT_KEY"))
    sluice.daemon.child.send_signal(signal.SIGHUP)
    assert "its stream key is no longer valid" in second.hear(b"no longer valid")
    assert "NetStream.Publish.Start" in third.publish("live", NEXT_KEY)
    file.write_text(text.replace("bitrate: 200000", "bitrate: 210000"))
    sluice.daemon.child.send_signal(signal.SIGHUP)
    assert "its profile changed" in third.hear(b"profile changed")
    wait_for("the channel is open", lambda: len(sluice.daemon.messages("^channel opened")) == 2)
    assert "NetStream.Publish.Start" in fourth.publish("live", STREAM_KEY)
    sluice.daemon.child.send_signal(signal.SIGTERM)
    assert "the daemon is shutting down" in fourth.hear(b"shutting down")
    assert sluice.daemon.child.wait(60) == 0
    endings = {line["message"].removeprefix("publication ended: ")
               for line in sluice.daemon.messages("^publication ended")}
    assert endings == {"another encoder with the same stream key took over", "its stream key is no longer valid",
                       "its profile changed", "the daemon is shutting down"}


def test_a_web_hook_decides(run):
    hook = Hook()
    hooked = f"  webhook: {{ url: {hook.url}, secret: {{ env: E2E_HOOK_SECRET }}, timeoutSeconds: 20 }}\n"
    sluice = run({"live": hooked, "free": ""})
    try:
        hook.answer = (403, "not booked before noon")
        assert "not booked before noon" in refused(sluice, STREAM_KEY)
        assert sluice.daemon.said("^refused an encoder: the webhook refused it: not booked before noon")
        hook.answer = (500, None)
        assert "cannot check this publication at the moment" in refused(sluice, STREAM_KEY)
        assert "wrong stream key" in refused(sluice, "not-the-key"), "the hook is not asked by strangers"
        assert len(hook.calls) == 2

        # One that does not answer keeps nobody else waiting.
        hook.answer = None
        waiting = sluice.push(size="160x90")
        wait_for("it is asked", lambda: len(hook.calls) == 3)
        sluice.push(size="160x90", channel="free")
        publishing(sluice, 1, "free")
        assert not [line for line in sluice.daemon.messages("^publishing$") if line["channel"] == "live"]
        hook.answer = (204, None)
        hook.release.set()
        publishing(sluice, 1, "live")
        waiting.stop(signal.SIGINT)
        wait_for("it hears of the end", lambda: len(hook.calls) == 4)
        assert [call["event"] for call in hook.calls] == ["publish"] * 3 + ["unpublish"]
        last = hook.calls[-1]
        assert last.pop("time") > 1_600_000_000_000
        assert last == {"event": "unpublish", "channel": "live", "app": "live", "address": "127.0.0.1",
                        "reason": "the encoder ended its stream"}
        assert STREAM_KEY not in json.dumps(hook.calls)
    finally:
        hook.close()
