"""What the cryptographic mode costs: keys at opening, a signature at issue, a check at redemption.

Run: .venv/bin/python benchmarks/blind_signatures.py [keys]
Wall and CPU milliseconds each, on one thread but for keys, which use all cores. The floor beside
signing is the private operation without base blinding and without the check of its result.
"""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from survey.answering import blind
from survey.core.keystore import KeyStore
from survey.study import signing_keys


def measure(name: str, times: int, work: Callable[[], object]) -> None:
    """Print one row: milliseconds per call."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(times):
        work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"| {name} | {wall * 1000 / times:.2f} | {cpu * 1000 / times:.2f} |", flush=True)


def keys(bits: int, count: int) -> None:
    """Make ``count`` keys on all cores."""
    wall, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda _: rsa.generate_private_key(65537, bits), range(count)))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"| {count} keys of {bits} bits, seconds in all | {wall:.1f} | {cpu:.1f} |", flush=True)


def main(count: int = 400) -> None:
    """Print the table."""
    print(f"| what ({os.cpu_count()} cores) | wall | CPU |\n| --- | --- | --- |")
    for bits in (2048, 3072):
        keys(bits, count)
    for bits in (2048, 3072):
        numbers = rsa.generate_private_key(65537, bits).private_numbers()
        key = blind.PrivateKey(numbers.p, numbers.q)
        public = key.public
        prepared = blind.prepare(secrets.token_bytes(32))
        mine = blind.blind(public, prepared)
        signed = blind.blind_sign(key, mine.message)
        signature = blind.finalize(public, prepared, signed, mine.inverse)
        number = int.from_bytes(mine.message, "big")
        measure(f"blind, {bits}", 50, lambda p=public, m=prepared: blind.blind(p, m))
        measure(f"sign, {bits}", 50, lambda k=key, m=mine: blind.blind_sign(k, m.message))
        measure(f"floor of signing, {bits}", 50, lambda k=key, m=number: blind._private(k, m))
        measure(
            f"verify, {bits}",
            50,
            lambda p=public, m=prepared, s=signature: blind.verify(p, m, s),
        )
    with tempfile.TemporaryDirectory() as folder:
        store = KeyStore(Path(folder))
        moduli = signing_keys.provide(store, 1, min(count, 50))
        measure(
            f"find a unit's key among {len(moduli)}",
            50,
            lambda: signing_keys.private_primes(store, 1, moduli[-1]),
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
