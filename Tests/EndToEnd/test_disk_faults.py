"""A disk that is full, or stands still: viewers see nothing of it, and it heals by itself."""

import shutil
import signal
import subprocess

import pytest

from disk_faults import Stage, can_mount, fault, metric, plays_on, reconnect
from sluice import wait_for

pytestmark = pytest.mark.skipif(not can_mount(), reason="only root may mount a small file system")


def test_a_full_disk_costs_viewers_nothing(tmp_path):
    with Stage(tmp_path, rotation=10) as stage:
        sluice = stage.sluice
        wait_for("segments", lambda: stage.audience.newest() > 0, 180)
        with fault(stage.disk, "filling"):
            wait_for("the alarm", lambda: metric(sluice, "sluice_storage_failing") == 1)
            plays_on(stage.audience, 2)
            # Who comes again is let in, and a key changes.
            reconnect(sluice)
            plays_on(stage.audience, 3)
        wait_for("it is back", lambda: metric(sluice, "sluice_storage_failing") == 0)
        plays_on(stage.audience, 1)
    # One line for each time; a disk on its brink may take something in between.
    assert len(sluice.daemon.messages("^storage failed")) == len(sluice.daemon.messages("^storage is back")) in (1, 2, 3)
    opened, wrong = stage.judge()
    assert opened > 5 and not wrong


def can_freeze(directory):
    """Whether a file can be mounted, which not every container may."""
    if not all(shutil.which(program) for program in ("mkfs.ext4", "fsfreeze")):
        return False
    image, folder = directory / "image", directory / "mounted"
    folder.mkdir()
    image.write_bytes(bytes(4 << 20))
    made = subprocess.run(["mkfs.ext4", "-q", image], capture_output=True).returncode == 0
    return made and subprocess.run(
        ["unshare", "--mount", "mount", "-o", "loop", image, folder], capture_output=True).returncode == 0


def test_a_reload_does_not_wait_for_a_disk_that_stands_still(tmp_path):
    if not can_freeze(tmp_path):
        pytest.skip("no file can be mounted here")
    with Stage(tmp_path, mebibytes=64, can_freeze=True) as stage:
        sluice = stage.sluice
        wait_for("segments", lambda: stage.audience.newest() > 0, 180)
        path = sluice.profiles / "live.yaml"
        text = path.read_text()
        assert "storageWindowSeconds: 60" in text
        with fault(stage.disk, "frozen"):
            # What is late is late by now.
            wait_for("the alarm", lambda: metric(sluice, "sluice_storage_failing") == 1)
            path.write_text(text.replace("storageWindowSeconds: 60", "storageWindowSeconds: 70"))
            sluice.daemon.child.send_signal(signal.SIGHUP)
            wait_for("it says so", lambda: sluice.daemon.messages("disk does not answer"), 30)
            plays_on(stage.audience, 2)
            assert not sluice.daemon.messages("channel closed")
        wait_for("it is back", lambda: metric(sluice, "sluice_storage_failing") == 0)
        sluice.daemon.child.send_signal(signal.SIGHUP)
        wait_for("the profile is taken", lambda: sluice.daemon.messages("channel closed: its profile changed"))
