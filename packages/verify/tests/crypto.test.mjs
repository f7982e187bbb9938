// Password hashes and one-time passwords.
import assert from "node:assert/strict";
import { scryptSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { VerifyError, hashPassword, needsRehash, rehashPassword, totp, verifyPassword } from "@gatewright/verify/crypto";

const cheap = { memory: 64, iterations: 1 };
const code = (expected) => (error) => error instanceof VerifyError && error.code === expected;

test("a hash is Argon2id with OWASP's parameters, with a new salt, and matches its password", () => {
  const [one, two] = [hashPassword("pässword"), hashPassword("pässword")];
  assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  assert.notEqual(one, two);
  assert.equal(verifyPassword("pässword", one), true);
  // The same characters in decomposed form.
  assert.equal(verifyPassword("pa\u0308ssword", one), true);
  assert.equal(verifyPassword("password", one), false);
  assert.equal(needsRehash(one), false);
});

test("the cost is configurable, within bounds", () => {
  const hash = hashPassword("password", { ...cheap, parallelism: 2 });
  assert.match(hash, /m=64,t=1,p=2/);
  assert.equal(verifyPassword("password", hash), true);
  assert.equal(needsRehash(hash), true);
  assert.equal(needsRehash(hash, { ...cheap, parallelism: 2 }), false);
  for (const wrong of [{ memory: 65_537 }, { memory: 7 }, { iterations: 0 }, { parallelism: 17 }]) {
    assert.throws(() => hashPassword("password", wrong), code("option_invalid"));
  }
});

test("hashes of other systems are verified and need a rehash", () => {
  const vectors = JSON.parse(readFileSync(new URL("../../../auth-core/src/password/foreign_vectors.json", import.meta.url)));
  for (const { made_by, hashes } of vectors) {
    const [{ password, stored }] = hashes;
    assert.equal(verifyPassword(password, stored), true, made_by);
    assert.equal(verifyPassword(`.${password}`, stored), false, made_by);
    assert.equal(needsRehash(stored), true, made_by);
  }
});

test("a hash is replaced only if it proves the password", () => {
  // From `foreign_vectors.json`: bcrypt reads 72 bytes, and better-auth compares in NFKC.
  const long = "a long passphrase, and its end does not count: 01234567890123456789012345678901234567890123456789";
  const bcrypt = "$2b$04$Vs3Jwq8QERNLXr4IYMa36eo.HtRmp5e1SKlvuMMDvQnAR3kG5IAym";
  for (const password of [long, `${long.slice(0, 72)} and a typo`]) {
    assert.equal(verifyPassword(password, bcrypt), true);
    assert.equal(rehashPassword(password, bcrypt, cheap), null);
  }
  const short = "$2b$05$d4QhxSl.C.8jKI/8ZCQTNuMWM5CXCZMNdcOGFPf2beb/rF7z0hbUS";
  const fresh = rehashPassword("correct horse battery", short, cheap);
  assert.match(fresh, /^\$argon2id\$v=19\$m=64,t=1,p=1\$/);
  assert.equal(verifyPassword("correct horse battery", fresh), true);
  assert.equal(rehashPassword("correct horse battery", fresh, cheap), null);
});

test("texts that are equal in NFKC match a hash of better-auth, and the hash that replaces it", () => {
  const salt = "00112233445566778899aabbccddeeff";
  const key = scryptSync("\ufb01ne caf\u00e9".normalize("NFKC"), salt, 64, { N: 16_384, r: 16, p: 1, maxmem: 2 ** 26 });
  const stored = `${salt}:${key.toString("hex")}`;
  const fresh = rehashPassword("fine cafe\u0301", stored, cheap);
  for (const hash of [stored, fresh]) {
    for (const alike of ["\ufb01ne caf\u00e9", "fine cafe\u0301"]) assert.equal(verifyPassword(alike, hash), true, alike);
    assert.equal(verifyPassword("fine cafe", hash), false);
  }
});

test("an invalid or too expensive hash is an error that doesn't contain the hash", () => {
  for (const [hash, problem] of [
    ["plain text", /not of a known form/],
    ["$argon2id$v=19$m=65537,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", /needs 65537 KiB of memory/],
    ["$argon2id$v=19$m=131073,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", /exceed the limits/],
  ]) {
    assert.throws(() => verifyPassword("password", hash), (error) => {
      assert.match(error.message, problem);
      assert.ok(!error.message.includes(hash));
      return code("hash_invalid")(error);
    });
  }
});

test("codes are those of RFC 6238, and are accepted once", () => {
  // Appendix B, the last six of its eight digits.
  const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
  for (const [seconds, digits] of [[59, "287082"], [1_111_111_109, "081804"], [20_000_000_000, "353130"]]) {
    assert.equal(totp.verify(secret, digits, { now: seconds * 1000 }), Math.floor(seconds / 30));
  }
  const at = (seconds, after) => totp.verify(secret, "287082", { now: seconds * 1000, after });
  assert.deepEqual([at(0), at(89), at(90)], [1, 1, null]);
  assert.deepEqual([at(59, 0), at(59, 1)], [1, null]);
  assert.equal(totp.verify(secret, "000000", { now: 59_000 }), null);
});

test("a new secret is valid, and apps can read it", () => {
  const secret = totp.generateSecret();
  assert.match(secret, /^[A-Z2-7]{32}$/);
  assert.notEqual(secret, totp.generateSecret());
  assert.equal(totp.verify(secret, "12345"), null);
  assert.match(totp.uri({ secret, issuer: "Acme Co", account: "ada@example.com" }),
    new RegExp(`^otpauth://totp/Acme%20Co:ada%40example.com\\?secret=${secret}&issuer=Acme%20Co&`));
  for (const wrong of ["", "not Base32!", "AAAA"]) {
    assert.throws(() => totp.verify(wrong, "123456"), code("totp_secret_invalid"));
    assert.throws(() => totp.uri({ secret: wrong, issuer: "Acme", account: "ada" }), code("totp_secret_invalid"));
  }
});
