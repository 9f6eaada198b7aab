"""Opens every vector with the exit kit, `tools/rempart-open.py`, which shares no line with Rempart.

Takes the folders of cases, prints what failed and "N passed, N failed". What the kit does not need to open a value
(how a salt is drawn again, what a `stable` field remembers, which words a set is of) is tried here.
"""

import importlib.util
import io
import json
import pathlib
import re
import sqlite3
import sys
import tempfile
import unicodedata

from cryptography.exceptions import InvalidTag

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[3]
specification = importlib.util.spec_from_file_location("kit", ROOT / "tools" / "rempart-open.py")
kit = importlib.util.module_from_spec(specification)
specification.loader.exec_module(kit)
require = kit.require

KINDS = ["sealed", "committed", "match", "words", "committed-words"]
TYPES = ["string", "number", "boolean"]
# The stop words that the cases hold.
STOP_WORDS = {"la", "eu", "de"}


def key_of(case):
    """The key of an epoch of a field, or of a subject in it."""
    secret, subject = bytes.fromhex(case["epoch_secret"]), None
    if "subject" in case:
        secret += bytes.fromhex(case["subject"]["secret"])
        subject = bytes.fromhex(case["subject"]["name"])
    return kit.Key(case["app"], case["field"], case["epoch"], secret, subject)


def open_token(case):
    text, key = case["token"].encode(), key_of(case)
    require(text[:4] == b"q671", "the prefix")
    token = kit.read_token(text)
    require(token.stop == len(text), "where it ends")
    require(KINDS[token.kind] == case["kind"], "the kind")
    require(token.key_id == case["key_id"], "the key id")
    plain = kit.open_token(key, token)
    require(plain.hex() == case["plain"], "the plaintext")
    require(kit.open_token(key, kit.read_token(text.upper())) == plain, "letter case")
    if token.kind == kit.MATCH:
        require(token.length == len(plain), "the length")
        return
    require(TYPES[token.value_type] == case["value_type"], "the type")
    require(token.body.hex().startswith(case["salt"]), "the salt")
    require(token.length == padded_length(case.get("pad"), len(plain)), "the pad")
    words = case["token"].split("-")[1:]
    require(token.words == len(words), "the number of words")
    if token.kind in (kit.WORDS, kit.COMMITTED_WORDS):
        require(words == set_of(key, plain.decode()), "the words")


def padded_length(pad, plain):
    how, n = (pad or "classes 16").split()
    n = int(n)
    if how == "classes":
        return max(n, 1 << plain.bit_length())
    return (plain // n + 1) * n if how == "multiple" else n


def set_of(key, text):
    """The word tokens of a text whose stop words are all of `STOP_WORDS`."""
    folded = unicodedata.normalize("NFKD", text)
    folded = "".join(c.lower() for c in folded if not unicodedata.category(c).startswith("M"))
    for spelled, letters in (("œ", "oe"), ("æ", "ae"), ("ß", "ss"), ("ς", "σ")):
        folded = folded.replace(spelled, letters)
    words = {word for word in re.findall(r"[^\W_]+", folded) if len(word) > 1} - STOP_WORDS
    tokens = set()
    for word in words:
        code = int.from_bytes(kit.mac(key.derived(b"field-words", 64), word.encode()), "big")
        for group in range(17):
            bits = code >> (256 - 15 * (group + 1)) & 0x7FFF
            token = "w" + "".join(kit.ALPHABET[bits >> shift & 31] for shift in (10, 5, 0))
            if any(c.isdigit() for c in token):
                break
        tokens.add(token)
    return sorted(tokens)


def check_repeat(case):
    """The stream that salts of a request with an idempotency key come from."""
    parts = kit.encode([bytes.fromhex(part) for part in case["parts"]])
    seed = kit.mac(key_of(case).derived(b"field-repeat", 64), parts)
    stream = b"".join(kit.mac(seed, kit.number(i, 8)) for i in range(4))
    require(stream.hex().startswith(case["stream"]), "the stream")


def open_stable(case):
    """The row of a token that is remembered."""
    secret, app = bytes.fromhex(case["app_secret"]), [case["app"].encode()]
    parts = (case["field"].encode(), case["resource"].encode(), bytes.fromhex(case["value"]))
    named = b"".join(kit.number(len(part), 8) + part for part in parts)
    name = kit.mac(kit.derive(secret, b"stable-name", app, 64), named)[:20]
    require(name.hex() == case["name"], "the name")
    sealed = bytes.fromhex(case["sealed"])
    require(sealed[:24].hex() == case["salt"], "the salt")
    token = kit.xaes(kit.derive(secret, b"stable-seal", app, 32), sealed[:24], sealed[24:], name)
    require(token.decode() == case["token"], "the token")


def open_format(case):
    key = kit.Key(case["app"], case["field"], 1, bytes.fromhex(case["epoch_secret"]))
    format_key = kit.format_key(key, case["shape"])
    value = kit.open_format(format_key, case["shape"], case["stand_in"], bytes.fromhex(case["tweak"]))
    require(value == case["value"], "the value")


def open_shift(case):
    secret, subject = bytes.fromhex(case["epoch_secret"]), None
    if "subject_secret" in case:
        secret += bytes.fromhex(case["subject_secret"])
        subject = bytes.fromhex(case["subject_name"])
    key = kit.shift_key(kit.Key(case["app"], case["field"], 1, secret, subject))
    date = kit.unshift(key, case["days"], bytes.fromhex(case["subject"]), case["stand_in"])
    require(date == case["value"], "the date")


def open_pointer(case, text=None):
    text = text or case["token"]
    require(text[:4] == "z671", "the prefix")
    open_bare(case, text[4:])


def open_bare(case, text=None):
    row, check = kit.read_pointer((text or case["pointer"]).encode())
    require(row == int(case["id"], 16), "the id")
    secret = bytes.fromhex(case["app_secret"])
    require(kit.is_pointer_of(secret, case["app"], case["field"], row, check), "the check")


def open_digits(case):
    secret, text = bytes.fromhex(case["app_secret"]), case["pointer"]
    row = kit.read_digits(secret, case["app"], case["field"], text, len(text))
    require(row == int(case["id"], 16), "the id")


def open_email(case):
    local, _, domain = case["pointer"].partition("@")
    require(domain == case["domain"], "the domain")
    open_pointer(case, local)


class Stub:
    """What the kit asks of a keyring and of a vault, with the keys of some cases and one row."""

    def __init__(self, cases, pointer, row):
        self.keys = {case["key_id"]: key_of(case) for case in cases}
        self.gone, self.fields = {"0badc0de"}, {pointer["app"]: {pointer["field"]}}
        self.pointer, self.row = pointer, row

    def app_secret(self, app, purpose):
        return bytes.fromhex(self.pointer["app_secret"])

    def kept(self, app, row):
        return (self.pointer["field"], self.row) if row == int(self.pointer["id"], 16) else None


def check_text():
    """Tokens glued to text, in any case, with a part of their words; and what is to stay."""
    folder = pathlib.Path(__file__).parent

    def case(name):
        return json.loads((folder / f"{name}.json").read_text())

    sealed, words = case("vectors/sealed-number"), case("vectors/words-folded")
    pointer = case("stand_ins/pointer-email")
    token, note = sealed["token"].encode(), words["token"].encode()
    number, text = bytes.fromhex(sealed["plain"]), bytes.fromhex(words["plain"])
    # Its key counts as one of the pointer's field, so that it can stand in the row.
    stub = Stub([sealed, words], pointer, token)
    stub.keys[sealed["key_id"]].field = pointer["field"]
    local, domain = (part.encode() for part in pointer["pointer"].split("@"))

    def opened(text, left=0, **options):
        opener = kit.Opener(stub, stub, **options)
        result = opener.text(text)
        require(sum(opener.left.values()) == left, f"{sum(opener.left.values())} left of {text}")
        return result

    for given, wanted, left in [
        (b"x" + token + token.upper() + b"yz", b"x" + number * 2 + b"yz", 0),
        (b"<" + note + b">", b"<" + text + b">", 0),
        (note[:-2] + b"\xe2\x80\xa6", text + b"\xe2\x80\xa6", 0),
        (note + b"-west-w", text + b"-west-w", 0),
        (note.upper() + note, text * 2, 0),
        (token[:-1], token[:-1], 1),
        (token[:20] + b"..." + token, token[:20] + b"..." + number, 1),
        (token[:11], token[:11], 0),
        (token[:-3] + b"0" + token[-2:], token[:-3] + b"0" + token[-2:], 1),
        (b"q671 Z671 q671q671 z671!", b"q671 Z671 q671q671 z671!", 0),
        (local.upper() + b"@" + domain, number + b"@" + domain, 0),
        (local[:-1] + b"!", local[:-1] + b"!", 0),
        (local[:-1] + b"0", local[:-1] + b"0", 1),
    ]:
        require(opened(given, left) == wanted, f"{given}")
    own = {"domains": [pointer["domain"]]}
    for behind, rest in [(b"", b""), (b".", b"."), (b">,", b">,"), (b" x", b" x")]:
        require(opened(local + b"@" + domain.upper() + behind, **own) == number + rest, "an address")
    for behind in (b".com", b"-x", b"_", b"s", b"\xc3\xa9"):
        elsewhere = b"@" + domain + behind
        require(opened(local + elsewhere, **own) == number + elsewhere, "an address elsewhere")
    require(opened(b'{"n":"' + token + b'"}', is_json=True) == b'{"n":' + number + b"}", "a number in JSON")
    require(opened(b'"a ' + token + b'"', is_json=True) == b'"a ' + number + b'"', "a number in a JSON string")
    require(kit.as_json(b'\x00"\\\n') == b'\\u0000\\"\\\\\\n', "JSON")
    foreign = kit.Opener(Stub([], pointer, token), None)
    require(foreign.text(token + local) == token + local and sum(foreign.left.values()) == 2, "keys of others")


class Records:
    """What the kit asks of a keyring and of a vault, for one file."""

    def __init__(self, case):
        self.case, self.keys, self.fields = case, {case["key_id"]: key_of(case)}, {case["app"]: {case["field"]}}

    def app_secret(self, app, purpose):
        require((app, purpose) == (self.case["app"], b"segment"), "the app secret")
        return bytes.fromhex(self.case["app_secret"])

    def segments(self, app, fingerprint):
        kept = self.case["records"]
        return [bytes.fromhex(record["sealed"]) for record in kept if record["fingerprint"] == fingerprint.hex()]


def open_file(case, folder):
    sealed, opened = (folder / case["sealed"]).read_bytes(), io.BytesIO()
    if case["layout"] == "stream":
        require(sealed[14:46].hex() == case["salt"], "the salt")
        kit.open_stream({case["key_id"]: key_of(case)}, io.BytesIO(sealed), opened)
    else:
        kit.open_same_size(Records(case), Records(case), io.BytesIO(sealed), opened)
    require(opened.getvalue() == bytes((7 * i + i // 256) % 256 for i in range(case["length"])), "the plaintext")


OPENERS = {
    **dict.fromkeys(KINDS, open_token),
    "repeat": check_repeat,
    "stable": open_stable,
    "pointer": open_pointer,
    "format": open_format,
    "shift": open_shift,
    "bare": open_bare,
    "digits": open_digits,
    "email": open_email,
}


def check(path):
    case = json.loads(path.read_text())
    if "layout" in case:
        open_file(case, path.parent)
    else:
        OPENERS[case["kind"]](case)


def check_backup():
    """The word list, and pages that were printed once: two of three give every key that lives."""
    listed = (ROOT / "crates/keys/src/backup/words.txt").read_text().split()
    require([word[:4] for word in listed] == kit.WORD_LIST.split(), "the words")
    folder = ROOT / "crates/keys/tests/fixtures/backup-1"
    pages = [page.read_text() for page in sorted(folder.glob("*.txt"))]
    for chosen in (pages[:2], pages[:0:-1], pages[::2]):
        keyring = kit.open_backup(chosen)
        require(sorted(keyring.keys) == ["324bb378", "40268b43", "806160e7"], "the keys")
        require(keyring.gone == {"b7c0ba28", "832148c0"}, "what was destroyed")


def check_vault():
    """A vault in SQLite whose last rows are in its log, and one as tables of PostgreSQL in CSV."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "vault #1.db"
        database = sqlite3.connect(path)
        database.executescript(
            "PRAGMA journal_mode = WAL; CREATE TABLE kept (app TEXT, pointer INTEGER, field TEXT, sealed BLOB);"
            "CREATE TABLE segments (app TEXT, fingerprint BLOB, sealed BLOB);"
            "INSERT INTO kept VALUES ('crm', 1099511627775, 'code', x'0aff'), ('crm', 7, '', x'');"
            "INSERT INTO segments VALUES ('crm', x'0102', x'03'), ('crm', x'0102', x'04'), ('hr', x'0102', x'05');"
        )
        kept, segments = pathlib.Path(folder) / "kept.csv", pathlib.Path(folder) / "segments.csv"
        kept.write_text("app,pointer,field,sealed\ncrm,1099511627775,code,\\x0aff\ncrm,7,,\\x\n")
        lines = [f"{app},\\x0102,\\x{sealed}" for app, sealed in (("crm", "03"), ("crm", "04"), ("hr", "05"))]
        segments.write_text("\n".join(["app,fingerprint,sealed", *lines, ""]))
        for paths in ([path], [kept, segments]):
            vault = kit.Vault(paths)
            require(vault.kept("crm", 2**40 - 1) == ("code", b"\x0a\xff"), "a row")
            require(not vault.kept("crm", 7) and not vault.kept("hr", 2**40 - 1), "no row")
            require(sorted(vault.segments("crm", b"\1\2")) == [b"\3", b"\4"], "records")
        database.close()


def main(folders):
    passed = failed = 0
    paths = [path for folder in folders for path in sorted(pathlib.Path(folder).glob("*.json"))]
    apart = [("backup-1", check_backup), ("tokens in text", check_text), ("vault", check_vault)]
    for name, run in [*apart, *((path.name, lambda path=path: check(path)) for path in paths)]:
        try:
            run()
            passed += 1
        except (kit.Wrong, InvalidTag, KeyError, IndexError, ValueError) as error:
            failed += 1
            print(f"{name}: {error!r}")
    print(f"{passed} passed, {failed} failed")
    return 0 if paths and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
