"""Plain keys behind viewers' tokens: those of the playlist, those of `sluice token`, and none."""

import re
import subprocess
import urllib.request

from sluice import BUILD, Sluice, get, profile, wait_for


def key_lines(playlist):
    return re.findall(r'#EXT-X-KEY:METHOD=([A-Z0-9-]+),URI="([^"]+)"', playlist)


def test_keys_want_a_token(tmp_path):
    secret = tmp_path / "token-secret"

    class Guarded(Sluice):
        key_arguments = ("--token-secret-file", secret)

    def make(key_url):
        text = profile(key_url, window=20).replace(
            "    prefetchSeconds:", f"    keyDelivery: {{ tokenSecret: {{ file: {secret} }} }}\n    prefetchSeconds:")
        assert "keyDelivery" in text
        # And an endpoint that wants one for all it has.
        return text.replace(
            "id: clear,", f"id: clear, access: {{ tokens: {{ keys: [{{ secret: {{ file: {secret} }} }}] }} }},")

    sluice = Guarded(tmp_path, make)
    try:
        sluice.push(size="160x90")
        sluice.wait_for_segments(1)
        url = sluice.url("hls-ts", "high/playlist.m3u8")
        playlist = wait_for("a playlist", lambda: (a := get(url))[0] == 200 and a[2].decode())
        lines = key_lines(playlist)
        assert lines and all(method == "AES-128" and "?token=" in uri for method, uri in lines), playlist
        code, headers, body = get(lines[0][1])
        assert code == 200 and len(body) == 16
        assert headers["Cache-Control"] == "no-store"
        bare = lines[0][1].split("?")[0]
        assert get(bare)[0] in (401, 403)
        assert get(bare + "?token=" + "a" * 40)[0] in (401, 403)

        def mint(channel, *options):
            whom = options or ("--channel", channel)
            command = [BUILD / "sluice", "token", *whom, "--secret-file", secret, "--expires", "5m"]
            return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

        request = urllib.request.Request(bare, headers={"Authorization": f"Bearer {mint('live-e2e')}"})
        assert urllib.request.urlopen(request, timeout=10).read() == body
        # Leave for other content is none for this.
        assert get(f"{bare}?token={mint('other')}")[0] in (401, 403)
        # The probe as a viewer: with the tokens of the playlist, with one of its own, and with none.
        def probe(endpoint, *options):
            result = subprocess.run(
                [BUILD / "sluice", "probe", sluice.url(endpoint), "--key-server", f"http://127.0.0.1:{sluice.key_port}",
                 *options], capture_output=True, text=True, timeout=180, check=False)
            assert "token=" not in result.stdout and not result.stderr, result
            return result

        token = mint("live-e2e")
        assert probe("hls-ts").returncode == 0
        found = probe("hls", "--token", token)
        assert found.returncode == 0 and token not in found.stdout, found.stdout
        found = probe("hls")
        assert found.returncode == 1 and "key.fetch" in found.stdout, found.stdout
        # Of manifests and media behind `access`, with the token in the path that the origin sends it to.
        for token in (mint("live"), mint(None, "--format", "hmac", "--path", "/live/clear/*")):
            found = probe("clear", "--token", token)
            assert found.returncode == 0 and token not in found.stdout, found.stdout
        for options in ((), ("--token", mint("other"))):
            found = probe("clear", *options)
            assert found.returncode == 1 and "403" in found.stdout, found.stdout
        # A secret by which anybody could sign shows nowhere.
        for log in tmp_path.glob("*.log"):
            assert secret.read_text().strip() not in log.read_text(errors="replace")
            assert "token=" not in log.read_text(errors="replace")
    finally:
        sluice.close()


def test_what_sluice_token_refuses(tmp_path):
    def run(*arguments):
        result = subprocess.run([BUILD / "sluice", "token", *arguments], capture_output=True, text=True, check=False)
        return result.returncode, result.stderr

    code, text = run("--channel", "a", "--secret-file", tmp_path / "none")
    assert code == 1 and "none" in text
    code, text = run("--channel", "a", "--secret-file", tmp_path / "none", "--expires", "soon")
    assert code == 2 and "30m" in text
