"""Opens every vector of sealed files with code that shares no line with Rempart.

Written from docs/token-format.md alone, on the `cryptography` package of PyPI. Takes the folder of vectors, prints
"N passed, N failed", and what failed before that.
"""

import hashlib
import hmac
import json
import pathlib
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SEGMENT = 65536


class Wrong(Exception):
    """A vector that is not what the format says."""


def require(holds, what):
    if not holds:
        raise Wrong(what)


def number(n, length):
    return n.to_bytes(length, "big")


def encode(parts):
    encoded = number(len(parts), 8)
    for part in parts:
        encoded += number(len(part), 8) + part
    return encoded


def derive(secret, purpose, parts, length):
    info = encode([b"rempart/v1", purpose, *parts])
    return HKDF(hashes.SHA256(), length, salt=None, info=info).derive(secret)


def identity(case):
    return [case["app"].encode(), case["field"].encode(), number(case["epoch"], 4)]


def file_secret(case, layout, salt):
    """The file's own key, commitment and nonce prefix."""
    key = derive(bytes.fromhex(case["epoch_secret"]), b"field-file", identity(case), 32)
    derived = derive(key, layout, [salt], 71)
    return derived[:32], derived[32:64], derived[64:]


def open_stream(case, sealed):
    header, rest = sealed[:78], sealed[78:]
    require(header[:10] == b"\x8frempart\x01\x01", "magic, version, suite")
    require(header[10:14].hex() == case["key_id"], "the key id")
    require(header[14:46].hex() == case["salt"], "the salt")
    key, commitment, prefix = file_secret(case, b"file-stream", header[14:46])
    require(hmac.compare_digest(header[46:], commitment), "the commitment")
    plain, index = b"", 0
    while True:
        segment, rest = rest[: SEGMENT + 16], rest[SEGMENT + 16 :]
        nonce = prefix + number(index, 4) + (b"\0" if rest else b"\1")
        opened = AESGCM(key).decrypt(nonce, segment, header + encode(identity(case)))
        require(opened or index == 0, "an empty last segment")
        plain += opened
        index += 1
        if not rest:
            return plain


def xaes_open(key, sealed, associated):
    nonce, rest = sealed[:24], sealed[24:]
    own = b""
    for counter in (1, 2):
        code = CMAC(AES(key))
        code.update(bytes([0, counter, 0x58, 0]) + nonce[:12])
        own += code.finalize()
    return AESGCM(own).decrypt(nonce[12:], rest, associated)


def open_same_size(case, sealed):
    app, secret = case["app"].encode(), bytes.fromhex(case["app_secret"])
    print_key = derive(secret, b"segment-print", [app], 64)
    record_key = derive(secret, b"segment-record", [app], 32)
    plain = b""
    for at in range(0, len(sealed), SEGMENT):
        segment = sealed[at : at + SEGMENT]
        known_by = b"\0" + segment[:32] if len(segment) >= 32 else b"\1" + sealed[: at + len(segment)][-32:]
        fingerprint = hmac.digest(print_key, known_by, hashlib.sha256)
        last = at + SEGMENT >= len(sealed)
        fitting = []
        for kept in case["records"]:
            if kept["fingerprint"] == fingerprint.hex():
                record = xaes_open(record_key, bytes.fromhex(kept["sealed"]), fingerprint)
                if record[37:42] == number(at // SEGMENT, 4) + (b"\1" if last else b"\0"):
                    fitting.append(record)
        require(len(fitting) == 1, "one record that fits")
        head, tag = fitting[0][:37], fitting[0][42:]
        require(head[:5].hex() == "01" + case["key_id"] and head[5:].hex() == case["salt"], "the head")
        key, _, prefix = file_secret(case, b"file-same-size", head[5:])
        nonce = prefix + number(at // SEGMENT, 4) + b"\0"
        plain += AESGCM(key).decrypt(nonce, segment + tag, head + encode(identity(case)))
    return plain


def main(folder):
    passed = failed = 0
    for path in sorted(pathlib.Path(folder).glob("*.json")):
        case = json.loads(path.read_text())
        sealed = (path.parent / case["sealed"]).read_bytes()
        try:
            opened = {"stream": open_stream, "same-size": open_same_size}[case["layout"]](case, sealed)
            require(opened == bytes((7 * i + i // 256) % 256 for i in range(case["length"])), "the plaintext")
            passed += 1
        except (Wrong, InvalidTag) as error:
            failed += 1
            print(f"{path.name}: {error!r}")
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
