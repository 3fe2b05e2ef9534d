"""An encoder made of bytes, for what FFmpeg never sends. Adobe RTMP specification 1.0 (2012), clauses 5.2, 5.3 and 7.2."""

import select
import socket
import struct
import subprocess
import time
from dataclasses import dataclass

AUDIO, VIDEO, DATA = 8, 9, 18
HANDSHAKE = b"\3" + bytes(1536) + b"\7" * 1536


class Encoder:
    """One connection. It reads what is answered only to look for words in it."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.answers = b""

    def send(self, data):
        """False when the server takes no more."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def publish(self, app, key):
        """Asks to publish and gives the answer's code: NetStream.Publish.Start where it may."""
        self.send(HANDSHAKE + opening(app, key))
        return self.hear(b"NetStream.Publish.")

    def hear(self, words, seconds=15):
        """Reads until `words` were answered, or the server closes; gives everything it said so far."""
        deadline = time.monotonic() + seconds
        while words not in self.answers and time.monotonic() < deadline:
            if not select.select([self.socket], [], [], 0.2)[0]:
                continue
            try:
                data = self.socket.recv(65536)
            except OSError:
                break
            if not data:
                break
            self.answers += data
        return self.answers.decode("latin-1")

    def is_closed(self, seconds=15):
        """Whether the server closes the connection."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if select.select([self.socket], [], [], 0.2)[0]:
                try:
                    if not self.socket.recv(65536):
                        return True
                except OSError:
                    return True
        return False

    def play(self, flv, until=None):
        """Sends the tags of an FLV file at their pace, to the time `until` in milliseconds. False when it is cut off."""
        begin = time.monotonic()
        for kind, timestamp, body in tags(flv):
            if until is not None and timestamp >= until:
                return True
            time.sleep(max(0.0, begin + timestamp / 1000 - time.monotonic()))
            if not self.send(message(kind, body, stream=6 if kind == 9 else 4, timestamp=timestamp)):
                return False
        return True

    def close(self):
        self.socket.close()


@dataclass(frozen=True)
class Tag:
    """A message of an encoder: when it is sent and what time it says, in milliseconds."""

    at: float
    kind: int
    timestamp: int
    body: bytes
    #: Number of the picture in its clip.
    frame: int | None = None


class Publisher(Encoder):
    """An encoder of which every message, chunk and write is ours."""

    def __init__(self, port, chunk_size=4096, write_size=None, form=0):
        super().__init__(port)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(60)
        self.chunk_size, self.write_size, self.form = chunk_size, write_size, form
        #: By chunk stream: the time that it said last.
        self.times = {}
        #: The newest picture that was sent.
        self.frame = None

    def start(self, app, key):
        """Connects, announces the chunk size and publishes; gives what was answered."""
        self.send(HANDSHAKE + command("connect", 1.0, {
            "app": app, "flashVer": "FMLE/3.0", "tcUrl": f"rtmp://127.0.0.1/{app}", "type": "nonprivate"})
            + set_chunk_size(self.chunk_size))
        for values in (("releaseStream", 2.0, None, key), ("FCPublish", 3.0, None, key), ("createStream", 4.0, None),
                       ("publish", 5.0, None, key, "live")):
            self.command(*values)
        return self.hear(b"NetStream.Publish.", 30)

    def command(self, *values):
        return self.write(b"".join(chunks(20, b"".join(amf(value) for value in values), size=self.chunk_size)))

    def write(self, data):
        """Sends bytes, in writes of the size that was asked for."""
        if not self.write_size:
            return self.send(data)
        return all(self.send(data[start:start + self.write_size]) for start in range(0, len(data), self.write_size))

    def tag(self, tag):
        self.listen()
        if tag.frame is not None:
            self.frame = tag.frame
        return self.write(b"".join(self.chunks(tag)))

    def chunks(self, tag):
        """The chunks of a tag; with form 1, headers after the first of a chunk stream say the step in time only."""
        stream = {VIDEO: 6, AUDIO: 4}.get(tag.kind, 5)
        before = self.times.get(stream)
        self.times[stream] = tag.timestamp
        if self.form == 1 and before is not None:
            step = (tag.timestamp - before) % (1 << 32)
            return chunks(tag.kind, tag.body, stream, step, self.chunk_size, form=1)
        return chunks(tag.kind, tag.body, stream, tag.timestamp, self.chunk_size)

    def listen(self):
        """Takes what was answered by now."""
        while select.select([self.socket], [], [], 0)[0]:
            try:
                data = self.socket.recv(65536)
            except OSError:
                return
            if not data:
                return
            self.answers += data

    def play(self, sent, begin=None):
        """Sends tags, each at its time. False when it is cut off."""
        begin = begin or time.monotonic()
        for tag in sent:
            time.sleep(max(0.0, begin + tag.at / 1000 - time.monotonic()))
            if not self.tag(tag):
                return False
        return True


def opening(app, key):
    """What an encoder sends up to its first picture."""
    return (command("connect", 1.0, {"app": app, "flashVer": "FMLE/3.0", "tcUrl": f"rtmp://127.0.0.1/{app}"})
            + command("createStream", 4.0, None) + command("publish", 5.0, None, key, "live"))


def overflow(total=1 << 20):
    """The start of a message of 200 bytes, then a header on its chunk stream that announces 16 MiB: what makes librtmp
    alone write past the end of the first message's block (Tests/RTMPServerTests/OverflowTests)."""
    return (header(0, 3, length=200, kind=20) + b"A" * 128 + message(1, struct.pack(">I", 0xFFFFFF), stream=2)
            + header(1, 3, length=0xFFFFFF, kind=20) + b"B" * total)


def header(form, stream, timestamp=0, length=0, kind=0, message_stream=0):
    data = bytes([form << 6 | stream])
    if form < 3:
        data += timestamp.to_bytes(3, "big")
    if form < 2:
        data += length.to_bytes(3, "big") + bytes([kind])
    if form < 1:
        data += message_stream.to_bytes(4, "little")
    return data


def message(kind, body, stream=3, timestamp=0):
    """A message in chunks of 128 bytes."""
    data = header(0, stream, timestamp, len(body), kind, 0 if kind in (1, 20) else 1) + body[:128]
    for start in range(128, len(body), 128):
        data += header(3, stream) + body[start:start + 128]
    return data


def chunks(kind, body, stream=3, timestamp=0, size=128, form=0):
    """A message as chunks, with an extended time where it needs one, in every chunk."""
    timestamp %= 1 << 32
    extended = timestamp.to_bytes(4, "big") if timestamp >= 0xFFFFFF else b""
    first = header(form, stream, min(timestamp, 0xFFFFFF), len(body), kind, 0 if kind in (1, 2, 20) else 1)
    parts = [first + extended + body[:size]]
    parts += [header(3, stream) + extended + body[start:start + size] for start in range(size, len(body), size)]
    return parts


def set_chunk_size(size):
    return message(1, struct.pack(">I", size), stream=2)


def abort(stream):
    """Forgets the unfinished message of a chunk stream."""
    return message(2, struct.pack(">I", stream), stream=2)


def command(*values):
    return message(20, b"".join(amf(value) for value in values))


def amf(value):
    if value is None:
        return b"\5"
    if isinstance(value, float):
        return b"\0" + struct.pack(">d", value)
    if isinstance(value, dict):
        pairs = (struct.pack(">H", len(name)) + name.encode() + amf(item) for name, item in value.items())
        return b"\3" + b"".join(pairs) + b"\0\0\x09"
    return b"\2" + struct.pack(">H", len(value)) + value.encode()


def tags(flv):
    """(type, milliseconds, body) of every tag of an FLV file."""
    data = flv.read_bytes()
    position = int.from_bytes(data[5:9], "big") + 4
    while position + 11 <= len(data):
        size = int.from_bytes(data[position + 1:position + 4], "big")
        timestamp = int.from_bytes(data[position + 4:position + 7], "big") | data[position + 7] << 24
        yield data[position], timestamp, data[position + 11:position + 11 + size]
        position += 11 + size + 4


def clip(path, seconds, size="160x90", video=()):
    """Makes an FLV file with a key frame each second."""
    subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=30,format=yuv420p",
         "-f", "lavfi", "-i", "sine=440:sample_rate=48000", "-c:v", "libx264", "-preset", "ultrafast", "-tune",
         "zerolatency", "-g", "30", *video, "-c:a", "aac", "-ac", "2", "-t", str(seconds), "-f", "flv", str(path)],
        check=True)
    return path
