"""A worker in its encoder's hands: a program in place of sluice-ingest that has the real one work, passes its messages
on, and lies. The lie is that of the channel in LIES."""

import os
import socket
import struct
import subprocess
import sys
import threading
import time

HELLO, PUBLISH, TRACKS, CHUNK, STATISTICS, EVENT, END = range(1, 8)


def script(path, worker, lies):
    """Writes the program; `lies` names a function of this module for each channel that has one."""
    text = f"#!/usr/bin/python3\nimport sys\nsys.path.insert(0, {os.path.dirname(os.path.abspath(__file__))!r})\n"
    text += f"import lying_worker\nlying_worker.main({str(worker)!r}, {lies!r})\n"
    path.write_text(text)
    path.chmod(0o755)
    return path


def main(worker, lies):
    daemon = socket.socket(fileno=1)
    ours, theirs = socket.socketpair()
    child = subprocess.Popen([worker, *sys.argv[1:]], stdin=0, stdout=theirs.fileno(), env={})
    theirs.close()
    threading.Thread(target=answers, args=(daemon, ours), daemon=True).start()
    lie, lied, chunks = None, False, 0
    try:
        while (head := exactly(ours, 5)) is not None:
            body = exactly(ours, struct.unpack(">I", head[:4])[0] - 1)
            if head[4] == PUBLISH:
                length = struct.unpack(">H", body[:2])[0]
                lie = globals().get(lies.get(body[2:2 + length].decode()))
            chunks += head[4] == CHUNK
            # The truth for some segments, so that there is something to harm.
            if lie and chunks > 8 and head[4] == CHUNK:
                body, lied = lie(body), True
            daemon.sendall(struct.pack(">IB", len(body) + 1, head[4]) + body)
    except OSError:
        pass
    if not lied:
        child.wait()
        return
    # Found out: it stays as long as it may.
    time.sleep(600)


def bad_boxes(body):
    """The first box of a chunk is larger than the chunk. A chunk: track, segment in 8 bytes, flags, boxes."""
    return body[:10] + b"\x7f\xff\xff\xff" + body[14:]


def wrong_times(body):
    """An hour later than the segment it says."""
    at = body.index(b"tfdt") + 8
    return body[:at] + struct.pack(">Q", struct.unpack(">Q", body[at:at + 8])[0] + 3600 * 90000) + body[at + 8:]


def endless_segment(body, first=[]):
    """Everything belongs to one segment, which never ends."""
    first.append(body[1:9])
    return body[:1] + first[0] + b"\0" + body[10:]


def answers(daemon, worker):
    try:
        while data := daemon.recv(65536):
            worker.sendall(data)
        worker.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def exactly(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            return None
        data += more
    return data
