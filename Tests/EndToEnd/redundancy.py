"""Two encoders of one channel, of which one fails: what viewers see of it."""

import subprocess
from dataclasses import dataclass

import decryption

BACKUP_KEY = "e2e-backup"
SEGMENT, RATE = 2, 15


def with_backup(text, fail_back_seconds=3, standby="hot", more=""):
    """A profile's text with a second encoder."""
    keys = "streamKeys: { primary: { env: E2E_STREAM_KEY } }"
    assert keys in text
    return text.replace(
        keys, "streamKeys: { primary: { env: E2E_STREAM_KEY }, backup: { env: E2E_BACKUP_KEY } }\n"
        f"  redundancy: {{ standby: {standby}, failBack: automatic, failBackSeconds: {fail_back_seconds}{more} }}")


ENVIRONMENT = {"E2E_BACKUP_KEY": BACKUP_KEY}


@dataclass
class Picture:
    """All that a viewer got of a picture."""

    #: By segment number, the frames that are not there.
    missing: dict
    #: Complaints of the decoder.
    errors: list
    frames: int


def picture(segments, directory):
    """Judges the clear segments of a viewer, by number: their frames are counted, and decoded by FFmpeg."""
    first, last = min(segments), max(segments)
    missing, frames, runs = {}, 0, []
    for number in range(first, last + 1):
        count = len(decryption.samples(segments[number].data)) if number in segments else 0
        frames += count
        # The encoder comes in the middle of the first one.
        if count != SEGMENT * RATE and number != first:
            missing[number] = SEGMENT * RATE - count
        if number in segments:
            if not runs or runs[-1][0] != segments[number].header:
                runs.append((segments[number].header, []))
            runs[-1][1].append(segments[number].data)
    errors = []
    for header, run in runs:
        path = directory / "run.mp4"
        path.write_bytes(header + b"".join(run))
        decoded = subprocess.run(
            ["ffmpeg", "-v", "warning", "-xerror", "-i", path, "-map", "0:v", "-f", "null", "-"], capture_output=True,
            text=True)
        errors += [line for line in decoded.stderr.splitlines() if line.strip()]
    return Picture(missing, errors, frames)


def on_air(sluice):
    """Which encoder is, and whether the other one waits."""
    status = sluice.status()
    publisher = status.get("publisher")
    return (publisher["role"], bool(status.get("standby"))) if publisher else (None, False)
