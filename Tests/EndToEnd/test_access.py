"""Who may watch: the CDN's secret, viewers' tokens by `sluice token`, revocations. No encoder: a clock is an answer too."""

import json
import signal
import subprocess

from sluice import BUILD, Sluice, get, profile, wait_for

CDN = "X-MediaPackage-CDNIdentifier"


def test_who_may_watch(tmp_path):
    secret, cdn = tmp_path / "token-secret", tmp_path / "cdn-secret"
    secret.write_text("0123456789abcdef0123456789abcdef\n")
    cdn.write_text("first-cdn-secret\n")
    secret.chmod(0o600)
    cdn.chmod(0o600)
    access = (f"access: {{ cdn: {{ secrets: [{{ file: {cdn} }}] }},"
              f" tokens: {{ keys: [{{ secret: {{ file: {secret} }} }}] }} }}\nendpoints:")
    sluice = Sluice(tmp_path, lambda key_url: profile(key_url).replace("endpoints:", access).replace(
        "id: clear,", "id: clear, access: open,"))

    def mint(*options):
        command = [BUILD / "sluice", "token", "--secret-file", secret, "--expires", "5m", *options]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def ask(path, header="first-cdn-secret", method="GET"):
        return get(f"{sluice.origin}/live/{path}", {CDN: header} if header else {}, method)

    try:
        token = mint("--channel", "live", "--session", "s1", "--subject", "viewer7")
        paths = mint("--path", "/live/dash/*", "--format", "hmac", "--session", "s2")
        other = mint("--channel", "other")
        assert ask(f"dash/~{token}/time")[0] == 200 and ask(f"dash/~{paths}/time")[0] == 200
        assert ask(f"dash/time?token={token}")[0] == 200
        assert ask("clear/time", header=None)[0] == 200
        refused = [ask("dash/time"), ask(f"dash/~{token}/time", header=None), ask(f"dash/~{token}/time", "wrong"),
                   ask(f"dash/~{other}/time"), ask(f"hls/~{paths}/index.m3u8"), ask(f"dash/~{token}x/time"),
                   ask("nothing/of/this")]
        assert {(code, body, headers["Cache-Control"]) for code, headers, body in refused} == {
            (403, b"forbidden\n", "no-store")}
        assert ask("dash/time", header=None, method="OPTIONS")[0] == 204
        # A manifest with the token in its query is found where the token is in the path: nothing is listed there yet.
        assert ask(f"hls/index.m3u8?token={token}")[0] == 404
        assert ask("hls/index.m3u8")[0] == 403

        def revoke(body, method="POST", path=""):
            command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", method, "-H",
                       "Content-Type: application/json", f"{sluice.admin}/v1/revocations{path}"]
            command += ["-d", json.dumps(body)] if body else []
            return subprocess.run(command, check=True, capture_output=True, text=True).stdout

        assert revoke({"kind": "session", "id": "a b"}) == "400"
        assert revoke({"kind": "session", "id": "s1"}) == "201"
        assert ask(f"dash/~{token}/time")[0] == 403 and ask(f"dash/~{paths}/time")[0] == 200
        assert sluice.daemon.stop(seconds=60) == 0
        sluice.start_daemon()
        assert ask(f"dash/~{token}/time")[0] == 403 and ask(f"dash/~{paths}/time")[0] == 200
        assert json.loads(get(f"{sluice.admin}/v1/revocations")[2]) == {
            "revocations": [{"kind": "session", "id": "s1"}]}
        assert revoke(None, "DELETE", "/session/s1") == "204" and revoke(None, "DELETE", "/session/s1") == "404"
        assert ask(f"dash/~{token}/time")[0] == 200

        # The file by hand, and the CDN's next secret: read anew at SIGHUP.
        with (tmp_path / "data" / "revocations.list").open("a") as file:
            file.write("subject viewer7\n")
        cdn.write_text("second-cdn-secret\n")
        sluice.daemon.child.send_signal(signal.SIGHUP)
        wait_for("the new secret is good", lambda: ask(f"dash/~{paths}/time", "second-cdn-secret")[0] == 200)
        assert ask(f"dash/~{paths}/time")[0] == 403
        assert ask(f"dash/~{token}/time", "second-cdn-secret")[0] == 403

        metrics = get(f"{sluice.admin}/metrics")[2].decode()
        assert 'sluice_access_refusals_total{reason="revoked"}' in metrics
        reasons = {line.get("reason") for daemon in sluice.daemons for line in daemon.messages("^refused$")}
        assert {"cdn-secret-missing", "cdn-secret-wrong", "token-missing", "token-signature-wrong",
                "token-of-other-path", "revoked"} <= reasons
        for log in tmp_path.glob("*.err"):
            text = log.read_text(errors="replace")
            for hidden in (token, paths, other, "first-cdn-secret", "second-cdn-secret", secret.read_text().strip()):
                assert hidden not in text
    finally:
        sluice.close()
