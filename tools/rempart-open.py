#!/usr/bin/env python3
"""Opens what Rempart sealed, without Rempart: the exit kit.

    python3 rempart-open.py --shares PAGE PAGE PAGE [--vault FILE] < theirs > ours

PAGE are pages of one backup (`rempart keys backup`), as many as their threshold says. Standard input is text with
tokens in it (an export, a database dump, a page: every token is opened where it stands, all other bytes stay) or a file
that was sealed as a whole. What has no prefix (formats, shifted dates, pointers without one) is opened in the columns
of a CSV file that are said to hold it:

    python3 rempart-open.py --shares ... --column "phone=crm/phone/phone" < export.csv > ours.csv

Needs Python 3.9 or later and the package `cryptography` of PyPI, and no line of Rempart: it is written from
docs/token-format.md and docs/keyring-format.md alone. What does not open (under a key that was destroyed or is
somebody else's, cut, damaged) stays as it is, byte for byte, and is counted on standard error; the exit code is then 1.
It is 2 where the work was not done. docs/exit.md says more.
"""

import argparse
import base64
import binascii
import collections
import csv
import datetime
import functools
import hashlib
import hmac
import io
import itertools
import json
import pathlib
import re
import sqlite3
import string
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Wrong(Exception):
    """What was read is not what the formats say."""


class Left(Wrong):
    """It may be a token or a pointer, and does not open: why."""


def require(holds, what):
    if not holds:
        raise Wrong(what)


# --- token-format.md, 1: notation -------------------------------------------------------------------------------------

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
VALUES = {ord(spelled): n for n, c in enumerate(ALPHABET) for spelled in (c, c.upper())}
IN_ALPHABET = re.compile(rb"[0-9a-hjkmnp-tv-z]*", re.IGNORECASE)


def number(n, length):
    return n.to_bytes(length, "big")


def encode(parts):
    """The encoding of a list of parts (1.1)."""
    encoded = number(len(parts), 8)
    for part in parts:
        encoded += number(len(part), 8) + part
    return encoded


def derive(secret, purpose, parts, length):
    """HKDF-SHA-256 with the purpose and the parts in its info (1.2)."""
    return hkdf(secret, encode([b"rempart/v1", purpose, *parts]), length)


@functools.lru_cache(maxsize=4096)
def hkdf(secret, info, length):
    return HKDF(hashes.SHA256(), length, salt=None, info=info).derive(secret)


def mac(key, message):
    return hmac.digest(key, message, hashlib.sha256)


def characters(length):
    """How many characters so many bytes make (1.3)."""
    return (8 * length + 4) // 5


def spelled_number(text):
    """The number that characters of base 32 spell."""
    bits = 0
    for character in text:
        require(character in VALUES, "a character of no alphabet")
        bits = bits << 5 | VALUES[character]
    return bits


def decode(text):
    """The bytes that base 32 spells."""
    bits, loose = spelled_number(text), len(text) * 5 % 8
    require(bits & ((1 << loose) - 1) == 0, "loose bits")
    return number(bits >> loose, len(text) * 5 // 8)


# --- keyring-format.md: keys ------------------------------------------------------------------------------------------

NOTHING = {"nonce": "", "secret": "", "tag": ""}


class Key:
    """What a key id names: an epoch of a field, or a subject in it."""

    def __init__(self, app, field, epoch, secret, subject=None):
        self.app, self.field, self.epoch, self.secret, self.subject = app, field, epoch, secret, subject
        self.names = [app.encode(), field.encode()]
        self.identity = [*self.names, number(epoch, 4)] + ([subject] if subject else [])

    def derived(self, purpose, length):
        return derive(self.secret, purpose, self.identity, length)


class Keyring:
    """All keys of a backup, by their ids."""

    def __init__(self, secret, catalogue, log):
        self.secret = secret
        self.keys, self.gone, self.first, self.latest = {}, set(), {}, {}
        self.fields = collections.defaultdict(set)
        self.read_epochs(catalogue)
        self.read_subjects(log, catalogue["log"])

    def app_key(self, app):
        return derive(self.secret, b"app", [app.encode()], 32)

    def app_secret(self, app, purpose):
        return derive(self.app_key(app), b"app-secret", [purpose], 32)

    def unwrap(self, app, purpose, wrapped, belongs):
        nonce, secret, tag = (bytes.fromhex(wrapped[part]) for part in NOTHING)
        return AESGCM(derive(self.app_key(app), purpose, [], 32)).decrypt(nonce, secret + tag, encode(belongs))

    def read_epochs(self, catalogue):
        """The catalogue (2)."""
        require(catalogue["version"] == 2, "a catalogue of another version")
        code = number(2, 4) + number(catalogue["log"]["subjects"], 8) + number(catalogue["log"]["keys"], 8)
        code += number(len(catalogue["epochs"]), 8)
        for epoch in catalogue["epochs"]:
            wrapped = epoch.get("wrapped") or NOTHING
            code += encode([*belongs_to(epoch), *(bytes.fromhex(wrapped[part]) for part in NOTHING)])
        expected = mac(derive(self.secret, b"catalogue-mac", [], 64), code)
        require(hmac.compare_digest(expected.hex(), catalogue["mac"]), "a catalogue that was changed")
        for epoch in catalogue["epochs"]:
            name, app, field = epoch["key_id"], epoch["app"], epoch["field"]
            self.fields[app].add(field)
            if not epoch.get("wrapped"):
                self.gone.add(name)
                continue
            secret = self.unwrap(app, b"epoch-wrap", epoch["wrapped"], belongs_to(epoch))
            self.keys[name] = Key(app, field, epoch["epoch"], secret)
            if epoch["epoch"] == 1:
                self.first[app, field] = self.keys[name]

    def read_subjects(self, log, least):
        """The log of subjects (3)."""
        key, chain, secrets, counts = derive(self.secret, b"subjects-log", [], 64), b"", {}, [0, 0]
        for at, line in enumerate(log):
            if at == 0:
                require(line["version"] == 1, "a log of subjects of another version")
                parts = [b"start", number(1, 4)]
            elif "key_id" in line:
                parts = [b"key", bytes.fromhex(line["key_id"]), bytes.fromhex(line["epoch"])]
                parts += [bytes.fromhex(line["subject"]), number(line["generation"], 4)]
            else:
                wrapped = line.get("wrapped") or NOTHING
                belongs = [line["app"].encode(), bytes.fromhex(line["subject"]), number(line["generation"], 4)]
                parts = [b"subject", *belongs, *(bytes.fromhex(wrapped[part]) for part in NOTHING)]
            chain = mac(key, encode([chain, *parts]))[:16]
            unchanged = hmac.compare_digest(chain.hex(), line["chain"])
            require(unchanged, f"a log of subjects whose line {at + 1} was changed")
            if "key_id" in line:
                counts[1] += 1
                self.join(line, secrets)
            elif at:
                counts[0] += 1
                if line.get("wrapped"):
                    secret = self.unwrap(line["app"], b"subject-wrap", line["wrapped"], belongs)
                    secrets[line["app"], line["subject"], line["generation"]] = secret
        short = counts[0] < least["subjects"] or counts[1] < least["keys"]
        require(not short, "a log of subjects whose last lines are missing")

    def join(self, line, secrets):
        """A key id that joins an epoch and a subject."""
        epoch = self.keys.get(line["epoch"])
        secret = epoch and secrets.get((epoch.app, line["subject"], line["generation"]))
        if not secret:
            self.gone.add(line["key_id"])
            return
        subject = bytes.fromhex(line["subject"])
        key = Key(epoch.app, epoch.field, epoch.epoch, epoch.secret + secret, subject)
        self.keys[line["key_id"]] = self.latest[epoch.app, epoch.field, subject] = key

    def subject(self, app, identity):
        """The name of a subject (1)."""
        key = derive(self.app_secret(app, b"subject-name"), b"subject-name", [app.encode()], 64)
        return mac(key, identity)[:16]


def belongs_to(epoch):
    return [bytes.fromhex(epoch["key_id"]), epoch["app"].encode(), epoch["field"].encode(), number(epoch["epoch"], 4)]


# --- keyring-format.md, 6: the pages of a backup ----------------------------------------------------------------------


def block(page, name):
    """The lines between two marks of a page."""
    lines = [line.strip() for line in page.splitlines()]
    begin, end = f"-----BEGIN REMPART {name}-----", f"-----END REMPART {name}-----"
    require(begin in lines and end in lines, f"a page without its {name.lower()} block")
    return [line for line in lines[lines.index(begin) + 1 : lines.index(end)] if line]


def read_share(page):
    """The share on a page (6.1): its number, its threshold, the backup's id, its bytes."""
    words = [word for line in block(page, "SHARE") for word in line.lower().split() if not word.rstrip(".").isdigit()]
    require(len(words) == 32, f"a share of {len(words)} words instead of 32")
    bits = 0
    for position, word in enumerate(words, 1):
        require(word[:4] in WORD_NUMBERS, f"word {position} of a share, which is in no list")
        bits = bits << 11 | WORD_NUMBERS[word[:4]]
    data = number(bits, 44)
    require(data[0] == 1, "a share of another version")
    check = hashlib.sha256(b"rempart-share" + data[:39]).digest()[:5]
    require(hmac.compare_digest(check, data[39:]), "a share with a wrong word")
    return data[1], data[2], data[3:7], data[7:39]


def times(a, b):
    """The product in the field of AES."""
    product = 0
    while b:
        product ^= a * (b & 1)
        a = a << 1 ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


def inverse(a):
    result = 1
    for _ in range(254):
        result = times(result, a)
    return result


def join_shares(shares):
    """The secret that shares of one backup give, and the backup's id."""
    _, threshold, backup, _ = shares[0]
    require(all(share[1:3] == (threshold, backup) for share in shares), "pages of different backups")
    different = list({share[0]: share for share in shares}.values())
    require(len(different) >= threshold, f"{len(different)} different pages where {threshold} are needed")
    secret = bytearray(32)
    for x, _, _, y in different[:threshold]:
        factor = 1
        for other, *_ in different[:threshold]:
            if other != x:
                factor = times(factor, times(other, inverse(other ^ x)))
        for i, byte in enumerate(y):
            secret[i] ^= times(byte, factor)
    return bytes(secret), backup


def read_keyring(page):
    """The keyring on a page (6.2), as JSON."""
    *lines, last = block(page, "KEYRING") or [""]
    data = b""
    for count, line in enumerate(lines, 1):
        text, _, check = line.partition(" ")
        expected = hashlib.sha256(f"{count}:{text}".encode()).hexdigest()[:4]
        require(expected == check.strip().lower(), f"line {count} of the keyring block, which was mistyped")
        data += base64.b64decode(text, validate=True)
    name, _, digest = last.partition(" ")
    whole = name == "sha256" and digest.strip().lower() == hashlib.sha256(data).hexdigest()
    require(whole, "a keyring block with lines missing")
    return json.loads(data)


def open_backup(pages):
    """The keyring that pages of one backup give. One page with the keyring's block is enough."""
    secret, backup = join_shares([read_share(page) for page in pages])
    document, problem = None, None
    for page in pages:
        try:
            document = document or read_keyring(page)
        except (Wrong, binascii.Error) as error:
            problem = error
    require(document, f"{problem}")
    require(document["version"] == 1, "a backup of another version")
    require(document["backup"] == backup.hex(), "a keyring of another backup than its share")
    counts = [bytes([document["threshold"]]), bytes([document["shares"]])]
    check = derive(secret, b"backup-check", [backup, document["made"].encode(), *counts], 16)
    require(hmac.compare_digest(check.hex(), document["check"]), "shares that do not give the keyring's secret")
    try:
        return Keyring(secret, document["catalogue"], document["log"])
    except InvalidTag:
        raise Wrong("a wrapped secret in the keyring, which is damaged") from None


# --- token-format.md, 2: tokens ---------------------------------------------------------------------------------------

SEALED, COMMITTED, MATCH, WORDS, COMMITTED_WORDS = range(5)
# Bytes beside the ciphertext: salt, commitment, synthetic IV, tag.
AROUND = {SEALED: 40, COMMITTED: 56, MATCH: 16, WORDS: 40, COMMITTED_WORDS: 56}
LONGEST_HEAD = 9
# A token that was cut is known as one from here on.
SHORTEST_CUT = 12


class Token:
    """A token that was read from text, and where it ends, the word tokens behind it included."""

    def __init__(self, kind, value_type, data, end, length, words):
        self.kind, self.value_type, self.words = kind, value_type, words
        self.head, self.body, self.length = data[:end], data[end:], length
        self.key_id = data[1:5].hex()
        self.stop = 0


def read_token(text, start=0):
    """The token that begins at `start` with its prefix. `Left` where one was cut short, `Wrong` where none begins."""
    from_here = start + 4
    run = IN_ALPHABET.match(text, from_here, from_here + characters(LONGEST_HEAD)).end() - from_here
    known = number(spelled_number(text[from_here : from_here + run]) >> run * 5 % 8, run * 5 // 8)

    def at(i):
        if i < len(known):
            return known[i]
        require(4 + run >= SHORTEST_CUT, "no token")
        raise cut(known[1:5])

    require(at(0) >> 5 == 1, "a suite that is not known")
    kind, value_type = at(0) >> 2 & 7, at(0) & 3
    require(kind in AROUND and value_type <= 2 and not (kind == MATCH and value_type), "a kind that is not known")
    length, end = 0, 5
    while True:
        require(end < 8, "a length of more than three bytes")
        length |= (at(end) & 0x7F) << 7 * (end - 5)
        end += 1
        if at(end - 1) < 0x80:
            break
    require(end == 6 or at(end - 1), "a length that is not in its shortest form")
    require(kind == MATCH or 1 <= length <= 1 << 20, "a length that no padding has")
    words = 0
    if kind in (WORDS, COMMITTED_WORDS):
        words = at(end)
        end += 1
    stop = from_here + characters(end + AROUND[kind] + length)
    if IN_ALPHABET.match(text, from_here, stop).end() < stop:
        raise cut(known[1:5])
    try:
        token = Token(kind, value_type, decode(text[from_here:stop]), end, length, words)
    except Wrong:
        raise Left("damaged") from None
    token.stop = reach(text, stop, words)
    return token


class Cut(Left):
    """A token that was cut short, of this key."""


def cut(key_id):
    error = Cut("cut short")
    error.key_id = key_id.hex()
    return error


def reach(text, at, most):
    """Where a set of at most so many word tokens ends, as far as it is there (Words)."""
    for _ in range(most):
        word = re.match(rb"-w[0-9a-hjkmnp-tv-z]{0,3}", text[at : at + 5], re.IGNORECASE)
        if not word or len(word[0]) == 5 and not re.search(rb"[0-9]", word[0]):
            break
        at += len(word[0])
        if len(word[0]) < 5:
            break
    return at


def cmac(key, message):
    code = CMAC(algorithms.AES(key))
    code.update(message)
    return code.finalize()


def xaes(key, nonce, rest, associated):
    """XAES-256-GCM."""
    own = b"".join(cmac(key, bytes([0, counter, 0x58, 0]) + nonce[:12]) for counter in (1, 2))
    return AESGCM(own).decrypt(nonce[12:], rest, associated)


def siv(key, body, associated):
    """AES-SIV with one associated string. The library takes no empty text: its synthetic IV is compared by hand."""
    if len(body) > 16:
        return AESSIV(key).decrypt(body, [associated])

    def double(bits):
        return (bits << 1 ^ (0x87 if bits >> 127 else 0)) & (1 << 128) - 1

    state = double(int.from_bytes(cmac(key[:32], bytes(16)), "big"))
    state ^= int.from_bytes(cmac(key[:32], associated), "big")
    if not hmac.compare_digest(cmac(key[:32], number(double(state) ^ 1 << 127, 16)), body):
        raise InvalidTag
    return b""


def unpad(padded):
    plain, mark, zeros = padded.rpartition(b"\x80")
    require(mark and not zeros.strip(b"\0"), "padding that is none")
    return plain


def open_token(key, token):
    """The value of a token (2.2 to 2.4)."""
    head, body = token.head, token.body
    if token.kind == MATCH:
        return siv(key.derived(b"field-match", 64), body, encode([head[:5], *key.identity]))
    nonce, rest = body[:24], body[24:]
    if token.kind in (COMMITTED, COMMITTED_WORDS):
        salt, commitment, rest = body[:16], body[16:40], body[40:]
        expected = mac(key.derived(b"field-commit", 64), head + salt)[:24]
        if not hmac.compare_digest(commitment, expected):
            raise InvalidTag
        nonce = salt + bytes(8)
    return unpad(xaes(key.derived(b"field-sealed", 32), nonce, rest, head + encode(key.identity)))


# --- token-format.md, 3: pointers -------------------------------------------------------------------------------------


def pointer_mac(secret, purpose, app, field, row):
    return mac(derive(secret, purpose, [app.encode()], 64), number(row, 8) + field.encode())


def read_pointer(text):
    """The row and the check of a pointer without its prefix."""
    require(len(text) == 12, "a pointer of another length")
    return divmod(spelled_number(text), 1 << 20)


def is_pointer_of(secret, app, field, row, check):
    return int.from_bytes(pointer_mac(secret, b"pointer-check", app, field, row)[:3], "big") >> 4 == check


def read_digits(secret, app, field, text, digits):
    """The row of a pointer in so many digits."""
    require(re.fullmatch(r"[1-9][0-9]*", text) and len(text) == digits, "no pointer of so many digits")
    row, check = int(text[:12]), text[12:]
    if check:
        expected = int.from_bytes(pointer_mac(secret, b"pointer-digits", app, field, row)[:8], "big")
        require(int(check) == expected % 10 ** len(check), "check digits of another pointer")
    return row


class Vault:
    """What pointers and `same-size` files need: a SQLite vault, or tables of one as CSV files."""

    TABLES = {
        "kept": ("app", "pointer", "field", "sealed"),
        "segments": ("app", "fingerprint", "sealed"),
    }

    def __init__(self, paths):
        self.databases = []
        for path in paths:
            with open(path, "rb") as file:
                is_database = file.read(16) == b"SQLite format 3\0"
            self.databases.append(open_database(path) if is_database else load_tables(path))

    def kept(self, app, row):
        """The field and the sealed value of a row, if it is there and was not erased."""
        query = "SELECT field, sealed FROM kept WHERE app = ? AND pointer = ? AND field <> ''"
        rows = self.find("kept", query, (app, row))
        return rows[0] if rows else None

    def segments(self, app, fingerprint):
        """The sealed records that are kept under a fingerprint."""
        query = "SELECT sealed FROM segments WHERE app = ? AND fingerprint = ?"
        return [sealed for sealed, in self.find("segments", query, (app, fingerprint))]

    def find(self, table, query, values):
        rows = []
        for database, tables in self.databases:
            if table in tables:
                rows += database.execute(query, values).fetchall()
        return rows


def open_database(path):
    """A vault, for reading only. A gateway may be writing to it: what was committed is seen."""
    uri = pathlib.Path(path).absolute().as_uri()
    database = sqlite3.connect(f"{uri}?mode=ro", uri=True)
    query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    try:
        tables = {name for name, in database.execute(query)}
    except sqlite3.OperationalError:
        # A folder that cannot be written to takes no shared memory beside the file; without a log none is needed.
        wal = pathlib.Path(f"{path}-wal")
        if wal.exists() and wal.stat().st_size:
            raise
        database = sqlite3.connect(f"{uri}?mode=ro&immutable=1", uri=True)
        tables = {name for name, in database.execute(query)}
    return database, tables


def load_tables(path):
    """A table from a CSV file with a header, bytes in hexadecimal as PostgreSQL writes them: in a file of its own that
    ends with this program."""
    database = sqlite3.connect("")
    with open(path, newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        names = set(rows.fieldnames or [])
        table = next((table for table, columns in Vault.TABLES.items() if names >= set(columns)), None)
        require(table, f"{path}, which is neither a vault nor one of its tables as CSV with a header")
        columns = Vault.TABLES[table]

        def read(row):
            of = {"pointer": int, "sealed": from_hex, "fingerprint": from_hex}
            return [of.get(column, str)(row[column]) for column in columns]

        database.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
        places = ", ".join("?" * len(columns))
        database.executemany(f"INSERT INTO {table} VALUES ({places})", map(read, rows))
        database.execute(f"CREATE INDEX found ON {table} ({columns[0]}, {columns[1]})")
    return database, {table}


def from_hex(text):
    return bytes.fromhex(text[2:] if text.startswith("\\x") else text)


# --- text with tokens in it -------------------------------------------------------------------------------------------

BEGINS = re.compile(rb"[qz]671", re.IGNORECASE)
IN_JSON = re.compile(rb'[\x00-\x1f"\\]')
HOST = re.compile(rb"@([a-z0-9-]+(?:\.[a-z0-9-]+)+)", re.IGNORECASE)


def as_json(value):
    """As it stands between the quotes of a JSON string."""
    short = {b'"': b'\\"', b"\\": b"\\\\", b"\n": b"\\n", b"\r": b"\\r", b"\t": b"\\t"}
    return IN_JSON.sub(lambda found: short.get(found[0], b"\\u%04x" % ord(found[0])), value)


class Opener:
    """Opens what stands in text, and counts what does not open."""

    def __init__(self, keyring, vault=None, domains=(), is_json=False):
        self.keyring, self.vault, self.is_json = keyring, vault, is_json
        self.opened, self.left, self.hosts = 0, collections.Counter(), collections.Counter()
        names = sorted((domain.encode() for domain in domains), key=len, reverse=True)
        # An address ends with its domain (3.1).
        of_a_label = rb"[a-z0-9_\x80-\xff-]"
        one_of = b"|".join(map(re.escape, names))
        ending = rb"@(?:" + one_of + rb")(?!\.?" + of_a_label + rb")"
        self.at_domain = re.compile(ending, re.IGNORECASE) if names else None

    def text(self, text):
        """Text with every token in it opened."""
        done, out = 0, bytearray()
        for found in BEGINS.finditer(text):
            start = found.start()
            if start < done:
                continue
            try:
                read = self.pointer if found[0][:1] in b"zZ" else self.token
                value, stop, value_type = read(text, start)
            except Wrong as error:
                self.leave(error)
                continue
            self.opened += 1
            before = text[done:start]
            if self.is_json:
                value = as_json(value)
                # Numbers and booleans stand without quotes.
                if value_type and before[-1:] == b'"' == text[stop : stop + 1]:
                    before, stop = before[:-1], stop + 1
            out += before + value
            done = stop
        return bytes(out + text[done:]) if done else text

    def leave(self, error):
        """What may have been ours is counted; what only begins like it is text."""
        if isinstance(error, Cut) and error.key_id not in self.keyring.keys and error.key_id not in self.keyring.gone:
            return
        if isinstance(error, Left):
            self.left[str(error)] += 1

    def token(self, text, start):
        token = read_token(text, start)
        return self.value(token), token.stop, token.value_type

    def value(self, token, of=None):
        """The value of a token; of one that is to be of an app's field, no other's."""
        key = self.keyring.keys.get(token.key_id)
        if key is None:
            gone = token.key_id in self.keyring.gone
            raise Left("under a key that was destroyed" if gone else "under a key that the backup does not have")
        if of and (key.app, key.field) != of:
            raise Left("damaged")
        try:
            return open_token(key, token)
        except (InvalidTag, Wrong):
            raise Left("damaged") from None

    def pointer(self, text, start):
        stop = start + 16
        row, check = read_pointer(text[start + 4 : stop])
        problem = Left("pointers that were not made under this keyring")
        for app, fields in self.keyring.fields.items():
            secret = self.keyring.app_secret(app, b"pointer")
            for field in fields:
                # One in a million passes the check of another field, too: then the row decides.
                if is_pointer_of(secret, app, field, row, check):
                    try:
                        value, value_type = self.row(app, field, row)
                        return value, self.end(text, stop), value_type
                    except Left as error:
                        problem = error
        raise problem

    def row(self, app, field, row):
        """The value behind a pointer, and its type."""
        if self.vault is None:
            raise Left("pointers into the vault, which --vault names")
        kept = self.vault.kept(app, row)
        if kept is None or kept[0] != field:
            raise Left("pointers whose row is not in the vault")
        try:
            token = read_token(bytes(kept[1]))
        except Wrong:
            raise Left("damaged") from None
        return self.value(token, (app, field)), token.value_type

    def end(self, text, stop):
        """Where an address ends whose local part is a pointer that ends here."""
        if text[stop : stop + 1] != b"@":
            return stop
        found = self.at_domain and self.at_domain.match(text, stop)
        if found:
            return found.end()
        host = HOST.match(text, stop)
        if host:
            self.hosts[host[1].decode().lower()] += 1
        return stop


# --- token-format.md, formats -----------------------------------------------------------------------------------------

DIGITS, NOT_ZERO, LETTERS = string.digits, string.digits[1:], string.ascii_uppercase
SYMBOLS = string.ascii_letters + string.digits
SHAPES = "digits phone postal sin ramq card card:bin card:last4 plate vin number alnum".split()
NETWORKS = {
    "amex": [(340000, 349999), (370000, 379999)],
    "diners": [(300000, 305999), (360000, 369999), (380000, 399999)],
    "discover": [(601100, 601199), (644000, 659999)],
    "jcb": [(352800, 358999)],
    "mastercard": [(222100, 272099), (510000, 559999)],
    "unionpay": [(620000, 629999)],
    "visa": [(400000, 499999)],
}
TWO_DIGITS = (
    "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 "
    "90 91 92 93 94 95 98"
).split()
PLATES = "A99AAA 99AAAA AAA99A 999AAA AAA999 A99999 A999999 AA99999 AA999999".split()
EXTENSION = re.compile(r"(?:x|ext|extension|poste)\.?[ \u00a0:]*[0-9]{1,6}", re.IGNORECASE)


def value_of(numerals, radix):
    value = 0
    for numeral in numerals:
        value = value * radix + numeral
    return value


def numerals_of(value, radix, length):
    numerals = []
    for _ in range(length):
        value, numeral = divmod(value, radix)
        numerals.append(numeral)
    return numerals[::-1]


def ff1_decrypt(key, radix, tweak, numerals):
    """FF1 (NIST SP 800-38G, algorithm 8) on a list of numerals whose halves have at most 96 bits."""
    aes = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    n, t = len(numerals), len(tweak)
    u = n // 2
    v = n - u
    a, b = numerals[:u], numerals[u:]
    half = ((radix**v - 1).bit_length() + 7) // 8
    d = 4 * ((half + 3) // 4) + 4
    require(d <= 16, "a value that is too long")
    p = bytes([1, 2, 1]) + number(radix, 3) + bytes([10, u % 256]) + number(n, 4) + number(t, 4)
    for i in reversed(range(10)):
        q = tweak + bytes((-t - half - 1) % 16) + bytes([i]) + number(value_of(a, radix), half)
        state = bytes(16)
        for at in range(0, len(p + q), 16):
            state = aes.update(bytes(x ^ y for x, y in zip(state, (p + q)[at : at + 16])))
        m = u if i % 2 == 0 else v
        c = (value_of(b, radix) - int.from_bytes(state[:d], "big")) % radix**m
        a, b = numerals_of(c, radix, m), a
    return a + b


def luhn(digits):
    total = 0
    for at, digit in enumerate(reversed(digits)):
        twice = int(digit) * (2 if at % 2 else 1)
        total += twice // 10 + twice % 10
    return total % 10 == 0


def with_luhn(symbols, at):
    tries = (symbols[:at] + [digit] + symbols[at + 1 :] for digit in DIGITS)
    return next(tried for tried in tries if luhn(tried))


def vin_digit(symbols):
    values = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", [*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)]))
    weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
    total = sum(weight * (values[s] if s in values else int(s)) for s, weight in zip(symbols, weights))
    return "0123456789X"[total % 11]


def ramq_digit(symbols, year, month, woman):
    text = "".join(symbols[:4]) + f"{year:04}" + "MF"[woman] + f"{month:02}" + "".join(symbols[8:11])
    weights = [1, 3, 7, 9, 1, 7, 1, 3, 4, 5, 7, 6, 9, 1]
    return str(sum(code * weight for code, weight in zip(text.encode("cp037"), weights)) % 10)


class One:
    """A place of one symbol of an alphabet."""

    def __init__(self, alphabet):
        self.alphabet, self.width, self.size = alphabet, 1, len(alphabet)

    def rank(self, text):
        require(text in self.alphabet, "a symbol that does not stand there")
        return self.alphabet.index(text)

    def spell(self, rank):
        return self.alphabet[rank]


class Network:
    """The first six digits of a card, within its network."""

    width = 6

    def __init__(self, name):
        known = sorted(span for spans in NETWORKS.values() for span in spans)
        if name == "other":
            starts = [0] + [last + 1 for _, last in known]
            ends = [first - 1 for first, _ in known] + [999999]
            self.spans = [(first, last) for first, last in zip(starts, ends) if first <= last]
        else:
            self.spans = NETWORKS[name]
        self.size = sum(last - first + 1 for first, last in self.spans)

    def rank(self, text):
        before = 0
        for first, last in self.spans:
            if first <= int(text) <= last:
                return before + int(text) - first
            before += last - first + 1
        raise Wrong("a card of another network")

    def spell(self, rank):
        for first, last in self.spans:
            if rank <= last - first:
                return f"{first + rank:06}"
            rank -= last - first + 1
        raise Wrong("a number beyond its network")


class NorthAmerican:
    """The ten digits of a North American phone number."""

    width, size = 10, 792 * 792 * 10000
    codes = [f"{code}" for code in range(200, 1000) if code % 100 != 11]

    def rank(self, text):
        area, exchange = self.codes.index(text[:3]), self.codes.index(text[3:6])
        return (area * 792 + exchange) * 10000 + int(text[6:])

    def spell(self, rank):
        codes, line = divmod(rank, 10000)
        return self.codes[codes // 792] + self.codes[codes % 792] + f"{line:04}"


class Insured:
    """A health insurance number of Quebec, of a person born within some years."""

    width = 12

    def __init__(self, first, last):
        self.first = datetime.date(first, 1, 1)
        self.days = (datetime.date(last + 1, 1, 1) - self.first).days
        self.size = 26**4 * 2 * self.days * 9

    def rank(self, text):
        born, woman = holder(text)
        letters = value_of([LETTERS.index(letter) for letter in text[:4]], 26)
        day = (born - self.first).days
        return ((letters * 2 + woman) * self.days + day) * 9 + int(text[10]) - 1

    def spell(self, rank):
        rank, sequence = divmod(rank, 9)
        rank, day = divmod(rank, self.days)
        letters, woman = divmod(rank, 2)
        born = self.first + datetime.timedelta(days=day)
        text = "".join(LETTERS[letter] for letter in numerals_of(letters, 26, 4))
        text += f"{born.year % 100:02}{born.month + 50 * woman:02}{born.day:02}{sequence + 1}"
        return text + ramq_digit(text, born.year, born.month, woman)


def holder(text):
    """The date of birth that a health insurance number says, and whether it is a woman's."""
    require(re.fullmatch("[A-Z]{4}[0-9]{6}[1-9][0-9]", text), "no health insurance number")
    month = int(text[6:8])
    woman = month > 50
    for century in (1900, 2000):
        try:
            born = datetime.date(century + int(text[4:6]), month - 50 * woman, int(text[8:10]))
        except ValueError:
            continue
        if ramq_digit(text, born.year, born.month, woman) == text[11]:
            return born, int(woman)
    raise Wrong("the check digit of no century")


def as_it_is(symbols):
    return symbols


def domain_of(shape, head, symbols):
    """The domain of a value: its name, its places as (first symbol, set), what is kept, how it is completed."""
    text, n = "".join(symbols), len(symbols)
    pattern = re.sub("[A-Z]", "A", re.sub("[0-9]", "9", text))
    one = {"9": One(DIGITS), "A": One(LETTERS)}
    row = [(at, one[symbol]) for at, symbol in enumerate(pattern)]

    def digits(first, end):
        return [(at, one["9"]) for at in range(first, end)]

    if shape == "alnum":
        return "alnum:" + pattern, row, "", as_it_is
    if shape == "postal":
        require(n == 6, "no postal code")
        first, other = One("ABCEGHJKLMNPRSTVXY"), One("ABCEGHJKLMNPRSTVWXYZ")
        return "postal", list(enumerate([first, one["9"], other, one["9"], other, one["9"]])), "", as_it_is
    if shape == "sin":
        require(pattern == "9" * 9 and luhn(symbols), "no social insurance number")
        return "sin", [(0, One("12345679")), *digits(1, 8)], "", lambda symbols: with_luhn(symbols, 8)
    if shape == "plate":
        letters = pattern.strip("9")
        personal = n <= 7 and "9" not in letters and 2 * len(letters) > n
        require(pattern in PLATES or personal, "no plate")
        if pattern.startswith("A9"):
            commercial = text[0] in "CFLRTV"
            row[0] = (0, One("CFLRTV" if commercial else "ABDEGHIJKMNOPQSUWXYZ"))
            pattern = ("C" if commercial else "P") + pattern[1:]
        return "plate:" + pattern, row, "", as_it_is
    if shape == "vin":
        require(n == 17 and vin_digit(symbols) == text[8], "no vehicle identification number of North America")
        letters = One("ABCDEFGHJKLMNPRSTUVWXYZ")
        year = {"9": One(NOT_ZERO), "A": One("ABCDEFGHJKLMNPRSTVWXY")}
        places = [(at, {"9": one["9"], "A": letters}[pattern[at]]) for at in range(17) if at != 8]
        places[8] = (9, year[pattern[9]])
        return "vin:" + pattern[:8] + pattern[9:], places, "", lambda s: s[:8] + [vin_digit(s)] + s[9:]
    if shape.startswith("card"):
        require(re.fullmatch("9{12,19}", pattern) and luhn(symbols), "no card number")
        prefix = int(text[:6])
        names = (name for name, spans in NETWORKS.items() if any(first <= prefix <= last for first, last in spans))
        name = next(names, "other")
        network = [(0, Network(name))]
        if shape == "card":
            return f"card:{name}:{n}", network + digits(6, n - 1), "", lambda s: with_luhn(s, n - 1)
        if shape == "card:bin":
            return f"card:bin:{n}", digits(6, n - 1), text[:6], lambda s: with_luhn(s, n - 1)
        return f"card:last4:{name}:{n}", network + digits(6, n - 5), text[-4:], lambda s: with_luhn(s, n - 5)
    if shape == "phone":
        abroad = re.match(r"[^0-9+]*\+", head)
        require(re.fullmatch("9{1,15}", pattern), "no phone number")
        if n == 10 and not abroad or n == 11 and text[0] == "1":
            return "phone:1", [(n - 10, NorthAmerican())], "", as_it_is
        require(abroad and text[0] != "1", "a phone number without its country")
        code = 1 if text[0] == "7" else 2 if text[:2] in TWO_DIGITS else 3
        require(n > code, "a phone number that ends with its country")
        zero = text[code] == "0"
        places = digits(code + 1, n) if zero else [(code, One(NOT_ZERO)), *digits(code + 1, n)]
        return f"phone:{text[:code]}:{n - code}" + (":0" if zero else ""), places, "", as_it_is
    if shape == "ramq":
        born, _ = holder(text)
        first, last = (1900, 2025) if born.year <= 2025 else (born.year, born.year)
        return f"ramq:{first}-{last}", [(0, Insured(first, last))], "", as_it_is
    require(shape == "number" and re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", head), "no number")
    whole, _, fraction = head.lstrip("-").partition(".")
    first = n - len(text.lstrip("0"))
    end = n - (len(fraction) - len(fraction.rstrip("0")))
    behind = max(0, end - len(whole))
    require(first < end <= first + 15, "a number of too many digits, or none")
    bound = {first, end - 1} if behind else {first}
    places = [(at, One(NOT_ZERO if at in bound else DIGITS)) for at in range(first, end)]
    return f"number:{end - first}.{behind}", places, "", as_it_is


def open_format(format_key, shape, text, tweak):
    """The value whose stand-in of this shape is `text`."""

    def key(name, radix, length):
        return mac(format_key, encode([name.encode(), number(radix, 4), number(length, 4)]))

    require(len(text.encode()) <= 256 and len(tweak) <= 65_535, "a value or a tweak that is too long")
    head, extension = text, ""
    if shape == "phone":
        at = next((at for at, c in enumerate(text) if c.isalpha()), len(text))
        head, extension = text[:at], text[at:]
        require(not extension or EXTENSION.fullmatch(extension), "no phone number")
    foreign = any(c not in SYMBOLS and (c.isalnum() or c < " ") for c in head)
    require(not foreign, "a letter or a digit beyond ASCII")
    symbols = [c.upper() for c in head if c in SYMBOLS]
    if shape == "digits":
        require(6 <= len(symbols) <= 56 and all(s in DIGITS for s in symbols), "not 6 to 56 digits")
        numerals = [int(s) for s in symbols]
        opened = ff1_decrypt(key("digits", 10, len(symbols)), 10, tweak, numerals)
        symbols = [str(digit) for digit in opened]
    else:
        symbols = open_rank(key, domain_of(shape, head, symbols), symbols, tweak)
    lower = [c.islower() for c in head if c in SYMBOLS]
    if shape == "vin":
        # The check digit's letter has the case of the first other letter.
        others = [low for at, low in enumerate(lower) if at != 8 and symbols[at] in LETTERS]
        lower[8] = bool(others and others[0])
    spelled = iter(s.lower() if low else s for s, low in zip(symbols, lower))
    return "".join(next(spelled) if c in SYMBOLS else c for c in head) + extension


def open_rank(key, domain, symbols, tweak):
    """The symbols whose rank in their domain was exchanged for that of these."""
    name, places, kept, complete = domain
    size, rank = 1, 0
    for at, held in places:
        size *= held.size
        rank = rank * held.size + held.rank("".join(symbols[at : at + held.width]))
    require(10**6 <= size <= 2**192, "a domain that is too small or too large")
    bits = (size - 1).bit_length()
    while True:
        rank = value_of(ff1_decrypt(key(name, 2, bits), 2, kept.encode() + tweak, numerals_of(rank, 2, bits)), 2)
        if rank < size:
            break
    symbols = list(symbols)
    for at, held in reversed(places):
        rank, digit = divmod(rank, held.size)
        symbols[at : at + held.width] = held.spell(digit)
    return complete(symbols)


def format_key(key, shape):
    return derive(key.secret, b"field-format", [*key.names, shape.encode()], 64)


# --- token-format.md, dates -------------------------------------------------------------------------------------------


def shift_key(key):
    """The key of a field, or of a subject in it."""
    return derive(key.secret, b"field-shift", key.names + ([key.subject] if key.subject else []), 64)


def unshift(key, days, subject, text):
    """The date that was moved for the subject of this name."""
    require(re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T.*)?", text, re.ASCII | re.DOTALL), "no date")
    drawn = int.from_bytes(mac(key, number(days, 4) + subject)[:8], "big") % (2 * days)
    moved = drawn - days if drawn < days else drawn - days + 1
    date = datetime.date.fromisoformat(text[:10]) - datetime.timedelta(days=moved)
    return date.isoformat() + text[10:]


# --- token-format.md, files -------------------------------------------------------------------------------------------

MAGIC = b"\x8frempart"
SEGMENT = 65_536


def open_stream(keys, source, sink):
    """A file in the layout `stream`. Nothing of a segment is written before its tag was verified."""
    head = source.read(78)
    require(len(head) == 78 and head[:8] == MAGIC, "a sealed file that was cut")
    require(head[8:10] == b"\1\1", "a sealed file of another version")
    key = keys.get(head[10:14].hex())
    require(key, f"a file under the key {head[10:14].hex()}, which was destroyed or is not in the backup")
    derived = derive(key.derived(b"field-file", 32), b"file-stream", [head[14:46]], 71)
    require(hmac.compare_digest(derived[32:64], head[46:]), "a sealed file whose header was changed")
    cipher, associated = AESGCM(derived[:32]), head + encode(key.identity)
    index, segment = 0, source.read(SEGMENT + 16)
    while True:
        following = source.read(SEGMENT + 16)
        nonce = derived[64:] + number(index, 4) + (b"\0" if following else b"\1")
        try:
            plain = cipher.decrypt(nonce, segment, associated)
        except (InvalidTag, ValueError):
            raise Wrong(f"a sealed file that is damaged or cut from byte {index * SEGMENT} on; {BEFORE}") from None
        require(plain or index == 0, f"a sealed file with an empty segment at its end; {BEFORE}")
        sink.write(plain)
        if not following:
            return
        index, segment = index + 1, following


BEFORE = "what was written is its beginning, not the whole"


def open_same_size(keyring, vault, source, sink):
    """A file in the layout `same-size`, whose records are in the vault."""
    segment = source.read(SEGMENT)
    if not segment:
        return
    begins = find_records(keyring, vault, sorted(keyring.fields), b"\0" + segment[:32], number(0, 4))
    require(begins, f"no record for what begins at byte 0; {BEFORE}")
    app, first = begins[0]
    transfer, index, records = first[5:37], 0, begins
    while segment:
        plain = open_segment(keyring, app, transfer, index, records, segment)
        require(plain is not None, f"a sealed file that is damaged from byte {index * SEGMENT} on; {BEFORE}")
        sink.write(plain)
        index, segment = index + 1, source.read(SEGMENT)
        records = find_records(keyring, vault, [app], b"\1" + transfer + number(index, 4), number(index, 4))
    require(not records, f"a sealed file that is cut at byte {index * SEGMENT}; {BEFORE}")


def open_segment(keyring, app, transfer, index, records, segment):
    """The plaintext of a segment, by the one of its records that fits; nothing where none does."""
    for _, record in records:
        head, synthetic, tag = record[:37], record[41:73], record[73:]
        if head[5:] != transfer:
            continue
        key = keyring.keys.get(head[1:5].hex())
        require(key and key.app == app, f"a file under the key {head[1:5].hex()}, which was destroyed; {BEFORE}")
        secret = derive(key.derived(b"field-file", 32), b"file-same-size", [transfer], 96)[64:]
        own, associated = derive(secret, b"file-segment", [synthetic], 32), number(index, 4) + head
        try:
            return AESGCM(own).decrypt(bytes(12), segment + tag, associated + encode(key.identity))
        except InvalidTag:
            continue
    return None


def find_records(keyring, vault, apps, known_by, place):
    """The records under what a segment of this place is known by, each with its app."""
    found = []
    for app in apps:
        secret = keyring.app_secret(app, b"segment")
        fingerprint = mac(derive(secret, b"segment-print", [app.encode()], 64), known_by)
        for sealed in vault.segments(app, fingerprint):
            record_key = derive(secret, b"segment-record", [app.encode()], 32)
            try:
                record = xaes(record_key, sealed[:24], sealed[24:], fingerprint)
            except (InvalidTag, ValueError):
                continue
            if record[:1] == b"\2" and record[37:41] == place:
                found.append((app, record))
    return found


# --- columns of a CSV file --------------------------------------------------------------------------------------------


class Column:
    """A column that holds what has no prefix: NAME=APP/FIELD/SHAPE."""

    def __init__(self, keyring, text, tweaks, subject):
        name, equals, rest = text.rpartition("=")
        parts = rest.split("/")
        require(equals and len(parts) == 3, f"--column {text}: NAME=APP/FIELD/SHAPE")
        self.name, (self.app, self.field, shape) = name, parts
        require(self.field in keyring.fields.get(self.app, ()), f"--column {text}: no such field in the backup")
        self.kind, _, detail = shape.partition(":")
        self.shape, self.beside = shape, tweaks.get(name)
        if shape in SHAPES:
            self.kind = "format"
            key = keyring.first.get((self.app, self.field))
            require(key, f"--column {text}: the key of this field was destroyed")
            self.key = format_key(key, shape)
            return
        self.count = int(detail) if detail.isdecimal() else 0
        limits = {"bare": (0, 0), "digits": (6, 18), "shift": (1, 36_525)}
        shapes = f"{', '.join(SHAPES)}, bare, digits:N, shift:DAYS"
        require(self.kind in limits, f"--column {text}: a shape is one of {shapes}")
        least, most = limits[self.kind]
        require(least <= self.count <= most, f"--column {text}: {self.kind}:N is from {least} to {most}")
        if self.kind == "shift":
            require(subject, f"--column {text}: needs --subject-column")
            self.beside = subject

    def open(self, opener, text, beside):
        """The value that stands here as `text`, beside the value of another column."""
        if self.kind == "format":
            return open_format(self.key, self.shape, text, encoded(beside))
        keyring = opener.keyring
        if self.kind == "shift":
            name = keyring.subject(self.app, encoded(beside))
            key = keyring.latest.get((self.app, self.field, name))
            require(key, "dates of a subject that was shredded or never had one")
            return unshift(shift_key(key), self.count, name, text)
        secret = keyring.app_secret(self.app, b"pointer")
        if self.kind == "digits":
            row = read_digits(secret, self.app, self.field, text, self.count)
        else:
            row, check = read_pointer(encoded(text))
            require(is_pointer_of(secret, self.app, self.field, row, check), "no pointer of this field")
        return opener.row(self.app, self.field, row)[0].decode("utf-8", "surrogateescape")


def encoded(text):
    return text.encode("utf-8", "surrogateescape")


def open_csv(opener, columns, delimiter, source, sink):
    """A CSV file with a header: tokens in all its cells, and the columns that hold what has no prefix."""
    csv.field_size_limit(2**31 - 1)
    lines = io.TextIOWrapper(source, encoding="utf-8", errors="surrogateescape", newline="")
    first = lines.readline()
    rows = csv.reader(itertools.chain([first], lines), delimiter=delimiter)
    header = next(rows, [])
    places = {name.lstrip("\ufeff"): at for at, name in enumerate(header)}
    for column in columns:
        for name in (column.name, column.beside):
            require(name is None or name in places, f"no column {name} in the header: {', '.join(places)}")
    out = io.TextIOWrapper(sink, encoding="utf-8", errors="surrogateescape", newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n" if first.endswith("\r\n") else "\n")
    writer.writerow(header)
    for row in rows:
        opened = [opener.text(encoded(cell)).decode("utf-8", "surrogateescape") for cell in row]
        shown = list(opened)
        for column in columns:
            at, beside = places[column.name], places.get(column.beside, len(row))
            # A cell with a token in it was opened already; an empty one holds nothing.
            if at < len(row) and row[at] and opened[at] == row[at]:
                try:
                    shown[at] = column.open(opener, row[at], opened[beside] if beside < len(row) else "")
                    opener.opened += 1
                except (Wrong, ValueError, KeyError, IndexError, StopIteration, OverflowError) as error:
                    reason = f"{error}" if isinstance(error, Left) else f"in {column.name} and not {column.shape}"
                    opener.left[reason] += 1
        writer.writerow(shown)
    out.flush()
    out.detach()


# --- the command ------------------------------------------------------------------------------------------------------


class Again(io.RawIOBase):
    """A stream with what was read ahead of it in front."""

    def __init__(self, ahead, source):
        self.ahead, self.source = ahead, source

    def readable(self):
        return True

    def readinto(self, buffer):
        data = self.ahead[: len(buffer)] or self.source.read1(len(buffer))
        self.ahead = self.ahead[len(data) :]
        buffer[: len(data)] = data
        return len(data)


def arguments():
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw, allow_abbrev=False)
    add = parser.add_argument
    add("--shares", nargs="+", required=True, metavar="PAGE", help="pages of one backup")
    add("--vault", action="append", metavar="FILE", help="vault.db, or a table of the vault as CSV; may be given again")
    add("--domain", action="append", default=[], metavar="NAME", help="a domain of pointers that are e-mail addresses")
    add("--json", action="store_true", help="the text is JSON: values are written as JSON wants them")
    add("--csv", action="store_true", help="the text is CSV with a header: values are quoted where they need it")
    add("--delimiter", default=",", metavar="CHARACTER", help="what parts the cells of the CSV file [default: a comma]")
    shapes = f"{', '.join(SHAPES)}, bare or digits:N (pointers), shift:DAYS (dates)"
    add("--column", action="append", default=[], metavar="NAME=APP/FIELD/SHAPE",
        help=f"a column of the CSV file that holds what has no prefix: {shapes}")
    add("--tweak-column", action="append", default=[], metavar="NAME=OTHER", help="the column that is another's tweak")
    add("--subject-column", metavar="NAME", help="the column that says whose the shifted dates are")
    add("--same-size", action="store_true", help="the input is a file in the layout same-size; needs --vault")
    return parser


def read_options():
    parser = arguments()
    options = parser.parse_args()
    options.csv = options.csv or bool(options.column)
    if options.json and options.csv:
        parser.error("--json and --csv: it is one or the other")
    if options.same_size and not options.vault:
        parser.error("--same-size: needs --vault")
    if len(options.delimiter) != 1:
        parser.error("--delimiter: one character")
    if not all("=" in pair for pair in options.tweak_column):
        parser.error("--tweak-column: NAME=OTHER")
    return options


def carry_out(options, source, sink):
    """Opens what `source` brings into `sink`, and gives the exit code."""
    keyring = open_backup([pathlib.Path(page).read_text(encoding="utf-8") for page in options.shares])
    vault = Vault(options.vault) if options.vault else None
    if options.same_size:
        open_same_size(keyring, vault, source, sink)
        return 0
    ahead = source.read(len(MAGIC))
    source = io.BufferedReader(Again(ahead, source))
    if ahead == MAGIC:
        open_stream(keyring.keys, source, sink)
        return 0
    opener = Opener(keyring, vault, options.domain, options.json)
    if options.csv:
        tweaks = dict(pair.rsplit("=", 1) for pair in options.tweak_column)
        columns = [Column(keyring, text, tweaks, options.subject_column) for text in options.column]
        open_csv(opener, columns, options.delimiter, source, sink)
    else:
        # No token stands across the end of a line.
        for line in source:
            sink.write(opener.text(line))
    tell(opener)
    return 1 if opener.left else 0


def tell(opener):
    say = functools.partial(print, file=sys.stderr)
    say(f"rempart-open: {opener.opened} opened, {sum(opener.left.values())} left as they were")
    for reason, count in opener.left.most_common():
        say(f"  {count} {reason}")
    for host, count in opener.hosts.most_common(3):
        say(f"  {count} pointers stand in front of @{host}: where that is their own, add --domain {host}")


def main():
    options = read_options()
    try:
        code = carry_out(options, sys.stdin.buffer, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return code
    except (Wrong, OSError, sqlite3.Error, csv.Error) as error:
        print(f"rempart-open: {error}", file=sys.stderr)
    except (KeyError, TypeError, ValueError) as error:
        print(f"rempart-open: not in its form: {error!r}", file=sys.stderr)
    return 2


# The English list of BIP-39 by the four letters that tell its words apart.
WORD_LIST = """
aban abil able abou abov abse abso abst absu abus acce acci acco accu achi acid acou acqu acro act acti
acto actr actu adap add addi addr adju admi adul adva advi aero affa affo afra agai age agen agre ahea aim
air airp aisl alar albu alco aler alie all alle allo almo alon alph alre also alte alwa amat amaz amon amou
amus anal anch anci ange angl angr anim ankl anno annu anot answ ante anti anxi any apar apol appe appl
appr apri arch arct area aren argu arm arme armo army arou arra arre arri arro art arte arti artw ask aspe
assa asse assi assu asth athl atom atta atte atti attr auct audi augu aunt auth auto autu aver avoc avoi
awak awar away awes awfu awkw axis baby bach baco badg bag bala balc ball bamb bana bann bar bare barg barr
base basi bask batt beac bean beau beca beco beef befo begi beha behi beli belo belt benc bene best betr
bett betw beyo bicy bid bike bind biol bird birt bitt blac blad blam blan blas blea bles blin bloo blos
blou blue blur blus boar boat body boil bomb bone bonu book boos bord bori borr boss bott boun box boy brac
brai bran bras brav brea bree bric brid brie brig brin bris broc brok bron broo brot brow brus bubb budd
budg buff buil bulb bulk bull bund bunk burd burg burs bus busi busy butt buye buzz cabb cabi cabl cact
cage cake call calm came camp can cana canc cand cann cano canv cany capa capi capt car carb card carg carp
carr cart case cash casi cast casu cat cata catc cate catt caug caus caut cave ceil cele ceme cens cent
cere cert chai chal cham chan chao chap char chas chat chea chec chee chef cher ches chic chie chil chim
choi choo chro chuc chun chur ciga cinn circ citi city civi clai clap clar claw clay clea cler clev clic
clie clif clim clin clip cloc clog clos clot clou clow club clum clus clut coac coas coco code coff coil
coin coll colo colu comb come comf comi comm comp conc cond conf cong conn cons cont conv cook cool copp
copy cora core corn corr cost cott couc coun coup cour cous cove coyo crac crad craf cram cran cras crat
craw craz crea cred cree crew cric crim cris crit crop cros crou crow cruc crue crui crum crun crus cry
crys cube cult cup cupb curi curr curt curv cush cust cute cycl dad dama damp danc dang dari dash daug dawn
day deal deba debr deca dece deci decl deco decr deer defe defi defy degr dela deli dema demi deni dent
deny depa depe depo dept depu deri desc dese desi desk desp dest deta dete deve devi devo diag dial diam
diar dice dies diet diff digi dign dile dinn dino dire dirt disa disc dise dish dism diso disp dist dive
divi divo dizz doct docu dog doll dolp doma dona donk dono door dose doub dove draf drag dram dras draw
drea dres drif dril drin drip driv drop drum dry duck dumb dune duri dust dutc duty dwar dyna eage eagl
earl earn eart easi east easy echo ecol econ edge edit educ effo egg eigh eith elbo elde elec eleg elem
elep elev elit else emba embo embr emer emot empl empo empt enab enac end endl endo enem ener enfo enga
engi enha enjo enli enou enri enro ensu ente enti entr enve epis equa equi era eras erod eros erro erup
esca essa esse esta eter ethi evid evil evok evol exac exam exce exch exci excl excu exec exer exha exhi
exil exis exit exot expa expe expi expl expo expr exte extr eye eyeb fabr face facu fade fain fait fall
fals fame fami famo fan fanc fant farm fash fat fata fath fati faul favo feat febr fede fee feed feel fema
fenc fest fetc feve few fibe fict fiel figu file film filt fina find fine fing fini fire firm firs fisc
fish fit fitn fix flag flam flas flat flav flee flig flip floa floc floo flow flui flus fly foam focu fog
foil fold foll food foot forc fore forg fork fort foru forw foss fost foun fox frag fram freq fres frie
frin frog fron fros frow froz frui fuel fun funn furn fury futu gadg gain gala gall game gap gara garb gard
garl garm gas gasp gate gath gaug gaze gene geni genr gent genu gest ghos gian gift gigg ging gira girl
give glad glan glar glas glid glim glob gloo glor glov glow glue goat godd gold good goos gori gosp goss
gove gown grab grac grai gran grap gras grav grea gree grid grie grit groc grou grow grun guar gues guid
guil guit gun gym habi hair half hamm hams hand happ harb hard hars harv hat have hawk haza head heal hear
heav hedg heig hell helm help hen hero hidd high hill hint hip hire hist hobb hock hold hole holi holl home
hone hood hope horn horr hors hosp host hote hour hove hub huge huma humb humo hund hung hunt hurd hurr
hurt husb hybr ice icon idea iden idle igno ill ille illn imag imit imme immu impa impo impr impu inch incl
inco incr inde indi indo indu infa infl info inha inhe init inje inju inma inne inno inpu inqu insa inse
insi insp inst inta inte into inve invi invo iron isla isol issu item ivor jack jagu jar jazz jeal jean
jell jewe job join joke jour joy judg juic jump jung juni junk just kang keen keep ketc key kick kid kidn
kind king kiss kit kitc kite kitt kiwi knee knif knoc know lab labe labo ladd lady lake lamp lang lapt larg
late lati laug laun lava law lawn laws laye lazy lead leaf lear leav lect left leg lega lege leis lemo lend
leng lens leop less lett leve liar libe libr lice life lift ligh like limb limi link lion liqu list litt
live liza load loan lobs loca lock logi lone long loop lott loud loun love loya luck lugg lumb luna lunc
luxu lyri mach mad magi magn maid mail main majo make mamm man mana mand mang mans manu mapl marb marc marg
mari mark marr mask mass mast matc mate math matr matt maxi maze mead mean meas meat mech meda medi melo
melt memb memo ment menu merc merg meri merr mesh mess meta meth midd midn milk mill mimi mind mini mino
minu mira mirr mise miss mist mix mixe mixt mobi mode modi mom mome moni monk mons mont moon mora more morn
mosq moth moti moto moun mous move movi much muff mule mult musc muse mush musi must mutu myse myst myth
naiv name napk narr nast nati natu near neck need nega negl neit neph nerv nest net netw neut neve news
next nice nigh nobl nois nomi nood norm nort nose nota note noth noti nove now nucl numb nurs nut oak obey
obje obli obsc obse obta obvi occu ocea octo odor off offe offi ofte oil okay old oliv olym omit once one
onio onli only open oper opin oppo opti oran orbi orch orde ordi orga orie orig orph ostr othe outd oute
outp outs oval oven over own owne oxyg oyst ozon pact padd page pair pala palm pand pane pani pant pape
para pare park parr part pass patc path pati patr patt paus pave paym peac pean pear peas peli pen pena
penc peop pepp perf perm pers pet phon phot phra phys pian picn pict piec pig pige pill pilo pink pion pipe
pist pitc pizz plac plan plas plat play plea pled pluc plug plun poem poet poin pola pole poli pond pony
pool popu port posi poss post pota pott pove powd powe prac prai pred pref prep pres pret prev pric prid
prim prin prio pris priv priz prob proc prod prof prog proj prom proo prop pros prot prou prov publ pudd
pull pulp puls pump punc pupi pupp purc puri purp purs push put puzz pyra qual quan quar ques quic quit
quiz quot rabb racc race rack rada radi rail rain rais rall ramp ranc rand rang rapi rare rate rath rave
raw razo read real reas rebe rebu reca rece reci reco recy redu refl refo refu regi regr regu reje rela
rele reli rely rema reme remi remo rend rene rent reop repa repe repl repo requ resc rese resi reso resp
resu reti retr retu reun reve revi rewa rhyt rib ribb rice rich ride ridg rifl righ rigi ring riot ripp
risk ritu riva rive road roas robo robu rock roma roof rook room rose rota roug roun rout roya rubb rude
rug rule run runw rura sad sadd sadn safe sail sala salm salo salt salu same samp sand sati sato sauc saus
save say scal scan scar scat scen sche scho scie scis scor scou scra scre scri scru sea sear seas seat seco
secr sect secu seed seek segm sele sell semi seni sens sent seri serv sess sett setu seve shad shaf shal
shar shed shel sher shie shif shin ship shiv shoc shoe shoo shop shor shou shov shri shru shuf shy sibl
sick side sieg sigh sign sile silk sill silv simi simp sinc sing sire sist situ six size skat sket ski skil
skin skir skul slab slam slee slen slic slid slig slim slog slot slow slus smal smar smil smok smoo snac
snak snap snif snow soap socc soci sock soda soft sola sold soli solu solv some song soon sorr sort soul
soun soup sour sout spac spar spat spaw spea spec spee spel spen sphe spic spid spik spin spir spli spoi
spon spoo spor spot spra spre spri spy squa sque squi stab stad staf stag stai stam stan star stat stay
stea stee stem step ster stic stil stin stoc stom ston stoo stor stov stra stre stri stro stru stud stuf
stum styl subj subm subw succ such sudd suff suga sugg suit summ sun sunn suns supe supp supr sure surf
surg surp surr surv susp sust swal swam swap swar swea swee swif swim swin swit swor symb symp syru syst
tabl tack tag tail tale talk tank tape targ task tast tatt taxi teac team tell ten tena tenn tent term test
text than that them then theo ther they thin this thou thre thri thro thum thun tick tide tige tilt timb
time tiny tip tire tiss titl toas toba toda todd toe toge toil toke toma tomo tone tong toni tool toot top
topi topp torc torn tort toss tota tour towa towe town toy trac trad traf trag trai tran trap tras trav
tray trea tree tren tria trib tric trig trim trip trop trou truc true trul trum trus trut try tube tuit
tumb tuna tunn turk turn turt twel twen twic twin twis two type typi ugly umbr unab unaw uncl unco unde
undo unfa unfo unha unif uniq unit univ unkn unlo unti unus unve upda upgr upho upon uppe upse urba urge
usag use used usef usel usua util vaca vacu vagu vali vall valv van vani vapo vari vast vaul vehi velv vend
vent venu verb veri vers very vess vete viab vibr vici vict vide view vill vint viol virt viru visa visi
visu vita vivi voca voic void volc volu vote voya wage wago wait walk wall waln want warf warm warr wash
wasp wast wate wave way weal weap wear weas weat web wedd week weir welc west wet whal what whea whee when
wher whip whis wide widt wife wild will win wind wine wing wink winn wint wire wisd wise wish witn wolf
woma wond wood wool word work worl worr wort wrap wrec wres wris writ wron yard year yell you youn yout
zebr zero zone zoo
"""
WORD_NUMBERS = {word: n for n, word in enumerate(WORD_LIST.split())}

if __name__ == "__main__":
    sys.exit(main())
