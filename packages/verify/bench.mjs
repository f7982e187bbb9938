// Benchmarks @gatewright/verify against jose and fast-jwt: verifies the same tokens with each in turn, in one process.
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { gzipSync } from "node:zlib";
import { createVerifier as createFastVerifier } from "fast-jwt";
import { SignJWT, createLocalJWKSet, jwtVerify } from "jose";

const ISSUER = "https://auth.example.com";
const TOKENS = 1000;
const ROUNDS = Number(process.argv[2] ?? 15);
const IN_FLIGHT = 50;

const started = performance.now();
const { createVerifier } = await import("@gatewright/verify");
createVerifier({ issuer: ISSUER, secret: randomBytes(32) });
const startUp = performance.now() - started;

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

function keysOf(algorithm) {
  if (algorithm === "HS256") {
    const secret = randomBytes(32);
    const kid = createHash("sha256").update("gatewright hmac kid\0").update(secret).digest().subarray(0, 9);
    return { kid: kid.toString("base64url"), sign: secret, fast: secret, ours: { secret }, jose: secret };
  }
  const [type, options] = {
    EdDSA: ["ed25519", {}],
    ES256: ["ec", { namedCurve: "P-256" }],
    RS256: ["rsa", { modulusLength: 2048 }],
  }[algorithm];
  const { publicKey, privateKey } = generateKeyPairSync(type, options);
  const kid = "key-1";
  const jwk = { ...publicKey.export({ format: "jwk" }), kid, alg: algorithm, use: "sig" };
  const jwks = { keys: [jwk] };
  const fast = publicKey.export({ format: "pem", type: "spki" });
  return { kid, sign: privateKey, fast, ours: { jwks }, jose: createLocalJWKSet(jwks) };
}

function token(algorithm, { kid, sign }, number) {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    jti: `018bcfe5-6800-7000-8000-${String(number).padStart(12, "0")}`,
    client_id: "gatewright",
    sid: "018bcfe5-6800-7000-8000-000000000010",
    auth_time: now,
    amr: ["pwd"],
    roles: ["user"],
    permissions: ["posts:read"],
  };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: algorithm, typ: "at+jwt", kid })
    .setIssuer(ISSUER)
    .setSubject("018bcfe5-6800-7000-8000-000000000001")
    .setAudience(ISSUER)
    .setIssuedAt(now)
    .setExpirationTime(now + 3600)
    .sign(sign);
}

async function inFlight(tokens, verify) {
  for (let from = 0; from < tokens.length; from += IN_FLIGHT) {
    await Promise.all(tokens.slice(from, from + IN_FLIGHT).map(verify));
  }
}

async function measure(algorithm) {
  const keys = keysOf(algorithm);
  const tokens = await Promise.all(Array.from({ length: TOKENS }, (_, number) => token(algorithm, keys, number)));
  const ours = (options) => createVerifier({ issuer: ISSUER, ...keys.ours, ...options });
  const fast = (cache) =>
    createFastVerifier({ key: keys.fast, algorithms: [algorithm], allowedIss: ISSUER, allowedAud: ISSUER, cache });
  const plain = ours({});
  const remembering = ours({ cache: true });
  const fastPlain = fast(false);
  const fastRemembering = fast(TOKENS);
  const expected = { issuer: ISSUER, audience: ISSUER, typ: "at+jwt", algorithms: [algorithm] };
  const each = (verify) => () => tokens.forEach((token) => verify(token));
  const contenders = {
    "gatewright": each((token) => plain.verifySync(token)),
    "gatewright, awaited": () => inFlight(tokens, (token) => plain.verify(token)),
    "jose, 50 in flight": () => inFlight(tokens, (token) => jwtVerify(token, keys.jose, expected)),
    "jose, one at a time": async () => {
      for (const token of tokens) await jwtVerify(token, keys.jose, expected);
    },
    "fast-jwt": each(fastPlain),
    "gatewright, cached": each((token) => remembering.verifySync(token)),
    "fast-jwt, cached": each(fastRemembering),
  };
  const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  // The first two rounds warm up the compilers and caches and are not counted.
  for (let round = -2; round < ROUNDS; round += 1) {
    for (const [name, run] of Object.entries(contenders)) {
      const from = performance.now();
      await run();
      if (round >= 0) times[name].push(((performance.now() - from) * 1000) / TOKENS);
    }
  }
  const microseconds = Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list)]));
  console.log(`${algorithm}, tokens of ${tokens[0].length} bytes, median of ${ROUNDS} rounds`);
  for (const [name, time] of Object.entries(microseconds)) console.log(`  ${name.padEnd(22)} ${time.toFixed(2)} µs`);
  const ratio = (peer, name = "gatewright") => `${(microseconds[peer] / microseconds[name]).toFixed(2)} times`;
  console.log(`  beside jose, 50 in flight: ${ratio("jose, 50 in flight")}`);
  console.log(`  beside fast-jwt: ${ratio("fast-jwt")}; both with a cache: ${ratio("fast-jwt, cached", "gatewright, cached")}`);
}

for (const algorithm of ["HS256", "EdDSA", "ES256", "RS256"]) await measure(algorithm);

const folder = new URL("../../target/js/wasm/", import.meta.url);
for (const name of ["verify", "slim", "crypto"]) {
  const size = gzipSync(readFileSync(new URL(`${name}_bg.wasm`, folder)), { level: 9 }).length;
  console.log(`${name}.wasm: ${(size / 1024).toFixed(1)} KiB gzipped`);
}
console.log(`start-up: ${startUp.toFixed(1)} ms`);
