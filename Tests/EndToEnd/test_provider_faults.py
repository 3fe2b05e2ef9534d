"""A few faults of key providers at a few moments of a key period. Long form: Tools/verify/provider-faults."""

import provider_faults
from provider_faults import Stage

ROTATION, GRACE = 10, 4


def test_faults_of_providers_are_never_seen_in_the_clear(tmp_path):
    moments = {moment.name: moment for moment in provider_faults.moments(ROTATION, GRACE)}
    with Stage(tmp_path, ("down", "garbage", "stale-key"), ROTATION, GRACE) as stage:
        rows = provider_faults.run_start(stage)
        rows += provider_faults.run(stage, moments["after the grace"])
        rows += provider_faults.run(stage, moments["during a restart"])
        endings = stage.sluice.daemon.messages("^publication ended")
    print(provider_faults.table(rows))
    assert [f"{row.moment}, {row.fault}: {problem}" for row in rows for problem in row.problems] == []
    assert endings == []
    for row in rows:
        assert row.segments >= 8, row
        # A server that has not answered for another period before has no stale key to give: it gives the right one.
        if row.moment == "after the grace" and row.fault != "stale-key":
            # The key before goes on for the grace, and then there is nothing.
            assert row.late and row.latest < GRACE and row.withheld, row
