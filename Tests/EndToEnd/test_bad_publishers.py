"""Some of the encoders that do things wrong: all of them are run by Tools/verify/bad-publishers."""

import bad_publisher_bytes  # noqa: F401
import bad_publisher_cases  # noqa: F401
import bad_publisher_copies  # noqa: F401
from bad_publishers import CASES, Theatre

NAMES = ("drop-in-message", "ghost", "takeover", "jump-forward-4s", "jump-forward-1h", "restart", "cross-24-bit-steps",
         "wrap-32-bit", "new-resolution", "new-sample-rate", "no-audio", "video-5s-late", "noise", "one-byte-writes",
         "hostile-metadata", "wrong-key", "copy-new-resolution")


def test_viewers_see_what_they_must(tmp_path):
    with Theatre(tmp_path, [CASES[name] for name in NAMES]) as theatre:
        results, house = theatre.run(at_once=8)
    assert not house
    wrong = {result.case.name: result.problems for result in results if not result.is_right}
    assert not wrong
