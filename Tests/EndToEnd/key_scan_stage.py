"""A channel with every kind of protection and a short window, polled by viewers, whose keys come and go."""

import base64
import re
import threading
import time
from pathlib import Path

import decryption
import key_scan
import verify_dash
from playlists import media, media_url
from provider_faults import PROTECTED, channel
from sluice import BUILD, STREAM_KEY, Process, Sluice, get, wait_for

PASSWORD = "a-password-of-the-encryptor-7f1e"
ROTATION, GRACE, WINDOW = 10, 4, 12


class Keyed(Sluice):
    """With a key server that asks for a password."""

    def start_keys(self):
        file = self.directory / "credentials"
        file.write_text(f"sluice:{PASSWORD}\n")
        file.chmod(0o600)
        self.keys = Process(
            "keyserver",
            [BUILD / "sluice-keyserver", "serve", "--listen", f"127.0.0.1:{self.key_port}", "--secret-file",
             self.directory / "secret", "--speke-credentials-file", file], self.directory)
        self.key_port = self.keys.listening()["port"]


class Stage:
    """To be used with `with`."""

    def __init__(self, directory):
        def profile(url):
            text = channel("live", url, ROTATION, GRACE, window=WINDOW // 2)
            return text.replace(f"storageWindowSeconds: {WINDOW // 2}", f"storageWindowSeconds: {WINDOW}").replace(
                "{ none: {} }", "{ basic: { user: sluice, password: { env: SPEKE_PASSWORD } } }")

        self.directory = Path(directory)
        self.sluice = Keyed(directory, profile, environment={"SPEKE_PASSWORD": PASSWORD})
        self.keys = decryption.ProviderKeys(self.directory / "secret")
        self.stopping = threading.Event()
        self.viewer = threading.Thread(target=self.view)
        self.problems = []

    def __enter__(self):
        self.sluice.push(size="160x90")
        self.sluice.wait_for_segments(1)
        self.viewer.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        if self.viewer.is_alive():
            self.viewer.join()
        self.sluice.close()

    def view(self):
        """Fetches everything that is listed, once a second, so that every key is used."""
        seen = set()
        while not self.stopping.wait(1):
            urls = []
            for endpoint in PROTECTED:
                if endpoint == "dash":
                    mpd = self.sluice.url("dash", "index.mpd")
                    code, _, body = get(mpd)
                    for track in verify_dash.tracks(mpd, body) if code == 200 else ():
                        urls += [track.init, *(segment[1] for segment in track.segments)]
                elif url := media_url(self.sluice.url(endpoint)):
                    urls += [part for entry in media(url).entries for part in (entry.url, entry.map) if part]
            for url in urls:
                if url not in seen:
                    seen.add(url)
                    get(url)

    def periods(self):
        """The key period of every KID that was asked for, by the key server's log."""
        found = {}
        for line in self.sluice.keys.err.read_text(errors="replace").splitlines():
            period = re.search(r"\bperiod=(\d+)", line)
            for kid in re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", line) if period else ():
                found[kid.replace("-", "")] = int(period[1])
        return found

    @staticmethod
    def end(period):
        """When nothing in the window can be under a period's keys any more, and one playlist window more; the schedule looks once in a period."""
        return (period + 1) * ROTATION + WINDOW + WINDOW // 2 + GRACE

    def run(self, expired_periods):
        """Until keys of so many periods must be gone."""
        first = wait_for("keys are asked for", self.periods)
        last = min(first.values()) + expired_periods - 1
        wait_for("keys expire", lambda: time.time() > self.end(last) + ROTATION + 3,
                 self.end(last) + ROTATION + 60 - time.time(), 0.5)

    def scan(self, core=False):
        now = time.time()
        periods = self.periods()
        name = {kid: f"key of {kid}, period {period}" for kid, period in periods.items()}
        keys = {name[kid]: self.keys[kid] for kid in periods}
        expired = {name[kid] for kid, period in periods.items() if self.end(period) + ROTATION + 2 < now}
        # The scan takes a while: keys that may go meanwhile are neither.
        live = {name[kid] for kid, period in periods.items() if period >= now // ROTATION}
        secrets = {
            "the stream key": STREAM_KEY.encode(), "the provider's password": PASSWORD.encode(),
            "the authorization": base64.b64encode(f"sluice:{PASSWORD}".encode())}
        daemon = self.sluice.daemon.pid
        worker = (self.sluice.status().get("publisher") or {}).get("worker")
        self.is_memory_read = key_scan.is_readable(daemon)
        assert expired, "no key has expired yet"
        return key_scan.scan(
            daemon, [worker] if worker else [], self.files(), keys, live, expired, secrets,
            self.directory if core else None)

    def files(self):
        """What the daemon and the key server write: the store, the journal and the logs. Not what they are given."""
        given = {"secret", "credentials"}
        found = [path for path in self.directory.rglob("*") if path.is_file() and path.name not in given]
        # An encoder names its own address in its messages.
        return [path for path in found if not path.name.startswith("encoder")]
