"""SIGTERM: requests are sent elsewhere, what is under way is finished, and systemd is told."""

import http.client
import socket
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from playlists import media
from sluice import Sluice, profile, wait_for


def ready(sluice):
    try:
        with urllib.request.urlopen(f"{sluice.admin}/readyz", timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


def test_a_stopped_daemon_finishes_what_it_does(tmp_path):
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(tmp_path / "notify"))
    manager.settimeout(60)
    environment = {"SLUICE_ORIGIN_DRAINSECONDS": "6", "NOTIFY_SOCKET": str(tmp_path / "notify")}
    sluice = Sluice(tmp_path, profile, environment=environment)
    try:
        assert manager.recv(4096) == b"READY=1\nSTATUS=on air"
        sluice.push(size="160x90")
        sluice.wait_for_segments(3)
        wait_for("keys", lambda: ready(sluice) == (200, "ready\n"))
        entry = media(sluice.url("clear", "high/playlist.m3u8")).entries[0]
        # A slow reader: the answer is more than the socket's buffers hold.
        parts = urlsplit(entry.url)
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect((parts.hostname, parts.port))
        slow.sendall(f"GET {parts.path} HTTP/1.1\r\nHost: origin\r\n\r\n".encode())
        first = slow.recv(1024)
        assert first.startswith(b"HTTP/1.1 200")
        idle = http.client.HTTPConnection(parts.hostname, parts.port)
        idle.connect()

        began = time.monotonic()
        sluice.daemon.child.terminate()
        assert manager.recv(4096) == b"STOPPING=1\nSTATUS=draining"
        assert ready(sluice) == (503, "draining\n")
        # Whoever has not seen it yet is served as before.
        assert media(sluice.url("clear", "high/playlist.m3u8")).code == 200
        assert sluice.daemon.child.poll() is None
        wait_for("the listener's end", lambda: refused(parts))
        assert time.monotonic() - began > 5.5
        # What was under way is whole.
        with slow.makefile("rb") as rest:
            head, _, body = (first + slow.recv(65536)).partition(b"\r\n\r\n")
            length = int(next(line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")))
            body += rest.read(length - len(body))
        assert len(body) == length
        assert sluice.daemon.child.wait(60) == 0
        assert idle.sock.recv(1) == b""
    finally:
        sluice.close()


def refused(parts):
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=60).close()
    except ConnectionRefusedError:
        return True
    return False
