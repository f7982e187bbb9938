// Fetched keys: how long they are cached, when they are fetched again, and what happens if that fails.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createVerifier } from "@gatewright/verify";
import { ISSUER, NOW, claims, keyPair } from "./issuer.mjs";

const [first, second] = [await keyPair("EdDSA"), await keyPair("EdDSA")];
const token = await first.sign({ exp: NOW / 1000 + 1e8 });
const newer = await second.sign({ exp: NOW / 1000 + 1e8 });
const set = (...keys) => JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });

/** Creates a verifier with a clock in seconds and controllable responses of the issuer. */
function make(options) {
  const made = { seconds: 0, answer: () => new Response(set(first)), calls: [] };
  const fetch = async (url, init) => {
    made.calls.push({ url, init });
    return made.answer();
  };
  made.verifier = createVerifier({ issuer: ISSUER, fetch, now: () => NOW + made.seconds * 1000, ...options });
  return made;
}

const code = (expected) => (error) => {
  assert.equal(error.code, expected, error.message);
  return true;
};
const down = () => { throw new Error("connection refused"); };

test("keys are fetched from below the issuer, once while they are fresh", async () => {
  const made = make();
  assert.throws(() => made.verifier.verifySync(token), code("keys_unavailable"));
  assert.equal((await made.verifier.verify(token)).sub, "ada");
  made.seconds = 599;
  await made.verifier.verify(token);
  assert.equal(made.verifier.verifySync(token).sub, "ada");
  assert.deepEqual(made.calls.map(({ url }) => url), [`${ISSUER}/.well-known/jwks.json`]);
  made.seconds = 600;
  await made.verifier.verify(token);
  assert.equal(made.calls.length, 2);
});

test("the URL of the keys can be set", async () => {
  const made = make({ issuer: "gatewright", jwksUrl: new URL("https://keys.example.com/set") });
  await assert.rejects(made.verifier.verify(token), code("issuer_mismatch"));
  assert.equal(made.calls[0].url, "https://keys.example.com/set");
});

test("an unknown key causes a fetch, and the next one only after the cooldown", async () => {
  const made = make();
  await made.verifier.verify(token);
  await assert.rejects(made.verifier.verify(newer), code("key_unknown"));
  assert.equal(made.calls.length, 2);
  made.answer = () => new Response(set(first, second));
  made.seconds = 9;
  await assert.rejects(made.verifier.verify(newer), code("key_unknown"));
  assert.equal(made.calls.length, 2);
  made.seconds = 10;
  await made.verifier.verify(newer);
  await made.verifier.verify(token);
  assert.equal(made.calls.length, 3);
});

test("a key that the issuer removed is no longer accepted", async () => {
  const made = make();
  await made.verifier.verify(token);
  made.answer = () => new Response(set(second));
  made.seconds = 600;
  await assert.rejects(made.verifier.verify(token), code("key_unknown"));
});

test("a token of an algorithm that is not accepted fetches nothing", async () => {
  const made = make({ algorithms: ["EdDSA"] });
  await made.verifier.verify(token);
  await assert.rejects(made.verifier.verify(await (await keyPair("ES256")).sign()), code("algorithm_mismatch"));
  assert.equal(made.calls.length, 1);
});

test("stale keys are used while fetches fail, but not indefinitely", async () => {
  const made = make({ jwksMaxStale: 1000 });
  await made.verifier.verify(token);
  made.answer = down;
  made.seconds = 600;
  await made.verifier.verify(token);
  made.seconds = 609;
  await made.verifier.verify(token);
  assert.equal(made.calls.length, 2);
  made.seconds = 1599;
  await made.verifier.verify(token);
  made.seconds = 1600;
  await assert.rejects(made.verifier.verify(token), (error) => {
    assert.match(error.message, /connection refused/);
    return code("keys_unavailable")(error) && error.status === 503;
  });
  assert.throws(() => made.verifier.verifySync(token), code("keys_unavailable"));
  made.answer = () => new Response(set(first));
  made.seconds = 1601;
  await made.verifier.verify(token);
});

test("without any keys the next attempt is soon", async () => {
  const made = make();
  made.answer = down;
  await assert.rejects(made.verifier.verify(token), code("keys_unavailable"));
  await assert.rejects(made.verifier.verify(token), code("keys_unavailable"));
  assert.equal(made.calls.length, 1);
  made.answer = () => new Response(set(first));
  made.seconds = 1;
  await made.verifier.verify(token);
});

test("invalid responses are refused", async () => {
  for (const [answer, problem] of [
    [() => new Response("", { status: 500 }), /the response has status 500/],
    [() => new Response(null, { status: 302, headers: { location: "https://evil.example" } }), /status 302/],
    [() => new Response("<html>"), /not a JWK Set/],
    [() => new Response('{"keys":[]}'), /no usable key/],
    [() => new Response("x".repeat(64 * 1024 + 1)), /longer than 65536 bytes/],
  ]) {
    const made = make();
    await made.verifier.verify(token);
    made.answer = answer;
    // The token may be valid, so this is not the client's fault.
    await assert.rejects(made.verifier.verify(newer), (error) => code("keys_unavailable")(error) && problem.test(error.message));
    await assert.rejects(made.verifier.verify(newer), code("keys_unavailable"));
    assert.equal(made.calls.length, 2);
    assert.equal((await made.verifier.verify(token)).sub, "ada");
    made.seconds = 1e6;
    await assert.rejects(made.verifier.verify(token), (error) => code("keys_unavailable")(error) && problem.test(error.message));
    assert.equal(made.calls[0].init.redirect, "manual");
  }
});

test("one request fetches, and the others wait without its promise", async () => {
  const made = make();
  let release;
  made.answer = () => new Promise((resolve) => (release = () => resolve(new Response(set(first)))));
  const all = Promise.all(Array.from({ length: 20 }, () => made.verifier.verify(token)));
  assert.equal(made.calls.length, 1);
  release();
  assert.equal((await all).length, 20);
  assert.equal(made.calls.length, 1);
  // One request renews the old keys, and no other waits.
  made.seconds = 600;
  const renewing = made.verifier.verify(token);
  await made.verifier.verify(token);
  assert.equal(made.calls.length, 2);
  // A request with an unknown key waits for the running fetch.
  const waiting = made.verifier.verify(newer);
  made.answer = down;
  release();
  await renewing;
  await assert.rejects(waiting, code("key_unknown"));
  assert.equal(made.calls.length, 2);
});

test("another request fetches when the fetch of a cancelled request never ends", async () => {
  const made = make({ jwksTimeout: 0.1 });
  // As in a cancelled request of a Worker: neither response nor error arrives, even after the signal.
  made.answer = () => new Promise(() => {});
  void made.verifier.verify(token);
  made.answer = () => new Response(set(first));
  const waiting = made.verifier.verify(token);
  assert.equal(made.calls.length, 1);
  made.seconds = 1;
  assert.equal((await waiting).sub, "ada");
  assert.equal(made.calls.length, 2);
});

test("all requests that wait for a fetch that never ends get the keys of the next fetch", async () => {
  const made = make({ jwksTimeout: 0.1 });
  made.answer = () => new Promise(() => {});
  void made.verifier.verify(token);
  let release;
  made.answer = () => new Promise((resolve) => (release = () => resolve(new Response(set(first)))));
  const all = Promise.all(Array.from({ length: 20 }, () => made.verifier.verify(token)));
  made.seconds = 1;
  while (!release) await new Promise((resume) => setImmediate(resume));
  release();
  assert.equal((await all).length, 20);
  assert.equal(made.calls.length, 2);
});

test("a clock that is set back delays nothing", async () => {
  const made = make();
  made.seconds = 86_400;
  await made.verifier.verify(token);
  await assert.rejects(made.verifier.verify(newer), code("key_unknown"));
  made.answer = () => new Response(set(first, second));
  made.seconds = 7200;
  await made.verifier.verify(newer);
  const other = make();
  other.answer = down;
  other.seconds = 3600;
  await assert.rejects(other.verifier.verify(token), code("keys_unavailable"));
  other.answer = () => new Response(set(first));
  other.seconds = 0;
  await other.verifier.verify(token);
});

test("a timeout can have fractions of milliseconds", async () => {
  const made = make({ jwksTimeout: 2.01 });
  await made.verifier.verify(token);
});

test("a fetch times out", async () => {
  const made = make({ jwksTimeout: 0.1 });
  made.answer = () => new Promise((_, reject) => {
    const { signal } = made.calls.at(-1).init;
    signal.addEventListener("abort", () => reject(signal.reason));
  });
  // Keeps Node.js running, which doesn't wait for the signal's timer.
  const alive = setInterval(() => {}, 1000);
  await assert.rejects(made.verifier.verify(token), code("keys_unavailable"));
  clearInterval(alive);
});

test("keys can be fetched in advance", async () => {
  const made = make();
  await made.verifier.refresh();
  assert.deepEqual(made.verifier.verifySync(token).roles, claims.roles);
  made.seconds = 1e6;
  made.answer = down;
  await assert.rejects(made.verifier.refresh(), code("keys_unavailable"));
});
