"""A channel with two encoders: one may fail in any way, and viewers see nothing of it."""

import signal

from kills import Audience
from provider_faults import channel
from redundancy import BACKUP_KEY, ENVIRONMENT, on_air, picture, with_backup
from sluice import Sluice, get, wait_for

SMALL = dict(size="160x90", rate=15)


def test_a_cold_encoder_begins_with_the_segment_under_way(tmp_path):
    # A machine that stands still for as long as an encoder may be silent is no switch more: this is about leaving.
    more = ", silenceMilliseconds: 10000"
    sluice = Sluice(
        tmp_path, lambda url: with_backup(channel("live", url, 60, 10, window=120), standby="cold", more=more),
        environment=ENVIRONMENT)
    try:
        primary = sluice.push(**SMALL)
        wait_for("the primary", lambda: on_air(sluice) == ("primary", False))
        sluice.push(**SMALL, key=BACKUP_KEY)
        wait_for("the backup", lambda: on_air(sluice) == ("primary", True))
        with Audience(sluice, ("live",), ("clear", "hls", "dash")) as audience:
            wait_for("segments", lambda: audience.newest() > 0, 180)
            first = audience.newest()
            wait_for("two of the primary", lambda: audience.newest() >= first + 2, 180)
            # It is read, and nothing is made of it.
            standby = sluice.status()["standby"]
            assert standby["videoSamples"] > 30 and standby["encodeSpeedPermille"] in (None, 0)
            primary.child.kill()
            wait_for("the backup on air", lambda: on_air(sluice)[0] == "backup", interval=0.05)
            primary = sluice.push(**SMALL)
            wait_for("the primary on air again", lambda: on_air(sluice) == ("primary", True), 180)
            last = audience.newest()
            wait_for("playing goes on", lambda: audience.newest() >= last + 3, 180)
        count, wrong = audience.judge(tmp_path / "secret")
        assert count and not audience.failures + wrong
        seen = picture(audience.viewers["live", "clear"].segments, tmp_path)
        assert not seen.errors and not seen.missing, (seen.errors, seen.missing)
        metrics = get(sluice.admin + "/metrics")[2].decode()
        for reason in ("left", "failBack"):
            assert f'sluice_encoder_switches_total{{channel="live",reason="{reason}"}} 1' in metrics
    finally:
        sluice.close()


def test_the_other_encoder_goes_on(tmp_path):
    sluice = Sluice(tmp_path, lambda url: with_backup(channel("live", url, 60, 10, window=120)), environment=ENVIRONMENT)
    try:
        primary = sluice.push(**SMALL)
        wait_for("the primary", lambda: on_air(sluice) == ("primary", False))
        backup = sluice.push(**SMALL, key=BACKUP_KEY)
        wait_for("the backup", lambda: on_air(sluice) == ("primary", True))
        with Audience(sluice, ("live",), ("clear", "hls-ts", "dash")) as audience:
            wait_for("segments", lambda: audience.newest() > 0, 180)
            first = audience.newest()
            wait_for("a whole segment of both", lambda: audience.newest() >= first + 2, 180)
            # It dies; and comes back, and after a while the channel goes back to it.
            primary.child.kill()
            wait_for("the backup on air", lambda: on_air(sluice)[0] == "backup", interval=0.05)
            primary = sluice.push(**SMALL)
            wait_for("the primary on air again", lambda: on_air(sluice) == ("primary", True), 180)
            # It hangs, with its connection open.
            primary.child.send_signal(signal.SIGSTOP)
            wait_for("the backup on air", lambda: on_air(sluice) == ("backup", True), interval=0.05)
            primary.child.send_signal(signal.SIGCONT)
            backup.child.kill()
            wait_for("the primary on air", lambda: on_air(sluice) == ("primary", False), interval=0.05)
            last = audience.newest()
            wait_for("playing goes on", lambda: audience.newest() >= last + 3, 180)
        count, wrong = audience.judge(tmp_path / "secret")
        assert not audience.failures + wrong
        seen = picture(audience.viewers["live", "clear"].segments, tmp_path)
        assert not seen.errors
        # The last change may lose a part: the primary had hung just before.
        assert len(seen.missing) <= 1, seen.missing
        assert len(sluice.daemon.messages("encoder is on air now")) >= 4
    finally:
        sluice.close()
