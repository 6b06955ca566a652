"""The Python JSONata engines of bench/mapping.py, in an environment of their own; it imports nothing of the workbench.

The first line on stdin is {"expression", "bodies", "expected"}; each further line names a program and how often it goes
through the events, and is answered by its events per CPU-second.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import jlens
import jsonatapy
import orjson
from jsonata import Jsonata

Program = Callable[[Any], Any]


def programs(expression: str) -> dict[str, Program]:
    """Each engine's ways from a dict to a dict, and from bytes to bytes."""
    rust, other, pure = jlens.Expression(expression), jsonatapy.compile(expression), Jsonata(expression)
    return {
        "jlens dict": rust.evaluate,
        "jlens bytes": lambda body: rust.evaluate_json(body.decode()),
        "jlens+orjson bytes": lambda body: orjson.dumps(rust.evaluate(orjson.loads(body))),
        "jsonatapy dict": other.evaluate,
        "jsonatapy bytes": lambda body: other.evaluate_json(body.decode()),
        "jsonata-python dict": pure.evaluate,
        "jsonata-python bytes": lambda body: orjson.dumps(pure.evaluate(orjson.loads(body))),
    }


def main() -> None:
    request = json.loads(sys.stdin.readline())
    bodies = [body.encode() for body in request["bodies"]]
    inputs = {"dict": [orjson.loads(body) for body in bodies], "bytes": bodies}
    known = programs(request["expression"])
    for name, program in known.items():
        for given, expected in zip(inputs[name.split()[1]], request["expected"], strict=True):
            made = program(given)
            if (orjson.loads(made) if isinstance(made, str | bytes) else made) != expected:
                raise SystemExit(f"the output of {name} differs")
    print(json.dumps(list(known)), flush=True)
    for line in sys.stdin:
        name, repeat = json.loads(line)
        begin = time.process_time()
        for _ in range(repeat):
            for given in inputs[name.split()[1]]:
                known[name](given)
        print(repeat * len(bodies) / (time.process_time() - begin), flush=True)


if __name__ == "__main__":
    main()
