"""Opens every stand-in of tests/stand_ins with code that shares no line with Rempart.

Written from docs/token-format.md alone, on the `cryptography` package of PyPI. Takes the folder of cases, prints
"N passed, N failed", and what failed before that.
"""

import datetime
import hashlib
import hmac
import json
import pathlib
import re
import string
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
DIGITS = string.digits
NOT_ZERO = DIGITS[1:]
LETTERS = string.ascii_uppercase
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


class Wrong(Exception):
    """A case that is not what the format says."""


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


def derive(secret, purpose, parts, length=64):
    info = encode([b"rempart/v1", purpose, *parts])
    return HKDF(hashes.SHA256(), length, salt=None, info=info).derive(secret)


def mac(key, message):
    return hmac.digest(key, message, hashlib.sha256)


# FF1: algorithm 8 of SP 800-38G, on numerals as a list.


def numeral_value(numerals, radix):
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
    aes = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    n, t = len(numerals), len(tweak)
    u = n // 2
    v = n - u
    a, b = numerals[:u], numerals[u:]
    bits = (radix**v - 1).bit_length()
    half = (bits + 7) // 8
    d = 4 * ((half + 3) // 4) + 4
    p = bytes([1, 2, 1]) + number(radix, 3) + bytes([10, u % 256]) + number(n, 4) + number(t, 4)
    for i in reversed(range(10)):
        q = tweak + bytes((-t - half - 1) % 16) + bytes([i]) + number(numeral_value(a, radix), half)
        state = bytes(16)
        for at in range(0, len(p + q), 16):
            state = aes.update(bytes(x ^ y for x, y in zip(state, (p + q)[at : at + 16])))
        require(d <= 16, "a half beyond 96 bits")
        y = int.from_bytes(state[:d], "big")
        m = u if i % 2 == 0 else v
        c = (numeral_value(b, radix) - y) % radix**m
        a, b = numerals_of(c, radix, m), a
    return a + b


# Check digits.


def luhn(digits):
    total = 0
    for at, digit in enumerate(reversed(digits)):
        twice = int(digit) * (2 if at % 2 else 1)
        total += twice // 10 + twice % 10
    return total % 10 == 0


def with_luhn(symbols, at):
    for digit in DIGITS:
        tried = symbols[:at] + [digit] + symbols[at + 1 :]
        if luhn(tried):
            return tried
    raise Wrong("no Luhn digit")


def vin_digit(symbols):
    values = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", [*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)]))
    weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
    total = sum(weight * (values[s] if s in values else int(s)) for s, weight in zip(symbols, weights))
    return "0123456789X"[total % 11]


def ramq_digit(symbols, year, month, woman):
    text = "".join(symbols[:4]) + f"{year:04}" + "MF"[woman] + f"{month:02}" + "".join(symbols[8:11])
    codes = text.encode("cp037")
    weights = [1, 3, 7, 9, 1, 7, 1, 3, 4, 5, 7, 6, 9, 1]
    return str(sum(code * weight for code, weight in zip(codes, weights)) % 10)


# Sets that take several symbols: how many values, rank, spelling.


class One:
    def __init__(self, alphabet):
        self.alphabet, self.width, self.size = alphabet, 1, len(alphabet)

    def rank(self, text):
        require(text in self.alphabet, "a symbol of no set")
        return self.alphabet.index(text)

    def spell(self, rank):
        return self.alphabet[rank]


class Network:
    width = 6

    def __init__(self, name):
        known = sorted(r for ranges in NETWORKS.values() for r in ranges)
        if name == "other":
            starts = [0] + [last + 1 for _, last in known]
            ends = [first - 1 for first, _ in known] + [999999]
            self.ranges = [(a, b) for a, b in zip(starts, ends) if a <= b]
        else:
            self.ranges = NETWORKS[name]
        self.size = sum(last - first + 1 for first, last in self.ranges)

    def rank(self, text):
        before = 0
        for first, last in self.ranges:
            if first <= int(text) <= last:
                return before + int(text) - first
            before += last - first + 1
        raise Wrong("another network")

    def spell(self, rank):
        for first, last in self.ranges:
            if rank <= last - first:
                return f"{first + rank:06}"
            rank -= last - first + 1
        raise Wrong("beyond the network")


class NorthAmerican:
    width, size = 10, 792 * 792 * 10000
    codes = [f"{code}" for code in range(200, 1000) if code % 100 != 11]

    def rank(self, text):
        area, exchange = self.codes.index(text[:3]), self.codes.index(text[3:6])
        return (area * 792 + exchange) * 10000 + int(text[6:])

    def spell(self, rank):
        codes, line = divmod(rank, 10000)
        return self.codes[codes // 792] + self.codes[codes % 792] + f"{line:04}"


class Insured:
    width = 12

    def __init__(self, first, last):
        self.first = datetime.date(first, 1, 1)
        self.days = (datetime.date(last + 1, 1, 1) - self.first).days
        self.size = 26**4 * 2 * self.days * 9

    def rank(self, text):
        born, woman = holder(text)
        letters = numeral_value([LETTERS.index(letter) for letter in text[:4]], 26)
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


def domain(shape, head, symbols):
    """Name, places as (first symbol, set), what is kept, how it is completed."""
    text = "".join(symbols)
    pattern = re.sub("[A-Z]", "A", re.sub("[0-9]", "9", text))
    of = {"9": One(DIGITS), "A": One(LETTERS)}
    row = list(enumerate(of[class_] for class_ in pattern))
    digits = lambda first, end: [(at, One(DIGITS)) for at in range(first, end)]
    n = len(symbols)
    as_it_is = lambda symbols: symbols
    if shape == "alnum":
        return "alnum:" + pattern, row, "", as_it_is
    if shape == "postal":
        first, other = One("ABCEGHJKLMNPRSTVXY"), One("ABCEGHJKLMNPRSTVWXYZ")
        sets = [first, of["9"], other, of["9"], other, of["9"]]
        return "postal", list(enumerate(sets)), "", as_it_is
    if shape == "sin":
        require(luhn(symbols), "Luhn")
        return "sin", [(0, One("12345679")), *digits(1, 8)], "", lambda symbols: with_luhn(symbols, 8)
    if shape == "plate":
        if pattern.startswith("A9"):
            kind = "CFLRTV" if text[0] in "CFLRTV" else "ABDEGHIJKMNOPQSUWXYZ"
            row[0] = (0, One(kind))
            pattern = ("C" if kind == "CFLRTV" else "P") + pattern[1:]
        return "plate:" + pattern, row, "", as_it_is
    if shape == "vin":
        require(vin_digit(symbols) == text[8], "the check digit")
        letters = One("ABCDEFGHJKLMNPRSTUVWXYZ")
        year = {"9": One(NOT_ZERO), "A": One("ABCDEFGHJKLMNPRSTVWXY")}
        places = [(at, {"9": of["9"], "A": letters}[pattern[at]]) for at in range(17) if at != 8]
        places[8] = (9, year[pattern[9]])
        complete = lambda symbols: symbols[:8] + [vin_digit(symbols)] + symbols[9:]
        return "vin:" + pattern[:8] + pattern[9:], places, "", complete
    if shape.startswith("card"):
        require(luhn(symbols), "Luhn")
        prefix = int(text[:6])
        inside = lambda ranges: any(first <= prefix <= last for first, last in ranges)
        name = next((name for name, ranges in NETWORKS.items() if inside(ranges)), "other")
        network = [(0, Network(name))]
        if shape == "card":
            return f"card:{name}:{n}", network + digits(6, n - 1), "", lambda s: with_luhn(s, n - 1)
        if shape == "card:bin":
            return f"card:bin:{n}", digits(6, n - 1), text[:6], lambda s: with_luhn(s, n - 1)
        return f"card:last4:{name}:{n}", network + digits(6, n - 5), text[-4:], lambda s: with_luhn(s, n - 5)
    if shape == "phone":
        if n == 10 and "+" not in head or n == 11 and text[0] == "1":
            return "phone:1", [(n - 10, NorthAmerican())], "", as_it_is
        require("+" in head, "no country")
        code = 1 if text[0] in "17" else 2 if text[:2] in TWO_DIGITS else 3
        zero = text[code] == "0"
        places = digits(code + 1, n) if zero else [(code, One(NOT_ZERO)), *digits(code + 1, n)]
        return f"phone:{text[:code]}:{n - code}" + (":0" if zero else ""), places, "", as_it_is
    if shape == "ramq":
        born, _ = holder(text)
        first, last = (1900, 2025) if born.year <= 2025 else (born.year, born.year)
        return f"ramq:{first}-{last}", [(0, Insured(first, last))], "", as_it_is
    require(shape == "number", "the shape")
    whole, _, fraction = head.lstrip("-").partition(".")
    first = len(text) - len(text.lstrip("0"))
    end = n - (len(fraction) - len(fraction.rstrip("0")))
    behind = max(0, end - len(whole))
    bound = lambda at: at == first or behind and at == end - 1
    places = [(at, One(NOT_ZERO if bound(at) else DIGITS)) for at in range(first, end)]
    return f"number:{end - first}.{behind}", places, "", as_it_is


def open_format(case):
    secret, tweak = bytes.fromhex(case["epoch_secret"]), bytes.fromhex(case["tweak"])
    shape, text = case["shape"], case["stand_in"]
    names = [case["app"].encode(), case["field"].encode(), shape.encode()]
    format_key = derive(secret, b"field-format", names)
    key = lambda name, radix, length: mac(format_key, encode([name.encode(), number(radix, 4), number(length, 4)]))
    head, extension = text, ""
    if shape == "phone":
        head, extension = re.fullmatch(r"([^A-Za-z]*)((?i:x|ext|extension|poste)?[^A-Za-z]*)", text).groups()
    symbols = [s.upper() for s in head if s in string.ascii_letters + DIGITS]
    if shape == "digits":
        opened = ff1_decrypt(key("digits", 10, len(symbols)), 10, tweak, [int(s) for s in symbols])
        symbols = [str(digit) for digit in opened]
    else:
        name, places, kept, complete = domain(shape, head, symbols)
        size, rank = 1, 0
        for at, held in places:
            size *= held.size
            rank = rank * held.size + held.rank("".join(symbols[at : at + held.width]))
        require(size >= 10**6, "the domain")
        bits = (size - 1).bit_length()
        domain_key = key(name, 2, bits)
        while True:
            opened = ff1_decrypt(domain_key, 2, kept.encode() + tweak, numerals_of(rank, 2, bits))
            rank = numeral_value(opened, 2)
            if rank < size:
                break
        for at, held in reversed(places):
            rank, digit = divmod(rank, held.size)
            symbols[at : at + held.width] = held.spell(digit)
        symbols = complete(symbols)
    opened = iter(symbols)
    value = "".join(
        (next(opened).lower() if c.islower() else next(opened)) if c in string.ascii_letters + DIGITS else c for c in head
    )
    require(value + extension == case["value"], "the value")


def open_shift(case):
    secret, names = bytes.fromhex(case["epoch_secret"]), [case["app"].encode(), case["field"].encode()]
    if "subject_secret" in case:
        secret += bytes.fromhex(case["subject_secret"])
        names.append(bytes.fromhex(case["subject_name"]))
    days = case["days"]
    drawn = mac(derive(secret, b"field-shift", names), number(days, 4) + bytes.fromhex(case["subject"]))
    d = int.from_bytes(drawn[:8], "big") % (2 * days)
    moved = d - days if d < days else d - days + 1
    date = datetime.date.fromisoformat(case["stand_in"][:10]) - datetime.timedelta(days=moved)
    require(date.isoformat() + case["stand_in"][10:] == case["value"], "the date")


def pointer_key(case, purpose):
    return derive(bytes.fromhex(case["app_secret"]), purpose, [case["app"].encode()])


def open_bare(case, text=None):
    text = text or case["pointer"]
    require(len(text) == 12, "the length")
    bits = numeral_value([ALPHABET.index(c) for c in text], 32)
    pointed, check = bits >> 20, bits & 0xFFFFF
    require(pointed == int(case["id"], 16), "the id")
    expected = mac(pointer_key(case, b"pointer-check"), number(pointed, 8) + case["field"].encode())
    require(check == int.from_bytes(expected[:3], "big") >> 4, "the check")


def open_digits(case):
    text = case["pointer"]
    pointed, check = int(text[:12]), text[12:]
    require(pointed == int(case["id"], 16), "the id")
    expected = mac(pointer_key(case, b"pointer-digits"), number(pointed, 8) + case["field"].encode())
    if check:
        digits = int.from_bytes(expected[:8], "big") % 10 ** len(check)
        require(f"{digits:0{len(check)}}" == check, "the check digits")


def open_email(case):
    local, _, domain = case["pointer"].partition("@")
    require(domain == case["domain"] and local[:4] == "z671", "the address")
    open_bare(case, local[4:])


OPENERS = {"format": open_format, "shift": open_shift, "bare": open_bare, "digits": open_digits, "email": open_email}


def main(folder):
    passed = failed = 0
    for path in sorted(pathlib.Path(folder).glob("*.json")):
        try:
            case = json.loads(path.read_text())
            OPENERS[case["kind"]](case)
            passed += 1
        except (Wrong, KeyError, IndexError, ValueError, AttributeError) as error:
            failed += 1
            print(f"{path.name}: {error!r}")
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
