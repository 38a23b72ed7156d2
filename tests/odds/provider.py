"""A provider over real HTTP that answers what a test told it to."""

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Provider:
    """Answers what it was told to, in order, the last for ever; remembers what it was asked."""

    def __init__(self) -> None:
        self.answers = deque()
        self.asked = []
        self.headers = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                split = urlsplit(self.path)
                provider.asked.append((split.path, parse_qs(split.query)))
                provider.headers.append(dict(self.headers))
                answers = provider.answers
                status, headers, body = answers.popleft() if len(answers) > 1 else answers[0]
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        # By default it looks twice a second whether to stop, and stopping waits for that.
        looking = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        looking.start()

    def says(self, body, status: int = 200, **headers) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        self.answers.append((status, named, raw))

    def says_now(self, body, status: int = 200, **headers) -> None:
        """Forget what it was told before."""
        self.answers.clear()
        self.says(body, status, **headers)

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
