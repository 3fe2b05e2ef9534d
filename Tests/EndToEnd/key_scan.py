"""Looks for keys where they must not be: in memory, core files, logs and on the disk.

The memory of a process is read through /proc/PID/mem, which its parent and root may do; locked pages and pages left
out of core files are read too. A core file is what gcore (Debian's gdb) writes of the running process.
"""

import base64
import contextlib
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Hit:
    what: str
    form: str
    place: str

    def __str__(self):
        return f"{self.what} as {self.form} in {self.place}"


def forms(secret):
    """The ways in which bytes stand in texts; base64 without what depends on the bytes after it."""
    plain = base64.b64encode(secret).rstrip(b"=")
    plain = plain[:len(secret) * 8 // 6]
    found = {"hex": secret.hex().encode(), "HEX": secret.hex().upper().encode(), "base64": plain}
    url = plain.translate(bytes.maketrans(b"+/", b"-_"))
    if url != plain:
        found["base64url"] = url
    return found


#: What hexadecimal and base64 digits of a key stand in. Searching these alone is many times as fast.
TEXT = re.compile(rb"[0-9A-Za-z+/_-]{21,}")


class Scan:
    """What to look for: secrets by name."""

    def __init__(self, secrets):
        self.raw = list(secrets.items())
        self.texts = [
            (name, form, pattern) for name, secret in secrets.items() for form, pattern in forms(secret).items()]

    def bytes(self, data, place):
        found = [Hit(name, "raw", place) for name, secret in self.raw if secret in data]
        text = b"\n".join(TEXT.findall(data))
        return found + [Hit(name, form, place) for name, form, pattern in self.texts if pattern in text]

    def files(self, paths):
        found = []
        for path in paths:
            if path.is_file() and not path.is_symlink():
                # What has left the window meanwhile holds nothing.
                with contextlib.suppress(FileNotFoundError):
                    found += self.bytes(path.read_bytes(), str(path))
        return found

    def memory(self, pid):
        """Every page that a process can write to."""
        found = []
        for place, data in memory(pid):
            found += self.bytes(data, place)
        return found

    def core(self, pid, directory):
        """What a core file of a running process holds; None where there is no gcore or it may not."""
        if not shutil.which("gcore"):
            return None
        base = Path(directory) / "core"
        result = subprocess.run(["gcore", "-o", str(base), str(pid)], capture_output=True, check=False)
        file = Path(f"{base}.{pid}")
        if result.returncode or not file.exists():
            return None
        try:
            return self.bytes(file.read_bytes(), "core file")
        finally:
            file.unlink()


def memory(pid):
    """(place, bytes) of every writable mapping of a process, without pages that were never touched. The place begins
    with "guarded" where the mapping is left out of core files, as the heap for secrets is."""
    with open(f"/proc/{pid}/mem", "rb", 0) as mem, open(f"/proc/{pid}/pagemap", "rb", 0) as pagemap:
        for span, rights, name, flags in mappings(pid):
            if "w" not in rights or "r" not in rights:
                continue
            start, end = (int(part, 16) for part in span.split("-"))
            kind = "guarded memory" if "dd" in flags else "memory"
            for at, data in resident(mem, pagemap, start, end):
                yield f"{kind} {name or span}+{at - start:#x}", data


def mappings(pid):
    """(addresses, rights, name, VmFlags) of each."""
    current = None
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        parts = line.split()
        if not parts[0].endswith(":"):
            current = (parts[0], parts[1], parts[5] if len(parts) > 5 else "")
        elif parts[0] == "VmFlags:" and current:
            yield *current, parts[1:]


def resident(mem, pagemap, start, end, page=4096):
    """Stretches of pages that are there, in memory or swapped out."""
    pagemap.seek(start // page * 8)
    table = pagemap.read((end - start) // page * 8)
    first = None
    for index in range((end - start) // page + 1):
        entry = int.from_bytes(table[8 * index:8 * index + 8], "little")
        if entry >> 62 and index < (end - start) // page:
            first = index if first is None else first
        elif first is not None:
            at = start + first * page
            try:
                mem.seek(at)
                yield at, mem.read((index - first) * page)
            except OSError:
                # A mapping that went meanwhile, or one that no one may read.
                pass
            first = None


@dataclass
class Findings:
    """What was found of keys: by name of the key, where. `live` are those that may be in guarded memory."""

    live: set
    expired: set
    memory: list
    core: list | None
    worker: list
    elsewhere: list
    secrets: list

    @property
    def wrong(self):
        """What must not be."""
        found = [hit for hit in self.memory if hit.what in self.expired or not hit.place.startswith("guarded")
                 or hit.form != "raw"]
        return found + (self.core or []) + self.worker + self.elsewhere + self.secrets

    @property
    def held(self):
        """Live keys that are where they belong."""
        return {hit.what for hit in self.memory if hit.what in self.live and hit.place.startswith("guarded")}


def is_readable(pid):
    """Whether the memory of a process may be read: a daemon that refuses core files is for root alone."""
    try:
        with open(f"/proc/{pid}/mem", "rb", 0), open(f"/proc/{pid}/pagemap", "rb", 0) as pagemap:
            return bool(pagemap.read(8)) and bool(Path(f"/proc/{pid}/smaps").read_text())
    except OSError:
        return False


def scan(daemon, workers, files, keys, live, expired, secrets, directory=None):
    """Looks everywhere. `keys` are key bytes by name; `secrets` are what no file may hold, by name; `directory` is
    where a core file may lie for a moment, None for none."""
    look, others = Scan(keys), Scan(secrets)
    in_memory, in_workers, core = [], [], None
    if is_readable(daemon):
        in_memory = look.memory(daemon)
        in_workers = [hit for worker in workers for hit in look.memory(worker)]
        core = look.core(daemon, directory) if directory else None
    return Findings(live, expired, in_memory, core, in_workers, look.files(files), others.files(files))
