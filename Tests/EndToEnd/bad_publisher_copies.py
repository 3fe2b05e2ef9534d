"""Cases of channels that pass the encoder's own picture and sound on: nothing there is mended by encoding it again."""

from dataclasses import replace

import bad_publisher_bytes  # noqa: F401
import bad_publisher_cases  # noqa: F401
from bad_publishers import CASES, case
from rtmp import AUDIO


def copied(name, **settings):
    """The same as another case, where the rungs copy."""
    original = CASES[name]
    CASES[f"copy-{name}"] = replace(
        original, name=f"copy-{name}", does=f"{original.does}, which is copied", copies=True, known="", **settings)


@case("copy-plain", "nothing is wrong, and all of it is copied", copies=True)
def copy_plain(stage):
    stage.show(stage.clips["plain"].until(8000), fine=3000)


for name in ("drop-in-message", "takeover", "restart", "jump-forward-4s", "jump-forward-1h", "jump-back-1h",
             "jitter-network", "wrap-32-bit-steps", "cross-24-bit", "headers-repeated", "b-frames", "broken-headers",
             "video-5s-late", "video-pause-8s", "one-byte-writes", "drift-very-fast", "hostile-metadata"):
    copied(name)
copied("pause-3s", breaks=(1, 1))
copied("b-frames-large-offsets")
# Nothing takes the place of what is missing.
copied("empty-tags", whole=False)
copied("head-only-tags", whole=False)
copied("audio-pause", whole=False)
copied("new-resolution", breaks=(1, 1))
copied("new-profile", breaks=(1, 1))
copied("new-sample-rate", breaks=(1, 1))
copied("new-channels", breaks=(1, 1))


@case("copy-no-audio", "no sound is announced, and a rung copies it: the encoder is told", copies=True, refused=True,
      told="sends no audio")
def copy_no_audio(stage):
    stage.play([tag for tag in stage.clips["plain"].until(14_000) if tag.kind != AUDIO], whole=False)


@case("copy-long-gop", "no key frame for 34 s, and a rung copies: the encoder is told", copies=True, picture=False,
      sound=False, offset=False, told="key frame interval")
def copy_long_gop(stage):
    stage.play(stage.clips["long-gop"].until(34_000), whole=False)
