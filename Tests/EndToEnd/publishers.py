"""Many encoders in one process that costs little: each sends the same clip over and over at its own pace.

As a program: publishers.py PORT CLIP KEY CHANNEL... pushes each channel until standard input ends, or one is cut off, and
then prints one JSON line: bytes sent and CPU seconds taken by this process."""

import errno
import heapq
import json
import os
import resource
import select
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from rtmp import AUDIO, VIDEO, Publisher, chunks, tags

#: Milliseconds that are a whole number of pictures (30 a second) and of AAC frames (48 kHz).
LENGTH = 16_000
#: As OBS Studio sends.
CHUNK = 4096


def make_clip(path, bitrate, size="1280x720", gop=60):
    """Makes an FLV file of `LENGTH` whose picture has `bitrate` bits a second, with a key frame every `gop` pictures."""
    subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i",
         f"testsrc2=size={size}:rate=30,noise=alls=24:allf=t,format=yuv420p", "-f", "lavfi", "-i",
         "sine=440:sample_rate=48000", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", str(gop),
         "-keyint_min", str(gop), "-sc_threshold", "0", "-b:v", str(bitrate), "-maxrate", str(bitrate), "-bufsize",
         str(bitrate), "-c:a", "aac", "-b:a", "128k", "-ac", "2", "-t", str(LENGTH / 1000 + 0.5), "-f", "flv",
         str(path)], check=True)
    return path


class Clip:
    """An FLV file as RTMP messages: all of a message but its time, which is the only thing that changes."""

    def __init__(self, path):
        #: What comes once, as (kind, body).
        self.headers = []
        #: (milliseconds, before the time, after the time), in order.
        self.messages = []
        for kind, at, body in tags(Path(path)):
            if kind not in (AUDIO, VIDEO):
                continue
            if body[1] == 0:
                self.headers.append((kind, body))
            elif at < LENGTH:
                whole = b"".join(chunks(kind, body, 6 if kind == VIDEO else 4, 0, CHUNK))
                self.messages.append((at, whole[:1], whole[4:]))
        self.messages.sort(key=lambda message: message[0])
        self.bytes = sum(len(after) + 4 for _, _, after in self.messages)


class Encoder:
    """One connection that is always behind its clip by no more than its socket."""

    def __init__(self, port, channel, key, clip, begin):
        self.channel, self.clip, self.begin = channel, clip, begin
        self.publisher = Publisher(port, CHUNK)
        answer = self.publisher.start(channel, key)
        assert "NetStream.Publish.Start" in answer, f"{channel}: {answer[3073:]!r}"
        for kind, body in clip.headers:
            self.publisher.send(b"".join(chunks(kind, body, 6 if kind == VIDEO else 4, 0, CHUNK)))
        self.socket = self.publisher.socket
        self.socket.setblocking(False)
        self.place = self.sent = 0
        self.waiting = bytearray()
        #: The longest that its socket has held it back, in seconds.
        self.late = 0.0

    def due(self):
        turn, place = divmod(self.place, len(self.clip.messages))
        return self.begin + (turn * LENGTH + self.clip.messages[place][0]) / 1000

    def send_next(self):
        turn, place = divmod(self.place, len(self.clip.messages))
        at, before, after = self.clip.messages[place]
        # Clips may go on for four hours and a half before the time needs a field of its own.
        data = (before, ((turn * LENGTH + at) % 0xFFFFFF).to_bytes(3, "big"), after)
        self.place += 1
        if self.waiting:
            self.waiting += b"".join(data)
            return
        try:
            count = self.socket.sendmsg(data)
        except BlockingIOError:
            count = 0
        self.sent += count
        if count < len(after) + 4:
            self.waiting += b"".join(data)[count:]

    def send_waiting(self):
        try:
            count = self.socket.send(self.waiting)
        except BlockingIOError:
            return
        self.sent += count
        del self.waiting[:count]


def run(port, clip, key, channels):
    """Pushes until standard input ends; gives what was sent and taken for it."""
    clip = Clip(clip)
    is_over = threading.Event()

    def listen():
        sys.stdin.read()
        is_over.set()

    threading.Thread(target=listen, daemon=True).start()
    encoders, queue = [], []
    # Spread over a key frame's distance: encoders do not start as one.
    begin = time.monotonic() + 0.05
    poll = select.epoll()
    unborn = [(begin + index * 2.0 / len(channels), index, name) for index, name in enumerate(channels)]
    by_descriptor = {}
    print(json.dumps({"pid": os.getpid()}), flush=True)
    failure = None
    try:
        while not is_over.is_set():
            now = time.monotonic()
            while unborn and unborn[0][0] <= now:
                _, index, name = unborn.pop(0)
                encoder = Encoder(port, name, key, clip, time.monotonic())
                by_descriptor[encoder.socket.fileno()] = encoder
                poll.register(encoder.socket.fileno(), select.EPOLLIN)
                encoders.append(encoder)
                heapq.heappush(queue, (encoder.due(), index, encoder))
            while queue and queue[0][0] <= now:
                due, index, encoder = queue[0]
                encoder.late = max(encoder.late, now - due)
                had_to_wait = bool(encoder.waiting)
                encoder.send_next()
                if encoder.waiting and not had_to_wait:
                    poll.modify(encoder.socket.fileno(), select.EPOLLIN | select.EPOLLOUT)
                heapq.heapreplace(queue, (encoder.due(), index, encoder))
            next_due = min(queue[0][0] if queue else now + 0.1, unborn[0][0] if unborn else now + 0.1)
            wait = max(0.0, next_due - time.monotonic())
            for descriptor, events in poll.poll(wait):
                encoder = by_descriptor[descriptor]
                if events & select.EPOLLOUT:
                    encoder.send_waiting()
                    if not encoder.waiting:
                        poll.modify(descriptor, select.EPOLLIN)
                if events & ~select.EPOLLOUT and not encoder.socket.recv(65536):
                    raise OSError(errno.EPIPE, f"{encoder.channel} was closed")
    except OSError as error:
        failure = repr(error)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({
        "sentBytes": sum(encoder.sent for encoder in encoders), "cpuSeconds": usage.ru_utime + usage.ru_stime,
        "mostLateSeconds": max((encoder.late for encoder in encoders), default=0),
        "heldBackBytes": sum(len(encoder.waiting) for encoder in encoders), "failure": failure}), flush=True)
    return 1 if failure else 0


class Crowd:
    """The program above as a child. To be used with `with`."""

    def __init__(self, sluice, clip, key, channels, directory):
        self.arguments = [sys.executable, __file__, str(sluice.rtmp_port), str(clip), key, *channels]
        self.out = Path(directory) / "publishers.out"

    def __enter__(self):
        with self.out.open("w") as out:
            self.child = subprocess.Popen(self.arguments, stdin=subprocess.PIPE, stdout=out, start_new_session=True)
        return self

    def stop(self):
        """Ends the push; gives what the child says of it."""
        if self.child.stdin:
            self.child.stdin.close()
        self.child.wait(30)
        return json.loads(self.out.read_text().splitlines()[-1])

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()


if __name__ == "__main__":
    sys.exit(run(int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]))
