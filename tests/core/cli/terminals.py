"""A command in a terminal of its own, and a marketplace from which nothing arrives whole."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import ProxyHandler, Request, build_opener

from tests.core.cli.conftest import Desk
from tests.support.processes import script, wait_for


class Terminal:
    """The command in a terminal of its own; all that it wrote is in `text`."""

    def __init__(self, desk: Desk, *words: str, columns: int = 80, **environ: str):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        unset = {"NO_COLOR", "COLUMNS", "TERM"}
        env = {key: value for key, value in desk.environ.items() if key not in unset}
        self.process = subprocess.Popen(
            [script("jackfield"), *words],
            env={**env, "TERM": "xterm", **environ},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self.text = ""
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        while True:
            try:
                data = os.read(self.master, 4096)
            except OSError:  # the other end is closed
                return
            self.text += data.decode(errors="replace")

    def shows(self, words):
        wait_for(lambda: words in self.text, seconds=30, what=f"{words!r} in {self.text!r}")

    def types(self, text):
        os.write(self.master, text.encode())

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def ends(self):
        code = self.process.wait(timeout=30)
        self.reader.join(timeout=5)
        os.close(self.master)
        return code


class StallingMarket:
    """The marketplace, but no wheel ever arrives whole."""

    def __init__(self, behind):
        opener = build_opener(ProxyHandler({}))
        gone = self.gone = threading.Event()
        asked = self.asked = threading.Event()

        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path.endswith(".whl"):
                    self.send_response(200)
                    self.send_header("Content-Length", "1000000")
                    self.end_headers()
                    self.wfile.write(b"PK")
                    self.wfile.flush()
                    asked.set()
                    gone.wait(30)
                    return
                if self.path.startswith("/tuf/"):  # it changes pages, so it is an index that signs nothing
                    self.send_error(404)
                    return
                kept = {key: value for key, value in self.headers.items() if key.lower() == "accept"}
                with opener.open(Request(behind + self.path, headers=kept)) as answer:
                    body = answer.read()
                    self.send_response(200)
                    self.send_header("Content-Type", answer.headers["Content-Type"])
                body = body.replace(behind.encode(), outer.address.encode())
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *failure):
        self.gone.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
