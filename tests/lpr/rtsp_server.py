"""A small RTSP server for tests: one film, RTP over the RTSP connection, the packets made by ffmpeg."""

import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path


class RtspServer:
    """Serves one film to one client at a time on a free port of the loopback."""

    def __init__(self, film: Path) -> None:
        self._film = film
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stop = threading.Event()
        self._clients: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"rtsp://127.0.0.1:{self._listener.getsockname()[1]}/film"

    def hang_up(self) -> None:
        """Cut every client off, as a camera does that loses power."""
        for client in self._clients:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            client.close()
        self._clients.clear()

    def close(self) -> None:
        self._stop.set()
        self.hang_up()
        self._listener.close()
        self._thread.join(timeout=5)

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._clients.append(client)
            try:
                self._talk(client)
            except (OSError, ValueError):
                client.close()

    def _talk(self, client: socket.socket) -> None:
        lines = client.makefile("rb")
        while True:
            first = lines.readline().decode()
            if not first:
                return
            method, headers = first.split()[0], {}
            while (line := lines.readline().decode().strip()) != "":
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            extra, body = "", ""
            if method == "OPTIONS":
                extra = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
            elif method == "DESCRIBE":
                body = (
                    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=film\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
                    "a=fmtp:96 packetization-mode=1\r\na=control:track0\r\n"
                )
                extra = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
            elif method == "SETUP":
                extra = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n"
            elif method == "PLAY":
                extra = "Session: 1\r\n"
            client.sendall(f"RTSP/1.0 200 OK\r\nCSeq: {headers['cseq']}\r\n{extra}\r\n{body}".encode())
            if method == "PLAY":
                self._stream(client)
                return

    def _stream(self, client: socket.socket) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as packets:
            packets.bind(("127.0.0.1", 0))
            packets.settimeout(0.5)
            target = f"rtp://127.0.0.1:{packets.getsockname()[1]}?pkt_size=1300"
            command = ["ffmpeg", "-v", "quiet", "-re", "-stream_loop", "-1", "-i", str(self._film)]
            command += [
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-tune",
                "zerolatency",
                "-pix_fmt",
                "yuv420p",
            ]
            command += ["-g", "5", "-bsf:v", "dump_extra=freq=keyframe"]
            command += ["-f", "rtp", "-payload_type", "96", target]
            with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as maker:
                try:
                    while not self._stop.is_set():
                        try:
                            packet = packets.recv(65536)
                        except TimeoutError:
                            continue
                        client.sendall(b"$\x00" + len(packet).to_bytes(2, "big") + packet)
                finally:
                    maker.kill()
