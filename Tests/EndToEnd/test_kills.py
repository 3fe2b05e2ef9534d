"""SIGKILL at random moments: what Tools/verify/kills does 200 times."""

import random
import subprocess
import time

from kills import Audience, Encoders
from provider_faults import channel
from sluice import Sluice, wait_for


def test_nothing_goes_back_or_away(tmp_path):
    video = tmp_path / "clip.flv"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=15", "-f", "lavfi", "-i",
         "sine=sample_rate=48000", "-t", "10", "-c:v", "libx264", "-preset", "veryfast", "-g", "15", "-pix_fmt", "yuv420p",
         "-c:a", "aac", "-b:a", "64k", video], check=True)
    sluice = Sluice(tmp_path, lambda url: channel("live", url, 10, 10, window=120))
    try:
        with Encoders(sluice, ("live",), video), \
                Audience(sluice, ("live",), ("clear", "hls-ts", "hls-sample", "hls", "dash")) as audience:
            wait_for("the first segments", lambda: audience.newest() > 0, 180)
            for _ in range(5):
                time.sleep(random.uniform(0.1, 4))
                sluice.daemon.child.kill()
                sluice.daemon.child.wait()
                sluice.start_daemon()
            last = audience.newest()
            wait_for("playing goes on", lambda: audience.newest() >= last + 3, 180)
        count, wrong = audience.judge(tmp_path / "secret")
        assert not audience.failures + wrong
        assert count > 12
    finally:
        sluice.close()
