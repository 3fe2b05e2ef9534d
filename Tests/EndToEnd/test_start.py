"""What keeps the daemon and the key server from starting, and what they say of it."""

import os
import re
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import pytest

from sluice import BUILD, STREAM_KEY, Sluice, get, profile, wait_for


def serve(directory, *arguments, storage="data"):
    """A second daemon, which must not start: what it says last."""
    result = subprocess.run(
        [BUILD / "sluice", "serve", "--profiles", directory / "profiles", "--storage", directory / storage, "--rtmp-listen",
         "127.0.0.1:0", "--origin-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", *arguments],
        cwd=directory, env={**os.environ, "E2E_STREAM_KEY": STREAM_KEY}, capture_output=True, text=True, timeout=120,
        check=False)
    # Not by a signal either: keys are being fetched by then.
    assert result.returncode == 1 and "listening" not in result.stdout, result
    return result.stderr.splitlines()[-1]


def stored(directory):
    """The files of the channel's window, but those that are being written."""
    return sorted(path.name for path in (directory / "data" / "live").iterdir() if path.suffix != ".new")


def test_two_daemons_do_not_share_a_window(start, tmp_path):
    sluice = start()
    # Its window, and the keys of three endpoints, which come while it listens already.
    before = wait_for("all is stored", lambda: len(names := stored(tmp_path)) == 4 and names)
    said = serve(tmp_path)
    assert re.match(r"sluice: another sluice keeps its windows in .*/data: end it, or choose", said), said
    assert "--storage or storage.directory" in said
    assert stored(tmp_path) == before

    # The lock ends with the daemon, however that ends; and is no file that is left.
    sluice.daemon.child.kill()
    sluice.daemon.child.wait()
    sluice.start_daemon()
    assert sluice.daemon.stop(seconds=60) == 0
    sluice.start_daemon()
    assert not sluice.daemon.messages("cannot be locked")


def test_a_taken_port_is_named_with_what_to_do(start, tmp_path):
    start()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for listener in ("rtmp", "origin", "admin"):
            said = serve(tmp_path, f"--{listener}-listen", f"127.0.0.1:{port}", storage=f"data-{listener}")
            assert said.startswith(f"sluice: cannot listen on 127.0.0.1:{port}: another program listens there"), said
            assert f"ss -ltnp 'sport = :{port}'" in said and f"{listener}.listen" in said, said
        keys = subprocess.run(
            [BUILD / "sluice-keyserver", "serve", "--listen", f"127.0.0.1:{port}", "--secret-file", tmp_path / "another"],
            capture_output=True, text=True, timeout=120, check=False)
        said = keys.stderr.splitlines()[-1]
        assert keys.returncode == 1 and f"cannot serve on 127.0.0.1:{port}: another program listens there" in said, said


def test_it_ends_in_order_while_keys_are_fetched(start, tmp_path):
    start()
    with socket.create_server(("127.0.0.1", 0)) as taken, ThreadPoolExecutor(6) as threads:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        list(threads.map(
            lambda i: serve(tmp_path, "--origin-listen", address, storage=f"data-{i}"), range(24)))


def test_log_lines_have_their_date(start):
    sluice = start()
    lines = sluice.daemon.log()
    assert lines and all("time" in line for line in lines), lines
    for line in lines:
        age = datetime.now(timezone.utc) - datetime.fromisoformat(line["time"].replace("Z", "+00:00"))
        assert line["time"].endswith("Z") and abs(age.total_seconds()) < 120, line


def test_a_reload_during_the_start_is_no_end(tmp_path):
    """SIGHUP while the start waits for the host key; and one for an empty folder, later, takes nothing off."""
    asked, given, key = (tmp_path / name for name in ("asked", "given", "key"))
    for pipe in (asked, given):
        os.mkfifo(pipe)
    key.write_text("0123456789abcdef" * 4 + "\n")
    words = f"echo > {asked}; read line < {given}; cat {key}"
    config = tmp_path / "sluice.yaml"
    config.write_text(f'storage: {{ hostKey: {{ command: ["/bin/sh", "-c", "{words}"] }} }}\n')

    class Slow(Sluice):
        daemon_arguments = ("--config", config)

    def interrupt():
        asked.read_text()
        child = next(pid for pid in map(int, filter(str.isdigit, os.listdir("/proc")))
                     if str(tmp_path).encode() in cmdline(pid) and b"serve\0--profiles" in cmdline(pid))
        os.kill(child, signal.SIGHUP)
        given.write_text("go\n")

    with ThreadPoolExecutor(1) as thread:
        interrupted = thread.submit(interrupt)
        sluice = Slow(tmp_path, profile)
        interrupted.result(120)
    try:
        file = tmp_path / "profiles" / "live.yaml"
        file.rename(tmp_path / "live.yaml")
        sluice.daemon.child.send_signal(signal.SIGHUP)
        wait_for("it is said", lambda: sluice.daemon.messages("^no channel is taken off"))
        assert get(f"{sluice.origin}/live/dash/time")[0] == 200 and sluice.status()
        # One of two goes, as before.
        for name in ("live", "other"):
            text = (tmp_path / "live.yaml").read_text().replace("channel: live", f"channel: {name}")
            (tmp_path / "profiles" / f"{name}.yaml").write_text(text.replace("live-e2e", f"{name}-e2e"))
        sluice.daemon.child.send_signal(signal.SIGHUP)
        wait_for("there are two", lambda: get(f"{sluice.admin}/v1/channels/other")[0] == 200)
        file.unlink()
        sluice.daemon.child.send_signal(signal.SIGHUP)
        wait_for("one is gone", lambda: get(f"{sluice.admin}/v1/channels/live")[0] == 404)
        assert get(f"{sluice.admin}/v1/channels/other")[0] == 200
    finally:
        sluice.close()


def cmdline(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


def own_address():
    """An address of this machine that is not its loopback; None where it has none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(("192.0.2.254", 9))
        except OSError:
            return None
        return None if one.getsockname()[0].startswith("127.") else one.getsockname()[0]


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0"])
def test_without_a_token_the_admin_answers_this_machine_alone(tmp_path, listen):
    address = own_address()
    if address is None:
        pytest.skip("this machine has its loopback only")
    everywhere = type("Everywhere", (Sluice,), {"daemon_arguments": ("--admin-listen", listen)})
    sluice = everywhere(tmp_path, profile)
    try:
        elsewhere = sluice.admin.replace("127.0.0.1", address)
        for path, method in (("v1/status", "GET"), ("v1/channels/live", "GET"), ("v1/channels/live/rotate-keys", "POST"),
                             ("v1/revocations", "GET"), ("v1/harvests", "GET")):
            code, _, body = get(f"{elsewhere}/{path}", method=method)
            assert code == 403 and b"admin.token" in body, (path, code, body)
            assert get(f"{sluice.admin}/{path}", method=method)[0] in (200, 202), path
        for path in ("healthz", "metrics"):
            assert get(f"{elsewhere}/{path}")[0] == 200, path
    finally:
        sluice.close()


@pytest.mark.parametrize("reader", ["full", "stuck", "gone"])
def test_a_log_that_cannot_be_written_ends_nobody(tmp_path, reader):
    """Standard error is a disk without room, or a pipe that is full, or one whose reader has left."""
    secret, log = tmp_path / "token-secret", tmp_path / "daemon.err"
    secret.write_text("0123456789abcdef0123456789abcdef\n")
    secret.chmod(0o600)
    pipe = None
    if reader == "full":
        log.symlink_to("/dev/full")
    else:
        os.mkfifo(log)
        pipe = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    if reader == "stuck":
        filling = os.open(log, os.O_WRONLY | os.O_NONBLOCK)
        with pytest.raises(BlockingIOError):
            while True:
                os.write(filling, b"x" * 4096)
        os.close(filling)
    access = f"access: {{ tokens: {{ keys: [{{ secret: {{ file: {secret} }} }}] }} }}\nendpoints:"
    sluice = Sluice(tmp_path, lambda key_url: profile(key_url).replace("endpoints:", access))
    try:
        if reader == "gone":
            os.close(pipe)
            pipe = None
        for _ in range(20):  # each a line of the log, said on whichever loop has the connection
            assert get(f"{sluice.origin}/live/dash/index.mpd")[0] == 403
        sluice.daemon.child.send_signal(signal.SIGHUP)
        assert get(f"{sluice.admin}/healthz")[0] == 200
        assert sluice.daemon.stop(seconds=60) == 0
    finally:
        sluice.close()
        if pipe is not None:
            os.close(pipe)


def test_a_command_that_cannot_print_fails_in_order():
    for option, code in (("--version", 1), ("--nothing", 2)):
        with open("/dev/full", "wb") as full:
            assert subprocess.run([BUILD / "sluice", option], stdout=full, stderr=full, timeout=120,
                                  check=False).returncode == code
