"""Computes password hashes in C for `cargo xtask bench hash`. The lines of the input are those of `node.mjs`."""

import hashlib
import sys

import argon2.low_level
import bcrypt

PASSWORD = b"correct horse battery staple"
SALT = b"somesaltsomesalt"
BCRYPT_SALT = b"$2b$10$abcdefghijklmnopqrstuu"


def argon2id():
    argon2.low_level.hash_secret_raw(PASSWORD, SALT, 2, 19456, 1, 32, argon2.low_level.Type.ID)


def pbkdf2(digest):
    return lambda: hashlib.pbkdf2_hmac(digest, PASSWORD, b"salt", 100_000)


KINDS = {
    "argon2id": argon2id,
    "bcrypt": lambda: bcrypt.hashpw(PASSWORD, BCRYPT_SALT),
    "scrypt": lambda: hashlib.scrypt(PASSWORD, salt=b"seasalt", n=2**15, r=8, p=1, maxmem=2**26, dklen=32),
    "pbkdf2-sha1": pbkdf2("sha1"),
    "pbkdf2-sha256": pbkdf2("sha256"),
    "pbkdf2-sha512": pbkdf2("sha512"),
}

for line in sys.stdin:
    count, kind, _ = line.split(" ")
    for _ in range(int(count)):
        KINDS[kind]()
    print("done", flush=True)
