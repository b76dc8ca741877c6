"""Where things lie in a control plane's directory, and its ports."""

from __future__ import annotations

import contextlib
import json
import random
import secrets
import socket
from dataclasses import asdict, dataclass, field
from pathlib import Path

ADMIN = "admin"
"""The user of the harness and of tests, in the group system:masters."""

MASTERS = "system:masters"

USERS = {
    ADMIN: MASTERS,
    "system:kube-controller-manager": "",
    "system:kube-scheduler": "",
    "kwok": MASTERS,
}
"""Who may come in with a token of the token file, and their group."""


@dataclass
class Layout:
    """What every part of the harness must know of a control plane; kept in its directory."""

    directory: Path
    profile: str
    binaries: Path
    ports: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def server(self) -> str:
        """The API server's address."""
        return f"https://127.0.0.1:{self.ports['apiserver']}"

    @property
    def etcd(self) -> str:
        """The address of etcd."""
        return f"http://127.0.0.1:{self.ports['etcd']}"

    @property
    def authority(self) -> Path:
        """The certificate that the API server's own is signed with."""
        return self.directory / "tls" / "apiserver.crt"

    @property
    def audit_log(self) -> Path:
        """A JSON line for each request."""
        return self.directory / "audit.log"

    def file(self, name: str) -> Path:
        """A configuration file."""
        return self.directory / name

    def kubeconfig(self, user: str) -> Path:
        """The kubeconfig of one of USERS."""
        return self.directory / f"{user.removeprefix('system:')}.kubeconfig"

    def binary(self, name: str) -> str:
        """The path of a program."""
        return str(self.binaries / name)

    def save(self) -> None:
        """Write it down in the directory."""
        data = {**asdict(self), "directory": str(self.directory), "binaries": str(self.binaries)}
        self.file("layout.json").write_text(json.dumps(data, indent=1))

    @classmethod
    def load(cls, directory: Path) -> Layout:
        """Read what was written down.

        Raises:
            FileNotFoundError: there is no control plane.
        """
        data = json.loads((directory / "layout.json").read_text())
        return cls(**{**data, "directory": Path(data["directory"]), "binaries": Path(data["binaries"])})

    @classmethod
    def new(cls, directory: Path, profile: str, binaries: Path) -> Layout:
        """One with free ports and new tokens."""
        names = ("etcd", "etcd-peer", "apiserver", "kwok")
        ports = dict(zip(names, free_ports(len(names)), strict=True))
        return cls(directory, profile, binaries, ports, {user: secrets.token_hex(16) for user in USERS})


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody listens on.

    They lie below those that systems give to outgoing connections: a client that knocks while its server is
    away could else be given that very port, and talk to itself.
    """
    found: list[int] = []
    for port in random.sample(range(15_000, 32_000), 1000):
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise OSError("no free ports from 15000 to 32000 on 127.0.0.1")
