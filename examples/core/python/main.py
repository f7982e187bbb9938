"""Calls the core of Gatewright from Python: main.py auth-core.wasm jwks.json TOKEN"""

import json
import secrets
import sys
import time

from wasmtime import Engine, Store
from wasmtime.component import Component, Linker, Record, ResultType, Variant


def record(**fields):
    result = Record()
    for name, value in fields.items():
        setattr(result, name.replace("_", "-"), value)
    return result


def now(store):
    return record(seconds=int(time.time()), nanoseconds=0)


def random_u64(store):
    return secrets.randbits(64)


class Refused(Exception):
    """The error of a function: its name, or its payload."""


class Core:
    """An instance of the component, with a clock and randomness. Use it from one thread at a time."""

    def __init__(self, path):
        engine = Engine()
        self.store = Store(engine)
        linker = Linker(engine)
        with linker.root() as root:
            with root.add_instance("wasi:clocks/system-clock@0.3.0") as clock:
                clock.add_func("now", now)
            with root.add_instance("wasi:random/random@0.3.0") as random:
                random.add_func("get-random-u64", random_u64)
        self.instance = linker.instantiate(self.store, Component.from_file(engine, path))

    def call(self, interface, name, *arguments):
        """Returns the result of a function, and raises its errors."""
        interface = self.instance.get_export_index(self.store, f"gatewright:auth/{interface}@0.1.0")
        index = self.instance.get_export_index(self.store, name, interface)
        function = self.instance.get_func(self.store, index)
        result = function(self.store, *arguments)
        if not isinstance(function.type(self.store).result, ResultType):
            return result
        # wasmtime omits the tag if the types distinguish success from error: an error is never a bool. Check this
        # before testing a result for truth, because an error can be a string.
        if not isinstance(result, Variant):
            result = Variant("ok" if isinstance(result, bool) else "err", result)
        if result.tag == "err":
            raise Refused(result.payload)
        return result.payload


def main(component, jwks, token):
    core = Core(component)

    stored = core.call("passwords", "hash", "correct horse battery staple", None)
    assert core.call("passwords", "verify", "correct horse battery staple", stored)
    assert not core.call("passwords", "verify", "another", stored)
    print("stored hash:", stored[: stored.index("=1$") + 2])

    secret = core.call("totp", "generate-secret")
    print("TOTP URI:", core.call("totp", "uri", secret, "Acme", "ada@example.com").replace(secret, "…"))
    assert core.call("totp", "verify", secret, "12345", None) is None

    expected = record(issuer="https://auth.example.com", audience="https://api.example.com", clock_tolerance=5)
    with open(jwks) as file:
        keys = file.read()
    try:
        claims = core.call("tokens", "verify", token, keys, expected)
    except Refused as refusal:
        print("token refused:", refusal)
        return
    print("token subject:", json.loads(claims)["sub"])
    print("can write posts:", core.call("access", "can", claims, "posts:write"))


main(*sys.argv[1:])
