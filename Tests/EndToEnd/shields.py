"""nginx or Varnish from Debian in front of the origin, with the example configurations of docs/shields."""

import os
import re
import shutil
import socket
import time

from sluice import ROOT, Process, get, wait_for

NAMES = ("nginx", "varnish")
HTTP = """http {
    access_log %(folder)s/access.log;
    client_body_temp_path %(folder)s/body;
    proxy_temp_path %(folder)s/proxy;
    fastcgi_temp_path %(folder)s/fastcgi;
    uwsgi_temp_path %(folder)s/uwsgi;
    scgi_temp_path %(folder)s/scgi;
"""


def is_there(name):
    return shutil.which({"nginx": "nginx", "varnish": "varnishd"}[name]) is not None


class Shield:
    """One of them, on a port of its own, until `close()`; nginx with so many processes."""

    def __init__(self, name, origin, directory, workers="auto"):
        folder = directory / name
        folder.mkdir()
        folder.chmod(0o777)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        host, origin_port = re.match(r"http://([^:]+):(\d+)$", origin).groups()
        if name == "nginx":
            text = (ROOT / "docs/shields/nginx.conf").read_text()
            text = text.replace("worker_processes auto;", f"worker_processes {workers};")
            text = text.replace("listen 80;", f"listen 127.0.0.1:{port};").replace(
                "127.0.0.1:8080", f"{host}:{origin_port}").replace(
                "/var/cache/nginx/sluice", f"{folder}/cache").replace("http {\n", HTTP % {"folder": folder})
            (folder / "nginx.conf").write_text(text)
            arguments = ["nginx", "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf", "-g",
                         f"daemon off; pid {folder}/pid;" + (" user root;" if os.geteuid() == 0 else "")]
        else:
            text = (ROOT / "docs/shields/varnish.vcl").read_text()
            text = text.replace('"127.0.0.1"', f'"{host}"').replace('"8080"', f'"{origin_port}"')
            (folder / "sluice.vcl").write_text(text)
            arguments = ["varnishd", "-F", "-j", "none", "-a", f"127.0.0.1:{port}", "-f", folder / "sluice.vcl", "-n",
                         folder / "work", "-s", "malloc,256m", "-T", "none"]
        self.url = f"http://127.0.0.1:{port}"
        self.process = Process(name, arguments, directory)
        wait_for(f"{name} listens", self._answers, 180)

    def _answers(self):
        assert self.process.child.poll() is None, self.process.err.read_text()[-2000:]
        try:
            return get(f"{self.url}/")[0] > 0
        except OSError:
            time.sleep(0.1)
            return False

    def close(self):
        self.process.stop()
