// Calls the core of Gatewright from JavaScript: main.mjs jwks.json TOKEN
import assert from "node:assert";
import { readFile } from "node:fs/promises";

import { access, passwords, tokens, totp } from "./auth-core/auth-core.js";

const [jwks, token] = process.argv.slice(2);

const stored = passwords.hash("correct horse battery staple", undefined);
assert(passwords.verify("correct horse battery staple", stored));
assert(!passwords.verify("another", stored));
console.log("stored hash:", stored.slice(0, stored.indexOf("=1$") + 2));

const secret = totp.generateSecret();
console.log("TOTP URI:", totp.uri(secret, "Acme", "ada@example.com").replace(secret, "…"));
assert.equal(totp.verify(secret, "12345", undefined), undefined);

const expected = { issuer: "https://auth.example.com", audience: "https://api.example.com", clockTolerance: 5 };
const keys = await readFile(jwks, "utf8");
try {
  const claims = tokens.verify(token, keys, expected);
  console.log("token subject:", JSON.parse(claims).sub);
  console.log("can write posts:", access.can(claims, "posts:write"));
} catch (refusal) {
  // A refusal is thrown as its plain value: a string, or `{ tag, val }` for passwords.
  if (refusal instanceof Error) throw refusal;
  console.log("token refused:", refusal);
}
