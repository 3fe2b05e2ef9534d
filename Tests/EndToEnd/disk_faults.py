"""A storage folder on a small file system of its own, and what can happen to it while a channel is on air."""

import os
import random
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

from kills import Audience
from provider_faults import channel
from sluice import Sluice, get, wait_for

ENDPOINTS = ("clear", "hls-ts", "hls", "dash")
SMALL = dict(size="160x90", rate=15)


def can_mount():
    return os.geteuid() == 0 and subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode == 0


class Disk:
    """A file system of a few MiB: a tmpfs, or ext4 in a file, which can be frozen. To be used with `with`."""

    def __init__(self, path, mebibytes, can_freeze=False):
        self.path, self.size, self.can_freeze = Path(path), mebibytes, can_freeze
        self.stopping = threading.Event()
        self.filler = None

    def __enter__(self):
        self.path.mkdir(parents=True, exist_ok=True)
        if self.can_freeze:
            image = self.path.with_suffix(".ext4")
            with open(image, "wb") as file:
                file.truncate(self.size << 20)
            subprocess.run(["mkfs.ext4", "-q", image], check=True)
            subprocess.run(["mount", "-o", "loop", image, self.path], check=True)
            # Nothing but what the daemon puts there, which looks for names of channels.
            (self.path / "lost+found").rmdir()
        else:
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={self.size}m,mode=0700", "none", self.path], check=True)
        return self

    def __exit__(self, *_):
        self.stop_filling()
        subprocess.run(["umount", "-l", self.path], check=True)

    def fill(self, greedy):
        """Takes all the room there is; greedy: and what becomes free later."""
        self.stopping.clear()

        def take():
            with open(self.path / "somebody-else", "ab", buffering=0) as file:
                while True:
                    for size in (1 << 16, 1 << 12, 1 << 8, 1):
                        try:
                            while file.write(bytes(size)):
                                pass
                        except OSError:
                            continue
                    if not greedy or self.stopping.wait(0.05):
                        return

        if greedy:
            self.filler = threading.Thread(target=take)
            self.filler.start()
        else:
            take()

    def stop_filling(self):
        self.stopping.set()
        if self.filler:
            self.filler.join()
            self.filler = None
        (self.path / "somebody-else").unlink(missing_ok=True)

    def set_frozen(self, is_frozen):
        """Whatever writes waits until it is over, as behind somebody else's writes; what reads does not."""
        subprocess.run(["fsfreeze", "-f" if is_frozen else "-u", self.path], check=True)

    def set_read_only(self, is_read_only):
        subprocess.run(
            ["mount", "-o", f"remount,{'ro' if is_read_only else 'rw'},size={self.size}m", "none", self.path], check=True)


def metric(sluice, name):
    text = get(sluice.admin + "/metrics")[2].decode()
    return float(next(line for line in text.splitlines() if line.startswith(name + "{")).split()[1])


@contextmanager
def fault(disk, kind):
    """The disk is full, fills up over and over, is read-only, or takes nothing and does not say so."""
    if kind == "read-only":
        disk.set_read_only(True)
    elif kind == "frozen":
        disk.set_frozen(True)
    else:
        disk.fill(greedy=kind == "filling")
    try:
        yield
    finally:
        if kind == "read-only":
            disk.set_read_only(False)
        elif kind == "frozen":
            disk.set_frozen(False)
        else:
            disk.stop_filling()


def live(sluice):
    sluice.push(**SMALL)
    wait_for("the encoder", lambda: sluice.status().get("publisher"))


def plays_on(audience, segments):
    last = audience.newest()
    wait_for("playing goes on", lambda: audience.newest() >= last + segments, 120 + 10 * segments)


def reconnect(sluice):
    """The encoder goes and comes again."""
    encoder = sluice.encoders.pop()
    encoder.child.kill()
    encoder.child.wait()
    wait_for("nobody publishes", lambda: not sluice.status().get("publisher"))
    live(sluice)


def restart(sluice):
    for encoder in sluice.encoders:
        encoder.child.kill()
        encoder.child.wait()
    sluice.encoders.clear()
    sluice.daemon.child.kill()
    sluice.daemon.child.wait()
    sluice.start_daemon()
    live(sluice)


def tear(directory, rng):
    """What a power cut may do to the newest files: cut short, zeros at their end, or not there. The journal's head, and
    what was flushed with it, is older than that. Gives what was done."""
    done = []
    folder = directory / "live"
    media = sorted((file for file in folder.rglob("*") if file.suffix in (".m4s", ".sealed") and file.parent != folder),
                   key=lambda file: file.stem)[-6:]
    for file in rng.sample(media, min(3, len(media))):
        way = rng.choice(("cut", "zeros", "gone"))
        done.append(f"{file.parent.name}/{file.name} {way}")
        damage(file, way, rng, 0)
    journal = folder / "window.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    # Of the last line, which nobody was told of yet.
    keep = len(b"".join(lines[:-1]))
    way = rng.choice(("cut", "zeros"))
    done.append(f"journal {way}")
    damage(journal, way, rng, keep)
    for file in folder.glob("keys-*.sealed"):
        way = rng.choice(("cut", "zeros", "gone", "whole"))
        if way != "whole":
            done.append(f"{file.name} {way}")
            damage(file, way, rng, 0)
    return done


def damage(file, way, rng, keep):
    size = file.stat().st_size
    place = rng.randrange(keep, size) if size > keep else size
    if way == "gone":
        file.unlink()
    else:
        with open(file, "r+b") as opened:
            opened.truncate(place)
            if way == "zeros":
                opened.truncate(size)


class Stage:
    """A channel on a disk of its own, with viewers. To be used with `with`."""

    def __init__(self, directory, mebibytes=6, rotation=10, can_freeze=False):
        self.directory = Path(directory)
        self.disk = Disk(self.directory / "data", mebibytes, can_freeze)
        self.rotation = rotation

    def __enter__(self):
        self.disk.__enter__()
        try:
            self.sluice = Sluice(self.directory, lambda url: channel("live", url, self.rotation, 10, window=60))
            live(self.sluice)
            self.audience = Audience(self.sluice, ("live",), ENDPOINTS).__enter__()
        except BaseException:
            self.disk.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.audience.__exit__()
        self.sluice.close()
        self.disk.__exit__()

    def judge(self):
        count, wrong = self.audience.judge(self.directory / "secret")
        return count, self.audience.failures + wrong
