#!/usr/bin/env python3
"""Writes Corpus/codec from docs/protocol-vectors.json: each vector as it is, and as fields of its type."""

import json
import pathlib

here = pathlib.Path(__file__).parent
# The order of MessageType, by which a seed's first byte names a type.
TYPES = """HELLO WELCOME ERROR HEARTBEAT GOODBYE FRAME ACK GAP DELIVER RESULT COMMITTED FETCH FETCHED END STREAM
GROUP DEBT READY DEAD CHECKPOINT JOB OWED STATUS STREAM_STATUS GROUP_STATUS WORKER_STATUS""".split()

for index, vector in enumerate(json.loads((here / "../docs/protocol-vectors.json").read_text())):
    message = bytes.fromhex(vector["hex"])
    number = TYPES.index(vector["type"]) + len(TYPES)
    for way, seed in (("whole", b"\0" + message), ("fields", bytes([number]) + message[16:])):
        name = vector["name"].replace(" ", "-")
        (here / "Corpus/codec" / f"{index:02}-{name}-{way}").write_bytes(seed)
