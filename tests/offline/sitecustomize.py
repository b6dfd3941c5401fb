"""Connections that leave the machine are errors: in pytest, and in processes whose PYTHONPATH has this folder."""

import socket


def _within(call):
    def connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise OSError(f"the tests allow no connection to {address}")
        return call(self, address)

    return connect


socket.socket.connect = _within(socket.socket.connect)
socket.socket.connect_ex = _within(socket.socket.connect_ex)
