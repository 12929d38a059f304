"""The keys of a wave. They lie in files of their own, never in the database or its backups.

Two keys per wave: the X25519 pair that answers are sealed to (its private half, with an escrow copy
that a second officer keeps), and the code key that invitation codes are derived from. The code key
is destroyed when the wave closes, every copy of the private key once its release is stored.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from nacl.public import PrivateKey

from survey.core.errors import ConfigurationError, Fault, KeyLost, say
from survey.core.secret import write_private

KEY_BYTES = 32


class KeyStore:
    """Wave keys as files (0600) in ``folder``; ``escrow`` holds copies of the private keys only."""

    def __init__(self, folder: Path, escrow: Path | None = None) -> None:
        self.folder = folder
        self.escrow = escrow

    def create(self, wave_id: int) -> bytes:
        """Make the wave's keys and return the public key (32 bytes).

        Calling it again returns the same key: a transaction that failed after it loses nothing.
        The escrow copy is written, read back and compared before anything can be sealed. Raises
        ConfigurationError when a copy cannot be written or does not read back.
        """
        escrowed = self._read(self._escrow_path(wave_id))
        private = escrowed or bytes(PrivateKey.generate())
        private = self._keep(self._private_path(wave_id), private)
        if path := self._escrow_path(wave_id):
            self._keep(path, private, must_equal=True)
        self._keep(self._code_path(wave_id), secrets.token_bytes(KEY_BYTES))
        return bytes(PrivateKey(private).public_key)

    def escrowed(self, wave_id: int) -> bool:
        """True when a second copy of the private key exists and equals the first."""
        copy = self._read(self._escrow_path(wave_id))
        return copy is not None and copy == self._read(self._private_path(wave_id))

    def code_key(self, wave_id: int) -> bytes:
        """Return the key that codes are derived from (32 bytes); KeyLost when it is gone."""
        key = self._read(self._code_path(wave_id))
        if key is None:
            raise KeyLost("code_key_lost")
        return key

    def open_box(self, wave_id: int) -> PrivateKey:
        """Return the private key from the key folder, else from escrow; KeyLost when in neither."""
        for path in (self._private_path(wave_id), self._escrow_path(wave_id)):
            key = self._read(path)
            if key is not None:
                return PrivateKey(key)
        raise KeyLost(
            say(
                "private_key_lost_twice" if self.escrow else "private_key_lost",
                wave_id=wave_id,
                folder=str(self.folder),
                **({"escrow": str(self.escrow)} if self.escrow else {}),
            ),
            [
                Fault(
                    self._private_path(wave_id).name,
                    "missing_or_damaged",
                    "put_escrowed_key_back",
                )
            ],
        )

    def destroy_code_key(self, wave_id: int) -> None:
        """Destroy the code key; afterwards nobody can derive the wave's codes again."""
        _destroy(self._code_path(wave_id))

    def destroy_private_key(self, wave_id: int) -> bool:
        """Destroy every reachable copy of the private key.

        False when the escrow folder cannot be reached, so that a copy may still lie there.
        """
        _destroy(self._private_path(wave_id))
        if self.escrow is None:
            return True
        if not self.escrow.is_dir():
            return False
        _destroy(self._escrow_copy(self.escrow, wave_id))
        return True

    def destroy_signing_keys(self, wave_id: int) -> None:
        """Destroy the signing keys; afterwards nobody can give out a credential of the wave."""
        _destroy(self.signing_path(wave_id))

    def signing_path(self, wave_id: int) -> Path:
        """The file of a wave's signing keys (``survey.study.signing_keys``); there is no copy."""
        return self.folder / f"wave-{wave_id}.signing"

    def left(self, wave_id: int) -> set[str]:
        """Which of the wave's keys exist: ``codes``, ``private``, ``signing``, ``escrow`` (when
        reachable)."""
        places = {
            "codes": self._code_path(wave_id),
            "private": self._private_path(wave_id),
            "escrow": self._escrow_path(wave_id),
            "signing": self.signing_path(wave_id),
        }
        return {name for name, path in places.items() if path is not None and path.exists()}

    def waves(self) -> set[int]:
        """Return the ids of all waves of which any key is left, for the sweep."""
        names = [
            path.name
            for folder in (self.folder, self.escrow)
            if folder is not None and folder.is_dir()
            for path in folder.glob("wave-*")
        ]
        ids = (name.removeprefix("wave-").partition(".")[0] for name in names)
        return {int(number) for number in ids if number.isdigit()}

    def _private_path(self, wave_id: int) -> Path:
        return self.folder / f"wave-{wave_id}.private"

    def _code_path(self, wave_id: int) -> Path:
        return self.folder / f"wave-{wave_id}.codes"

    def _escrow_path(self, wave_id: int) -> Path | None:
        return self._escrow_copy(self.escrow, wave_id) if self.escrow else None

    @staticmethod
    def _escrow_copy(escrow: Path, wave_id: int) -> Path:
        return escrow / f"wave-{wave_id}.private"

    @staticmethod
    def _read(path: Path | None) -> bytes | None:
        if path is None:
            return None
        try:
            key = bytes.fromhex(path.read_text("ascii").strip())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except ValueError:
            return None
        return key if len(key) == KEY_BYTES else None

    def _keep(self, path: Path, key: bytes, *, must_equal: bool = False) -> bytes:
        """Write ``key`` unless there is one; return what reads back."""
        try:
            write_private(path, key.hex().encode() + b"\n")
            kept = self._read(path)
        except OSError as error:
            raise ConfigurationError(
                "key_not_kept",
                [
                    Fault(
                        str(path),
                        say("as_told", error=str(error.strerror or error)),
                        "make_folder_writable",
                    )
                ],
            ) from error
        if kept is None or (must_equal and kept != key):
            raise ConfigurationError(
                "key_reads_back_otherwise",
                [Fault(str(path), "holds_something_else", "move_file_away_and_try_again")],
            )
        return kept


def _destroy(path: Path) -> None:
    """Overwrite and remove a key file; nothing happens when there is none."""
    try:
        with path.open("r+b") as file:
            file.write(secrets.token_bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
    except FileNotFoundError:
        return
    path.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
