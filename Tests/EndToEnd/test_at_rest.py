"""What lies on the disk: nothing that shows a picture or a key, and nothing under a key that others can read."""

import re
import subprocess
from pathlib import Path

import pytest

from playlists import media, media_url
from sluice import BUILD, get, wait_for
from test_publications import grow, push, run  # noqa: F401

# Box types and start codes that clear media of any container is full of.
MEDIA = (b"moof", b"mdat", b"traf", b"ftyp", b"\0\0\0\1\x65")


def disk(sluice):
    return [file for file in (sluice.directory / "data").rglob("*") if file.is_file()]


def contents(sluice):
    """What is in each file. One that is replaced while one looks has another name then: it is read under that."""
    found, missed = {}, True
    while missed:
        missed = False
        for file in disk(sluice):
            try:
                found[file] = file.read_bytes()
            except FileNotFoundError:
                missed = True
    return found


def test_the_disk_shows_no_picture_and_a_changed_file_is_not_served(run):
    sluice = run("live")
    push(sluice, "live")
    grow(sluice, "live", 4)
    sealed = [file for file in disk(sluice) if file.suffix == ".sealed"]
    assert len(sealed) >= 8 and not any(file.suffix == ".m4s" for file in disk(sluice))
    for file, content in contents(sluice).items():
        # Headers are no pictures: the journal keeps them in base64.
        assert not any(word in content for word in MEDIA), file
    assert (sluice.directory / "host.key").stat().st_mode & 0o777 == 0o600
    assert (sluice.directory / "host.key").read_text().strip() not in sluice.daemon.err.read_text()

    # No core file, and keys on pages that are not swapped out where the system lets the daemon lock any.
    limits = Path(f"/proc/{sluice.daemon.pid}/limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", limits)
    status = Path(f"/proc/{sluice.daemon.pid}/status").read_text()
    if not sluice.daemon.messages("^keys may be written to swap space"):
        assert int(re.search(r"VmLck:\s+(\d+) kB", status).group(1)) > 0

    # After a restart segments are read from the disk. The oldest, of which a bit was changed, is told from the rest.
    listed = [entry.url for entry in media(media_url(sluice.url("clear"))).entries]
    bytes_before = {url: get(url)[2] for url in listed[:3]}
    sluice.daemon.child.kill()
    sluice.daemon.child.wait()
    sluice.start_daemon()
    path = {url: url.removeprefix("http://").partition("/")[2] for url in bytes_before}
    wait_for("they are served", lambda: get(f"{sluice.origin}/{path[listed[1]]}")[0] == 200)
    number = re.search(r"/(\d+)\.\w+$", listed[0]).group(1)
    files = list((sluice.directory / "data" / "live").glob(f"*/{number}.sealed"))
    assert files
    for file in files:
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    assert get(f"{sluice.origin}/{path[listed[0]]}")[0] != 200
    for url in listed[1:3]:
        assert get(f"{sluice.origin}/{path[url]}")[2] == bytes_before[url]
    wait_for("it is said", lambda: sluice.daemon.messages("^a stored segment cannot be used"))


@pytest.fixture
def serve(tmp_path):
    """Starts a daemon without channels; gives its exit code and last words, or None where it came up."""
    (tmp_path / "profiles").mkdir()

    def start(storage):
        (tmp_path / "sluice.yaml").write_text(
            "rtmp: { listen: '127.0.0.1:0' }\norigin: { listen: '127.0.0.1:0' }\nadmin: { listen: '127.0.0.1:0' }\n"
            f"storage: {{ directory: data, {storage} }}\n")
        with (tmp_path / "err").open("w") as err:
            daemon = subprocess.Popen(
                [BUILD / "sluice", "serve", "--config", tmp_path / "sluice.yaml", "--profiles", tmp_path / "profiles"],
                cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err, text=True)
        line = daemon.stdout.readline()
        if '"listening"' in line:
            daemon.terminate()
        code = daemon.wait(60)
        return None if line else (code, (tmp_path / "err").read_text())

    return start


def test_the_host_key_is_refused_where_it_is_not_one(serve, tmp_path):
    assert serve("hostKey: { file: own.key }") is None
    key = tmp_path / "own.key"
    assert key.stat().st_mode & 0o777 == 0o600 and re.fullmatch("[0-9a-f]{64}\n", key.read_text())
    assert serve("hostKey: { file: own.key }") is None

    key.chmod(0o640)
    code, words = serve("hostKey: { file: own.key }")
    assert code == 1 and "own.key (mode 640); chmod 600 it" in words
    key.chmod(0o600)

    # Another key than the one that was used, or none, is a mistake and not a damaged disk.
    code, words = serve("hostKey: { file: other.key }")
    assert code == 1 and "which is not there: bring it back, or remove" in words and not (tmp_path / "other.key").exists()
    assert serve("hostKey: { command: [cat, own.key] }") is None
    code, words = serve("hostKey: { command: [echo, " + "ab" * 31 + "cd] }")
    assert code == 1 and "bring that key back, or remove" in words
    (tmp_path / "data" / "host-key-id").unlink()
    assert serve("hostKey: { command: [echo, " + "ab" * 31 + "cd] }") is None


@pytest.mark.parametrize("command, said", [
    ("[/none/such]", "cannot run the host key command /none/such"),
    ("[sh, -c, 'echo sealed vault >&2; exit 3']", "failed (exited(3)): sealed vault"),
    ("[echo, password]", "wrote is no key (8 bytes)"),
    ("[head, -c, 100000, /dev/zero]", "cannot run the host key command head"),
])
def test_a_command_that_gives_no_key_says_why(serve, command, said):
    code, words = serve(f"hostKey: {{ command: {command} }}")
    assert code == 1 and said in words, words
