import pytest

from sluice import Sluice, profile


@pytest.fixture
def start(tmp_path):
    """A function that starts a daemon with a profile made by `sluice.profile(...)`; everything ends with the test."""
    running = []

    def make(**settings):
        running.append(Sluice(tmp_path, lambda key_url: profile(key_url, **settings)))
        return running[-1]

    yield make
    for one in running:
        one.close()
