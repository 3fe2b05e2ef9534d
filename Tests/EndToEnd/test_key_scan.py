"""Content keys are in guarded memory while they are needed, and nowhere else ever; stream keys and passwords are in no
file of ours. Long form: Tools/verify/key-scan."""

from key_scan_stage import Stage


def test_keys_are_only_where_they_are_needed(tmp_path):
    with Stage(tmp_path) as stage:
        stage.run(expired_periods=1)
        found = stage.scan()
    assert [str(hit) for hit in found.wrong] == []
    assert stage.is_memory_read is False or found.held
