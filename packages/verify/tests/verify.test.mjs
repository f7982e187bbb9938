// Accepted and refused tokens, with every kind of key.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { VerifyError, createVerifier } from "@gatewright/verify";
import * as slim from "@gatewright/verify/slim";
import { ISSUER, NOW, SECRET, claims, keyPair, signWithSecret } from "./issuer.mjs";

const now = () => NOW;
const key = await keyPair("EdDSA");
const jwks = { keys: [key.jwk] };

const refused = (code, message) => (error) => {
  assert.ok(error instanceof VerifyError);
  assert.deepEqual([error.name, error.code], ["VerifyError", code]);
  assert.match(error.message, message);
  return true;
};

for (const algorithm of ["EdDSA", "ES256", "RS256"]) {
  test(`${algorithm}: what the issuer signed is accepted, and nothing else`, async () => {
    const { jwk, sign } = await keyPair(algorithm);
    const token = await sign();
    for (const set of [{ keys: [jwk] }, JSON.stringify({ keys: [{ kty: "unheard of" }, jwk] })]) {
      const verifier = createVerifier({ issuer: ISSUER, jwks: set, now });
      assert.deepEqual(await verifier.verify(token), claims);
      assert.deepEqual(verifier.verifySync(token), claims);
      const [header, payload, signature] = token.split(".");
      const other = Buffer.from(JSON.stringify({ ...claims, sub: "eve" })).toString("base64url");
      await assert.rejects(verifier.verify([header, other, signature].join(".")), refused("signature_invalid", /did not sign it/));
      assert.throws(() => verifier.verifySync([header, payload, ""].join(".")), refused("signature_invalid", /./));
    }
  });
}

for (const algorithm of ["HS256", "HS384", "HS512"]) {
  test(`${algorithm}: what was signed under the secret is accepted, by text and by bytes`, async () => {
    const token = await signWithSecret(algorithm);
    for (const secret of [SECRET, new TextEncoder().encode(SECRET)]) {
      for (const make of [createVerifier, slim.createVerifier]) {
        const verifier = make({ issuer: ISSUER, secret, algorithms: [algorithm], now });
        assert.deepEqual(verifier.verifySync(token), claims);
      }
    }
    const verifier = createVerifier({ issuer: ISSUER, secret: `${SECRET} `, algorithms: [algorithm], now });
    assert.throws(() => verifier.verifySync(token), refused("key_unknown", /of the given set/));
  });
}

test("the slim verifier doesn't support keys of ES256 and RS256", async () => {
  for (const algorithm of ["ES256", "RS256"]) {
    const other = await keyPair(algorithm);
    assert.throws(() => slim.createVerifier({ issuer: ISSUER, jwks: { keys: [other.jwk] } }), refused("option_invalid", /"jwks"/));
    const verifier = slim.createVerifier({ issuer: ISSUER, jwks: { keys: [other.jwk, key.jwk] }, now });
    assert.throws(() => verifier.verifySync(""), refused("token_malformed", /./));
    await assert.rejects(verifier.verify(await other.sign()), refused("key_unknown", /./));
  }
});

test("the slim verifier supports EdDSA", async () => {
  const verifier = slim.createVerifier({ issuer: ISSUER, jwks, now });
  assert.deepEqual(await verifier.verify(await key.sign()), claims);
  assert.equal(slim.can(claims, "posts:write"), true);
});

test("a refusal names the expected and the actual value", async () => {
  const verifier = createVerifier({ issuer: ISSUER, audience: "api", jwks, now });
  const good = { aud: ["other", "api"] };
  assert.deepEqual((await verifier.verify(await key.sign(good))).aud, good.aud);
  const unsigned = `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString("base64url")}.e30.`;
  for (const [token, code, message] of [
    [undefined, "token_malformed", /expected a string, found a value of type undefined/],
    ["", "token_malformed", /expected 3 parts, found 1/],
    ["s_secret", "token_malformed", /opaque session token/],
    ["a.b.c", "token_malformed", /RFC 9068/],
    ["é.ü.\ud800", "token_malformed", /./],
    [`${await key.sign(good)}${"A".repeat(9000)}`, "token_malformed", /./],
    [await key.sign({ ...good, roles: 1 }), "token_malformed", /RFC 9068/],
    [unsigned, "key_unknown", /"kid" \(missing\)/],
    [await key.sign(good, { typ: "JWT" }), "token_type_mismatch", /"typ" must be "at\+jwt", but is "JWT"/],
    [await key.sign(good, { kid: "other\n" }), "key_unknown", /"kid" \("other\\n"\)/],
    [await (await keyPair("ES256")).sign(good, { kid: key.jwk.kid }), "algorithm_mismatch", /"alg" is "ES256"/],
    [await key.sign({ ...good, exp: NOW / 1000 - 5 }), "token_expired", /"exp" is 2027-01-15T07:59:55.000Z, and the time is 2027-01-15T08:00:00.000Z/],
    [await key.sign({ ...good, nbf: NOW / 1000 + 60 }), "token_not_yet_valid", /it is valid from 2027-01-15T08:01:00.000Z/],
    [await key.sign({ ...good, iss: "https://evil.example" }), "issuer_mismatch", /must be "https:\/\/auth.example.com", but is "https:\/\/evil.example"/],
    [await key.sign({ aud: "x".repeat(500) }), "audience_mismatch", /contain "api", but is "x{99}…/],
  ]) {
    await assert.rejects(verifier.verify(token), (error) => {
      refused(code, message)(error);
      assert.equal(error.status, 401);
      const signature = String(token).split(".")[2];
      assert.ok(!signature || signature.length < 20 || !error.message.includes(signature));
      return true;
    });
  }
});

test("clocks may differ by the tolerance", async () => {
  for (const [options, tolerance] of [[{}, 5], [{ clockTolerance: 30 }, 30], [{ clockTolerance: 0 }, 0], [{ cache: true }, 5]]) {
    const verifier = createVerifier({ issuer: ISSUER, jwks, now, ...options });
    // Twice, because the second may be answered from the cache.
    for (const claims of [{ exp: NOW / 1000 - tolerance + 1 }, { iat: NOW / 1000 + tolerance }, { nbf: NOW / 1000 + tolerance }]) {
      const token = await key.sign(claims);
      assert.equal(await verifier.verify(token).then(({ sub }) => sub), await verifier.verify(token).then(({ sub }) => sub));
    }
    const expired = refused("token_expired", new RegExp(`clock tolerance ${tolerance} s`));
    await assert.rejects(verifier.verify(await key.sign({ exp: NOW / 1000 - tolerance })), expired);
    for (const claims of [{ iat: NOW / 1000 + tolerance + 1 }, { nbf: NOW / 1000 + tolerance + 1 }]) {
      await assert.rejects(verifier.verify(await key.sign(claims)), refused("token_not_yet_valid", /./));
    }
  }
});

test("the default clock is the platform's", async () => {
  const verifier = createVerifier({ issuer: ISSUER, jwks });
  const seconds = Math.floor(Date.now() / 1000);
  await verifier.verify(await key.sign({ iat: seconds, exp: seconds + 60 }));
  await assert.rejects(verifier.verify(await key.sign({ iat: seconds - 60, exp: seconds - 6 })), refused("token_expired", /./));
});

test("algorithms that are not named are not accepted", async () => {
  const other = await keyPair("ES256");
  const verifier = createVerifier({ issuer: ISSUER, jwks: { keys: [key.jwk, other.jwk] }, algorithms: ["ES256"], now });
  await verifier.verify(await other.sign());
  await assert.rejects(verifier.verify(await key.sign()), refused("algorithm_mismatch", /"alg" must be ES256, but is "EdDSA"/));
});

test("invalid options are refused by name", () => {
  for (const [options, message] of [
    [undefined, /"issuer" must be a non-empty string/],
    [{ issuer: "" }, /"issuer"/],
    [{ issuer: "gatewright" }, /"jwksUrl" must be an http or https URL/],
    [{ jwksUrl: "file:///etc/passwd" }, /"jwksUrl"/],
    [{ jwks, secret: SECRET }, /"secret" can't be given with "jwks"/],
    [{ jwks: "no JSON" }, /"jwks" must be a JWK Set/],
    [{ jwks: { keys: [] } }, /"jwks" must be a JWK Set with at least one usable key/],
    [{ jwks, algorithms: ["RS256"] }, /"jwks"/],
    [{ jwks, algorithms: "EdDSA" }, /"algorithms" must be an array/],
    [{ secret: "too short" }, /"secret" must have at least 32 bytes for HS256, but has 9/],
    [{ secret: SECRET.slice(0, 40), algorithms: ["HS384"] }, /at least 48 bytes/],
    [{ secret: SECRET, algorithms: ["EdDSA"] }, /"algorithms" must be exactly one of HS256/],
    [{ secret: SECRET, algorithms: ["HS256", "HS512"] }, /"algorithms"/],
    [{ secret: 7 }, /"secret" must be a string or a Uint8Array/],
    [{ jwks, clockTolerance: 301 }, /"clockTolerance" must be 0 to 300 seconds/],
    [{ jwks, clockTolerance: 0.5 }, /whole number of seconds/],
    [{ jwks, clockTolerance: "1m" }, /"clockTolerance"/],
    [{ jwksMaxAge: 0 }, /"jwksMaxAge"/],
    [{ jwks, revocations: {} }, /"revocations" must be a function/],
  ]) {
    assert.throws(() => createVerifier(options && { issuer: ISSUER, ...options }), refused("option_invalid", message));
  }
});

test("an error never contains the secret", () => {
  const secret = "hunter2";
  assert.throws(() => createVerifier({ issuer: ISSUER, secret }), (error) => !error.message.includes(secret));
});

test("revoked sessions are refused, with synchronous and asynchronous look-ups", async () => {
  const token = await key.sign();
  const make = (revocations) => createVerifier({ issuer: ISSUER, jwks, now, revocations });
  const asked = [];
  const kv = slim.kvRevocations({ get: async (name) => (asked.push(name), name === "revoked:session" ? '{"until":1}' : null) });
  await assert.rejects(make(kv).verify(token), refused("session_ended", /"session" was revoked/));
  await make(kv).verify(await key.sign({ sid: "other" }));
  assert.deepEqual(asked, ["revoked:session", "revoked:other"]);
  assert.throws(() => make(({ sid }) => sid === "session").verifySync(token), refused("session_ended", /./));
  make(() => false).verifySync(token);
  for (const answer of [async () => false, async () => Promise.reject(new Error("KV is down"))]) {
    assert.throws(() => make(answer).verifySync(token), refused("revocations_async", /use verify\(\)/));
  }
  await assert.rejects(make(() => { throw new Error("KV is down"); }).verify(token), (error) => {
    refused("revocations_unavailable", /could not be checked: KV is down/)(error);
    return error.status === 503 && error.cause.message === "KV is down";
  });
});

test("a remembered token is checked again, except for its signature", async () => {
  let time = NOW;
  let revoked = false;
  const verifier = createVerifier({ issuer: ISSUER, jwks, cache: true, now: () => time, revocations: () => revoked });
  const token = await key.sign();
  assert.deepEqual(verifier.verifySync(token), claims);
  assert.deepEqual(verifier.verifySync(token), claims);
  // A token that differs only in its signature is a different token.
  const forged = `${token.slice(0, -4)}${token.endsWith("AAAA") ? "BBBB" : "AAAA"}`;
  assert.throws(() => verifier.verifySync(forged), refused("signature_invalid", /./));
  revoked = true;
  assert.throws(() => verifier.verifySync(token), refused("session_ended", /./));
  revoked = false;
  time = (claims.exp + 5) * 1000 - 1;
  assert.deepEqual(verifier.verifySync(token), claims);
  time += 1;
  assert.throws(() => verifier.verifySync(token), refused("token_expired", /./));
});

test("a verified token is remembered until newer ones replace it", async () => {
  const verifier = createVerifier({ issuer: ISSUER, jwks, now, cache: 2 });
  const tokens = [];
  for (const jti of ["1", "2", "3"]) tokens.push(await key.sign({ jti }));
  const [first, second, third] = tokens;
  const known = verifier.verifySync(first);
  assert.equal(verifier.verifySync(first), known);
  assert.throws(() => known.roles.push("superadmin"), TypeError);
  verifier.verifySync(second);
  assert.equal(verifier.verifySync(first), known);
  verifier.verifySync(third);
  assert.notEqual(verifier.verifySync(first), known);
  assert.deepEqual(verifier.verifySync(first), known);
  const plain = createVerifier({ issuer: ISSUER, jwks, now });
  assert.notEqual(plain.verifySync(first), plain.verifySync(first));
  for (const cache of [-1, 1.5, 100_001, "many"]) {
    assert.throws(() => createVerifier({ issuer: ISSUER, jwks, cache }), refused("option_invalid", /"cache"/));
  }
});

test("RS256 gets the same answers from the platform and from the core", async () => {
  const { jwk, sign } = await keyPair("RS256");
  const token = await sign();
  const tokens = [token, `${token.slice(0, -6)}AAAAAA`, `${token.slice(0, -6)}AA`, `${token}AAAA`, await sign({ exp: 1 }), await sign({ aud: "other" })];
  const script = (before) => `
    ${before}
    const { createVerifier } = await import("@gatewright/verify");
    const [options, tokens] = JSON.parse(process.argv[1]);
    const verifier = createVerifier({ ...options, now: () => ${NOW} });
    console.log(JSON.stringify(tokens.map((token) => {
      try { return verifier.verifySync(token).sub; } catch (error) { return error.code; }
    })));`;
  const answers = (before) => {
    const input = JSON.stringify([{ issuer: ISSUER, jwks: { keys: [jwk] } }, tokens]);
    const options = { cwd: import.meta.dirname ?? new URL(".", import.meta.url).pathname, encoding: "utf8" };
    return JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", script(before), input], options));
  };
  const expected = ["ada", "signature_invalid", "signature_invalid", "signature_invalid", "token_expired", "audience_mismatch"];
  assert.deepEqual(answers(""), expected);
  assert.deepEqual(answers("process.getBuiltinModule = undefined;"), expected);
});

test("an exception in one call doesn't affect later calls", async () => {
  const verifier = createVerifier({ issuer: ISSUER, jwks, now, cache: true });
  const token = await key.sign();
  const deep = (depth) => {
    try {
      verifier.verifySync(token);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return;
    }
    deep(depth + 1);
  };
  try {
    deep(0);
  } catch (error) {
    assert.ok(error instanceof RangeError);
  }
  assert.deepEqual(verifier.verifySync(token), claims);
  assert.deepEqual(verifier.verifySync(token), claims);
});

test("an error of the revocation look-up is reported equally by both functions", async () => {
  const broken = () => { throw new Error("redis is down"); };
  const verifier = createVerifier({ issuer: ISSUER, jwks, now, revocations: broken });
  const token = await key.sign();
  await assert.rejects(verifier.verify(token), refused("revocations_unavailable", /./));
  assert.throws(() => verifier.verifySync(token), refused("revocations_unavailable", /./));
});

test("algorithms must be known names", () => {
  for (const algorithms of [[undefined], ["eddsa"], ["EdDSA RS256"], "EdDSA"]) {
    assert.throws(() => createVerifier({ issuer: ISSUER, jwks, algorithms }), refused("option_invalid", /"algorithms"/));
  }
});

test("memory can grow between two tokens", async () => {
  const token = await key.sign();
  const verifier = createVerifier({ issuer: ISSUER, jwks, now });
  verifier.verifySync(token);
  // Each has a buffer of 8 KiB in the same memory.
  const others = Array.from({ length: 400 }, () => createVerifier({ issuer: ISSUER, jwks, now }));
  assert.deepEqual(verifier.verifySync(token), claims);
  for (const other of others) assert.deepEqual(other.verifySync(token), claims);
});
