#!/usr/bin/env python3
"""Checks a file of `siaga ledger evidence` without Siaga: check_evidence.py FILE [HEADS]

FILE has, for each ledger, the complaint's own entries and the prints of all others from the first of them on. Each link
is SHA-256(link before, sequence as 8 bytes big-endian, SHA-256(fact)). HEADS are links that were noted elsewhere at
other times, a line each: LEDGER SEQUENCE LINK. Where one of them stands behind an entry and is the same link here, that
entry stood in the ledger when it was noted, as it is here.

Needs nothing but Python 3. Exit code: 0 it holds, 1 it does not, 2 it cannot be read.
"""

import hashlib
import json
import sys


def noted_in(path):
    """The noted heads: ledger -> {sequence: link}."""
    heads = {}
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            words = line.split()
            if not words:
                continue
            if len(words) != 3 or not words[1].isdigit():
                raise ValueError(f"{path}:{number}: not LEDGER SEQUENCE LINK")
            heads.setdefault(words[0], {})[int(words[1])] = words[2]
    return heads


def check(path, heads):
    """Walks every chain of the file; gives the facts, and what does not hold."""
    facts, faults, proved = [], [], {}
    shard, link, expected, own = None, None, None, []
    with open(path, encoding="utf-8") as lines:
        first = json.loads(next(lines))
        if first.get("form") != "siaga-evidence-1":
            raise ValueError(f"{path}: not a file of evidence")
        for number, text in enumerate(lines, 2):
            line = json.loads(text)
            if "from" in line:
                if shard is not None:
                    faults.append(f"{path}:{number}: {shard} has no end")
                shard, expected = line["shard"], line["from"]
                link, own = bytes.fromhex(line["before"]), []
            elif "n" in line:
                if shard is None or line["n"] != expected:
                    faults.append(f"{path}:{number}: entry {expected} of {shard} is missing")
                    expected = line["n"]
                if "fact" in line:
                    fact = line["fact"].encode()
                    print_of = hashlib.sha256(fact).digest()
                    facts.append((json.loads(fact)["at"], shard, line["n"], fact.decode()))
                    own.append(line["n"])
                else:
                    print_of = bytes.fromhex(line["print"])
                link = hashlib.sha256(link + expected.to_bytes(8, "big") + print_of).digest()
                known = heads.get(shard, {}).get(expected)
                if known is not None:
                    if known == link.hex():
                        proved[shard] = expected
                    else:
                        faults.append(f"{shard}: entry {expected} is not the one that was noted")
                expected += 1
            else:
                if line["head"] != expected - 1 or line["link"] != link.hex():
                    faults.append(f"{path}:{number}: the links of {shard} do not lead to its head")
                unproved = [n for n in own if n > proved.get(shard, 0)]
                if heads and unproved:
                    faults.append(f"{shard}: no noted head stands behind entries {unproved}")
                shard = None
    if shard is not None:
        faults.append(f"{path}: {shard} has no end")
    return first["complaint"], facts, faults


def main():
    if len(sys.argv) not in (2, 3):
        print(__doc__)
        return 2
    try:
        heads = noted_in(sys.argv[2]) if len(sys.argv) == 3 else {}
        complaint, facts, faults = check(sys.argv[1], heads)
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        print(f"it cannot be read: {error!r}")
        return 2
    for at, shard, number, fact in sorted(facts):
        print(f"{at} {shard}/{number} {fact}")
    for fault in faults:
        print(f"DOES NOT HOLD: {fault}")
    if faults:
        return 1
    against = "and the noted heads prove them" if heads else "against no noted head"
    print(f"{complaint}: {len(facts)} entries hold, {against}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
