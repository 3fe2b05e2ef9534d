"""The system's clock is set while the daemon runs, and before it starts: live time goes on."""

import subprocess

import pytest

from kills import Audience
from provider_faults import channel
from sluice import Sluice, get, wait_for

SMALL = dict(size="160x90", rate=15)

#: The clock of one process, off by what a file says.
SHIM = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long offset(void) {
    char text[32] = "0";
    int file = open(getenv("E2E_CLOCK"), O_RDONLY);
    if (file >= 0) { (void)!read(file, text, sizeof text - 1); close(file); }
    return atol(text);
}
int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = syscall(SYS_clock_gettime, clock, time);
    if (clock == CLOCK_REALTIME) time->tv_sec += offset();
    return result;
}
int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}
"""


@pytest.fixture
def clock(tmp_path):
    """A function that sets the daemon's clock back or forward, and the environment for that."""
    (tmp_path / "clock.c").write_text(SHIM)
    subprocess.run(["clang", "-shared", "-fPIC", "-O1", "-o", tmp_path / "clock.so", tmp_path / "clock.c"], check=True)
    file = tmp_path / "clock"
    file.write_text("0")

    def change(seconds):
        (tmp_path / "clock.new").write_text(str(seconds))
        (tmp_path / "clock.new").rename(file)

    return change, {"LD_PRELOAD": str(tmp_path / "clock.so"), "E2E_CLOCK": str(file)}


def test_a_leap_of_the_clock_is_ignored(tmp_path, clock):
    change, environment = clock
    sluice = Sluice(tmp_path, lambda url: channel("live", url, 10, 10, window=60), environment=environment)

    def plays_on(audience, segments):
        last = audience.newest()
        wait_for("playing goes on", lambda: audience.newest() >= last + segments, 180)

    def error():
        text = get(sluice.admin + "/metrics")[2].decode()
        return int(next(line for line in text.splitlines() if line.startswith("sluice_clock_error")).split()[1])

    try:
        sluice.push(**SMALL)
        with Audience(sluice, ("live",), ("clear", "hls-ts", "hls", "dash")) as audience:
            wait_for("segments", lambda: audience.newest() > 0, 180)
            worker = sluice.status()["publisher"]["worker"]
            # Back by an hour, over a change of keys; then an hour and more ahead.
            change(-3600)
            plays_on(audience, 3)
            assert -3_601_000 < error() < -3_590_000
            change(4000)
            plays_on(audience, 2)
            assert sluice.status()["publisher"]["worker"] == worker and sluice.status()["discontinuitySequence"] == 0
            assert len(sluice.daemon.said("^the system's clock was set", 2)) == 2
            # A start with a clock that is behind what is stored.
            change(-3600)
            sluice.daemon.child.kill()
            sluice.daemon.child.wait()
            sluice.encoders.pop().stop()
            sluice.start_daemon()
            assert sluice.daemon.said("^the system's clock is behind what is stored")
            sluice.push(**SMALL)
            plays_on(audience, 2)
        opened, wrong = audience.judge(tmp_path / "secret")
        assert opened > 5 and not audience.failures + wrong
    finally:
        sluice.close()
