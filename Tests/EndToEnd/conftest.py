import pytest

from sluice import Sluice, profile

#: Files whose pictures, players or crowds have the machine to themselves: what they judge is when things come.
ALONE = {"test_ad_markers", "test_chromium", "test_key_restart", "test_load", "test_low_latency", "test_redundancy"}


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: not beside other tests")


def pytest_collection_modifyitems(items):
    for item in items:
        if item.module.__name__ in ALONE:
            item.add_marker("alone")


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
