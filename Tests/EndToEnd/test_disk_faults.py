"""A disk that is full: viewers see nothing of it, and it heals by itself."""

import pytest

from disk_faults import Stage, can_mount, fault, metric, plays_on, reconnect
from sluice import wait_for

pytestmark = pytest.mark.skipif(not can_mount(), reason="only root may mount a small file system")


def test_a_full_disk_costs_viewers_nothing(tmp_path):
    with Stage(tmp_path, rotation=10) as stage:
        sluice = stage.sluice
        wait_for("segments", lambda: stage.audience.newest() > 0, 60)
        with fault(stage.disk, "filling"):
            wait_for("the alarm", lambda: metric(sluice, "sluice_storage_failing") == 1, 30)
            plays_on(stage.audience, 2)
            # Who comes again is let in, and a key changes.
            reconnect(sluice)
            plays_on(stage.audience, 3)
        wait_for("it is back", lambda: metric(sluice, "sluice_storage_failing") == 0, 30)
        plays_on(stage.audience, 1)
    # One line for each time; a disk on its brink may take something in between.
    assert len(sluice.daemon.messages("^storage failed")) == len(sluice.daemon.messages("^storage is back")) in (1, 2, 3)
    opened, wrong = stage.judge()
    assert opened > 5 and not wrong
