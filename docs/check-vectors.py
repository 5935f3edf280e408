#!/usr/bin/env python3
"""Checks protocol-vectors.json against the tables of protocol.md, and nothing else.

    pip install xxhash
    docs/check-vectors.py            # each vector's bytes and fields say the same by the page
    docs/check-vectors.py --write    # fill in "hex" from "fields"

Exit code 0: all agree. 1: some do not, with a line for each. 2: xxhash is missing.
"""

import json
import pathlib
import re
import struct
import sys

try:
    import xxhash
except ImportError:
    print("check-vectors: the Python package xxhash is missing (pip install xxhash)")
    sys.exit(2)

HERE = pathlib.Path(__file__).resolve().parent
PLAIN = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "f32": "f", "f64": "d"}
STRINGS = {"string": 65_535, "name": 64, "text": 4_096, "stream": 64, "pattern": 64}


class Page:
    """The tables of protocol.md: messages, structures and choices by name."""

    def __init__(self, text):
        self.messages, self.structures, self.choices = {}, {}, {}
        heading, columns = "", []
        for line in text.splitlines():
            if line.startswith("#"):
                heading, columns = line.lstrip("#").strip(), []
                self.open(heading)
            elif line.startswith("|"):
                cells = [cell.strip() for cell in line.strip("|").split("|")]
                if not columns:
                    columns = cells
                elif not cells[0].startswith("---"):
                    self.add(heading, columns, cells)
            else:
                columns = []

    def open(self, heading):
        if message := re.fullmatch(r"([A-Z_]+) \(type (\d+)\)", heading):
            self.messages[message[1]] = (int(message[2]), [])
        elif choice := re.fullmatch(r"(\w+) \((u8|u16)\)", heading):
            self.choices[choice[1]] = (choice[2], {})

    def add(self, heading, columns, cells):
        name = heading.split(" ")[0]
        if columns[:2] == ["field", "type"]:
            if name in self.messages:
                self.messages[name][1].append((cells[0], cells[1]))
            else:
                self.structures.setdefault(name, []).append((cells[0], cells[1]))
        elif columns[:2] == ["value", "name"] and name in self.choices:
            self.choices[name][1][cells[1]] = int(cells[0])

    # Writing.

    def encode(self, message, fields):
        number, table = self.messages[message]
        body = self.encode_table(table, fields)
        start = b"ZW" + struct.pack("<BBI", 1, number, 16 + len(body))
        return start + struct.pack("<Q", checksum(start, body)) + body

    def encode_table(self, table, fields):
        known = [name for name, kind in table if is_there(kind, fields)]
        if list(fields) != known:
            raise ValueError(f"fields are {list(fields)}, the page says {known}")
        kinds = dict(table)
        return b"".join(self.encode_value(kinds[name], fields[name]) for name in known)

    def encode_value(self, kind, value):
        kind = kind.split(" when ")[0]
        if kind in PLAIN:
            return struct.pack("<" + PLAIN[kind], value)
        if kind in ("number", "instant"):
            return struct.pack("<q", value)
        if kind == "flag":
            return bytes([int(value)])
        if kind in STRINGS:
            raw = value.encode()
            return struct.pack("<H", len(raw)) + raw
        if kind.startswith("list of "):
            items = [self.encode_value(kind[8:], item) for item in value]
            return struct.pack("<I", len(items)) + b"".join(items)
        if kind.startswith("optional "):
            return b"\0" if value is None else b"\1" + self.encode_value(kind[9:], value)
        if kind in self.choices:
            integer, names = self.choices[kind]
            return struct.pack("<" + PLAIN[integer], names[value])
        return self.encode_table(self.structures[kind], value)

    # Reading.

    def decode(self, message, data):
        number, table = self.messages[message]
        magic, version, kind, length, found = struct.unpack_from("<2sBBIQ", data)
        expect((magic, version, kind, length) == (b"ZW", 1, number, len(data)), "prefix")
        expect(found == checksum(data[:8], data[16:]), "checksum")
        fields, end = self.decode_table(table, data, 16)
        expect(end == len(data), "bytes behind the last field")
        return fields

    def decode_table(self, table, data, at):
        fields = {}
        for name, kind in table:
            if is_there(kind, fields):
                fields[name], at = self.decode_value(kind, data, at)
        return fields, at

    def decode_value(self, kind, data, at):
        kind = kind.split(" when ")[0]
        if kind in PLAIN:
            return take(PLAIN[kind], data, at)
        if kind in ("number", "instant"):
            value, at = take("q", data, at)
            expect(value >= 0, kind)
            return value, at
        if kind == "flag":
            value, at = take("B", data, at)
            expect(value < 2, kind)
            return bool(value), at
        if kind in STRINGS:
            size, at = take("H", data, at)
            expect(size <= STRINGS[kind] and at + size <= len(data), kind)
            value = data[at : at + size].decode()
            allowed = {"stream": r"[a-z0-9\-_./]+", "pattern": r"[a-z0-9\-_./*]+"}.get(kind)
            expect(allowed is None or re.fullmatch(allowed, value), kind)
            return value, at + size
        if kind.startswith("list of "):
            count, at = take("I", data, at)
            items = []
            for _ in range(count):
                item, at = self.decode_value(kind[8:], data, at)
                items.append(item)
            return items, at
        if kind.startswith("optional "):
            there, at = self.decode_value("flag", data, at)
            return self.decode_value(kind[9:], data, at) if there else (None, at)
        if kind in self.choices:
            integer, names = self.choices[kind]
            value, at = take(PLAIN[integer], data, at)
            return next(name for name, number in names.items() if number == value), at
        return self.decode_table(self.structures[kind], data, at)


def is_there(kind, fields):
    """Whether a field of type "T when NAME is VALUE" belongs to `fields`."""
    condition = re.search(r" when (\w+) is (\w+)", kind)
    return condition is None or fields.get(condition[1]) == condition[2]


def checksum(start, body):
    return xxhash.xxh3_64_intdigest(body, int.from_bytes(start, "little"))


def take(code, data, at):
    return struct.unpack_from("<" + code, data, at)[0], at + struct.calcsize("<" + code)


def expect(condition, what):
    if not condition:
        raise ValueError(f"wrong {what}")


def layout(vector):
    """One vector as JSON with a line for each of its keys."""
    pairs = (f'  "{key}": {json.dumps(vector[key], ensure_ascii=False)}' for key in vector)
    return " {\n" + ",\n".join(pairs) + "\n }"


def main():
    page = Page((HERE / "protocol.md").read_text())
    path = HERE / "protocol-vectors.json"
    vectors = json.loads(path.read_text())
    if "--write" in sys.argv[1:]:
        for vector in vectors:
            vector["hex"] = page.encode(vector["type"], vector["fields"]).hex()
        path.write_text("[\n" + ",\n".join(map(layout, vectors)) + "\n]\n")
    wrong = []
    for vector in vectors:
        try:
            data = bytes.fromhex(vector["hex"])
            expect(page.encode(vector["type"], vector["fields"]) == data, "bytes")
            expect(page.decode(vector["type"], data) == vector["fields"], "fields")
        except (ValueError, KeyError, StopIteration, struct.error) as error:
            wrong.append(f"{vector['name']}: {error!r}")
    for message in page.messages.keys() - {vector["type"] for vector in vectors}:
        wrong.append(f"{message} has no vector")
    print("\n".join(wrong) or f"{len(vectors)} vectors of {len(page.messages)} types agree")
    sys.exit(1 if wrong else 0)


main()
