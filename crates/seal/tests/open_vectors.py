"""Opens every token vector with code that shares no line with Rempart.

Written from docs/token-format.md alone, on the `cryptography` package of PyPI. Takes the folder of vectors, prints
"N passed, N failed", and what failed before that.
"""

import hashlib
import hmac
import json
import pathlib
import re
import sys
import unicodedata

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
KINDS = {0: "sealed", 1: "committed", 2: "match", 3: "words", 4: "committed-words"}
# The stop words that the cases hold.
STOP_WORDS = {"la", "eu", "de"}
TYPES = {0: "string", 1: "number", 2: "boolean"}


class Wrong(Exception):
    """A vector that is not what the format says."""


def require(holds, what):
    if not holds:
        raise Wrong(what)


def number(n, length):
    return n.to_bytes(length, "big")


def encode(parts):
    """The encoding of a list of parts, section 1.1."""
    encoded = number(len(parts), 8)
    for part in parts:
        encoded += number(len(part), 8) + part
    return encoded


def derive(secret, purpose, parts, length):
    info = encode([b"rempart/v1", purpose, *parts])
    return HKDF(hashes.SHA256(), length, salt=None, info=info).derive(secret)


def decode(text):
    bits = 0
    for character in text.lower():
        require(character in ALPHABET, "a character of no alphabet")
        bits = bits << 5 | ALPHABET.index(character)
    loose = len(text) * 5 % 8
    require(bits & ((1 << loose) - 1) == 0, "loose bits")
    return number(bits >> loose, len(text) * 5 // 8)


def cmac(key, message):
    code = CMAC(AES(key))
    code.update(message)
    return code.finalize()


def xaes(key, nonce):
    """The message key and nonce of XAES-256-GCM."""
    counters = [bytes([0, counter, 0x58, 0]) + nonce[:12] for counter in (1, 2)]
    return b"".join(cmac(key, block) for block in counters), nonce[12:]


def key_of(case):
    """The secret and the identity of an epoch of a field, or of a subject in it, section 1.2."""
    secret = bytes.fromhex(case["epoch_secret"])
    identity = [case["app"].encode(), case["field"].encode(), number(case["epoch"], 4)]
    if "subject" in case:
        secret += bytes.fromhex(case["subject"]["secret"])
        identity.append(bytes.fromhex(case["subject"]["name"]))
    return secret, identity


def open_token(case):
    token = case["token"]
    require(token[:4] == "q671", "the prefix")
    token, *words = token.split("-")
    data = decode(token[4:])
    suite, kind, value_type = data[0] >> 5, data[0] >> 2 & 7, data[0] & 3
    require(suite == case["suite"] == 1, "the suite")
    require(KINDS[kind] == case["kind"], "the kind")
    require(data[1:5].hex() == case["key_id"], "the key id")
    length = shift = 0
    end = 5
    while True:
        length |= (data[end] & 0x7F) << shift
        shift += 7
        end += 1
        if data[end - 1] < 0x80:
            break
    if kind > 2:
        require(data[end] == len(words), "the number of words")
        end += 1
    else:
        require(not words, "words behind another kind")
    head, body = data[:end], data[end:]

    secret, identity = key_of(case)
    if case["kind"] == "match":
        require(len(body) == 16 + length, "the length")
        key = derive(secret, b"field-match", identity, 64)
        return AESSIV(key).decrypt(body, [encode([head[:5], *identity])]) if length else open_empty(key, head, identity, body)

    require(TYPES[value_type] == case["value_type"], "the type")
    if case["kind"].startswith("committed"):
        salt, commitment, rest = body[:16], body[16:40], body[40:]
        key = derive(secret, b"field-commit", identity, 64)
        expected = hmac.digest(key, head + salt, hashlib.sha256)[:24]
        require(hmac.compare_digest(commitment, expected), "the commitment")
        nonce = salt + bytes(8)
    else:
        salt, rest = body[:24], body[24:]
        nonce = salt
    require(salt.hex() == case["salt"], "the salt")
    require(len(rest) == length + 16, "the length")
    key, nonce = xaes(derive(secret, b"field-sealed", identity, 32), nonce)
    padded = AESGCM(key).decrypt(nonce, rest, head + encode(identity))
    plain, mark, zeros = padded.rpartition(b"\x80")
    require(mark and not zeros.strip(b"\0"), "the padding")
    require(length == padded_length(case.get("pad"), len(plain)), "the pad")
    require(words == set_of(secret, identity, plain.decode()) if kind > 2 else True, "the words")
    return plain


def padded_length(pad, plain):
    how, n = (pad or "classes 16").split()
    n = int(n)
    if how == "classes":
        return max(n, 1 << plain.bit_length())
    return (plain // n + 1) * n if how == "multiple" else n


def check_repeat(case):
    """The stream of section 2.7."""
    secret, identity = key_of(case)
    key = derive(secret, b"field-repeat", identity, 64)
    seed = hmac.digest(key, encode([bytes.fromhex(part) for part in case["parts"]]), hashlib.sha256)
    stream = b"".join(hmac.digest(seed, number(i, 8), hashlib.sha256) for i in range(4))
    require(stream.hex().startswith(case["stream"]), "the stream")


def open_stable(case):
    """The row of section 2.8."""
    secret, app = bytes.fromhex(case["app_secret"]), [case["app"].encode()]
    value = bytes.fromhex(case["value"])
    named = b"".join(number(len(part), 8) + part for part in (case["field"].encode(), case["resource"].encode(), value))
    name = hmac.digest(derive(secret, b"stable-name", app, 64), named, hashlib.sha256)[:20]
    require(name.hex() == case["name"], "the name")
    sealed = bytes.fromhex(case["sealed"])
    require(sealed[:24].hex() == case["salt"], "the salt")
    key, nonce = xaes(derive(secret, b"stable-seal", app, 32), sealed[:24])
    require(AESGCM(key).decrypt(nonce, sealed[24:], name).decode() == case["token"], "the token")


def set_of(secret, identity, text):
    """The word tokens of a text whose stop words are all of one of these."""
    key = derive(secret, b"field-words", identity, 64)
    folded = unicodedata.normalize("NFKD", text)
    folded = "".join(c.lower() for c in folded if not unicodedata.category(c).startswith("M"))
    for spelled, letters in (("œ", "oe"), ("æ", "ae"), ("ß", "ss"), ("ς", "σ")):
        folded = folded.replace(spelled, letters)
    words = {word for word in re.findall(r"[^\W_]+", folded) if len(word) > 1} - STOP_WORDS
    tokens = set()
    for word in words:
        code = int.from_bytes(hmac.digest(key, word.encode(), hashlib.sha256), "big")
        for group in range(17):
            bits = code >> (256 - 15 * (group + 1)) & 0x7FFF
            token = "w" + "".join(ALPHABET[bits >> shift & 31] for shift in (10, 5, 0))
            if any(c.isdigit() for c in token):
                break
        tokens.add(token)
    return sorted(tokens)


def open_empty(key, head, identity, tag):
    """The synthetic IV of the empty text, by hand: the library takes no empty text."""

    def double(block):
        doubled = int.from_bytes(block, "big") << 1
        return number((doubled ^ 0x87) & (2**128 - 1) if doubled >> 128 else doubled, 16)

    def xor(one, other):
        return bytes(a ^ b for a, b in zip(one, other))

    first = key[:32]
    state = double(cmac(first, bytes(16)))
    state = xor(state, cmac(first, encode([head[:5], *identity])))
    state = xor(double(state), b"\x80" + bytes(15))
    require(cmac(first, state) == tag, "the synthetic IV")
    return b""


def open_pointer(case):
    token = case["token"]
    require(token[:4] == "z671" and len(token) == 16, "the shape")
    bits = int.from_bytes(decode(token[4:] + "0000"), "big") >> 20
    pointed, check = bits >> 20, bits & 0xFFFFF
    require(f"{pointed:010x}" == case["id"], "the id")
    key = derive(bytes.fromhex(case["app_secret"]), b"pointer-check", [case["app"].encode()], 64)
    expected = hmac.digest(key, number(pointed, 8) + case["field"].encode(), hashlib.sha256)
    require(check == int.from_bytes(expected[:3], "big") >> 4, "the check")


def check(case):
    apart = {"pointer": open_pointer, "repeat": check_repeat, "stable": open_stable}
    if case["kind"] in apart:
        apart[case["kind"]](case)
    else:
        require(open_token(case).hex() == case["plain"], "the plaintext")


def main(folder):
    passed = failed = 0
    for path in sorted(pathlib.Path(folder).glob("*.json")):
        try:
            check(json.loads(path.read_text()))
            passed += 1
        except (Wrong, InvalidTag, KeyError, IndexError, ValueError) as error:
            failed += 1
            print(f"{path.name}: {error!r}")
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
