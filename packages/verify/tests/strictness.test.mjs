// Verifier and service refuse the same tokens with the same codes. jose is compared to show where both are stricter
// than others.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { createVerifier } from "@gatewright/verify";
import { errors, jwtVerify } from "jose";
import { ISSUER, JWKS_URL, base, register } from "./host.mjs";

const SECRET = "a secret of the tests with more than thirty-two bytes";
const folder = mkdtempSync(join(tmpdir(), "gatewright-"));
let service;
let host;
let token;
let header;
let claims;

before(async () => {
  const environment = { ...process.env, JWT_ALGORITHM: "HS256", JWT_SECRET: SECRET };
  const options = { cwd: folder, env: environment, stdio: ["ignore", "pipe", "ignore"] };
  service = spawn(process.env.GATEWRIGHT_PROGRAM, ["serve", "--listen", "127.0.0.1:0"], options);
  for await (const line of createInterface(service.stdout)) {
    if (line.startsWith("listening")) {
      host = line.slice("listening".length).trim();
      break;
    }
  }
  service.stdout.resume();
  const body = JSON.stringify({ email: "ada@example.com", password: "a password of some length" });
  const response = await fetch(`${host}/auth/register`, { method: "POST", headers: { "content-type": "application/json" }, body });
  token = (await response.json()).tokens.access_token;
  [header, claims] = token.split(".", 2).map((part) => JSON.parse(Buffer.from(part, "base64url")));
});

after(() => {
  service?.kill();
  rmSync(folder, { recursive: true, force: true });
});

const base64 = (value) => Buffer.from(typeof value === "string" || Buffer.isBuffer(value) ? value : JSON.stringify(value)).toString("base64url");
/** Signs a compact JWS of two parts (values or their text) with the service's secret. */
function signed(head, payload, secret = SECRET) {
  const message = `${base64(head)}.${base64(payload)}`;
  return `${message}.${createHmac("sha256", secret).update(message).digest("base64url")}`;
}
const withHeader = (changed) => signed({ ...header, ...changed }, claims);
const withClaims = (changed) => signed(header, { ...claims, ...changed });
/** Returns JSON with further text before its last bracket. */
const and = (value, text) => `${JSON.stringify(value).slice(0, -1)},${text}}`;
const nested = (depth) => `"nested":${"[".repeat(depth)}${"]".repeat(depth)}`;
const now = () => Math.floor(Date.now() / 1000);
const parts = () => token.split(".");

/** Returns the code by which the service refuses a token, or undefined if it accepts it. */
async function answer(at, token) {
  const response = await fetch(`${at}/auth/me`, { headers: { authorization: `Bearer ${token}` } });
  const { error } = await response.json();
  return error?.code;
}

/** Returns the code by which a verifier refuses a token. */
function code(verifier, token) {
  try {
    verifier.verifySync(token);
  } catch (error) {
    return error.code;
  }
}

/** Returns whether jose accepts the token with the same options. */
async function joseTakes(token) {
  const options = { issuer: ISSUER, audience: ISSUER, typ: "at+jwt", algorithms: ["HS256"] };
  try {
    await jwtVerify(token, new TextEncoder().encode(SECRET), options);
    return true;
  } catch (error) {
    assert.ok(error instanceof errors.JOSEError || error instanceof TypeError, error);
    return false;
  }
}

const MALFORMED = "token_malformed";
// Reasons why the product refuses tokens that jose accepts.
const ONE_KEY = "jose receives one key and ignores `kid`; here `kid` selects the key (RFC 8725 section 3.1)";
const PROFILE = "RFC 9068 section 2.2 requires the claim; jose checks only the required claims of its options";
const TYPED = "RFC 7519 and RFC 9068 define the claim's type; jose checks the types of few claims";
const WHOLE = "times are whole seconds from 0 on here; RFC 7519 allows others, which this issuer never uses";
const ONCE = "RFC 8259 section 4 leaves duplicate members undefined; jose uses the last one";
const CLOCK = "a token from the future is refused; jose checks `iat` only with a maximum age";
const LENGTH = "tokens of more than 8 KiB are refused unread";
const UTF8 = "JSON begins without a byte order mark (RFC 8259 section 8.1) and is UTF-8, which has no lone surrogates; jose accepts both";
const CRITICAL = "no extension is supported here, so `crit` and `b64` are refused; jose supports `b64`";
const BASE64 = "RFC 7515 has no padding, and RFC 4648 section 3.5 allows decoders to refuse non-zero trailing bits; jose decodes whatever the engine does";
const NUMBERS = "a number that overflows a double is refused; JSON.parse returns Infinity";

// Name, token, code of the refusal, and why jose accepts it nevertheless.
const CASES = [
  ["as it was issued", () => token],
  ["signed by the test", () => signed(header, claims)],
  ["a media type in full", () => withHeader({ typ: "application/at+jwt" })],
  ["a media type in capitals", () => withHeader({ typ: "AT+JWT" })],
  ["further members", () => signed({ ...header, cty: "x", x5t: 1 }, { ...claims, scope: "a", cnf: { jkt: "x" } })],
  ["several audiences", () => withClaims({ aud: ["other", ISSUER] })],
  ["blanks in JSON", () => signed(` ${JSON.stringify(header, null, 2)}\n`, `\t${JSON.stringify(claims, null, 2)} `)],
  ["escapes in JSON", () => signed(JSON.stringify(header).replace("alg", "\\u0061lg"), JSON.stringify(claims).replace("iss", "\\u0069ss"))],
  ["no optional claims", () => withClaims({ roles: undefined, permissions: undefined, amr: undefined })],
  ["a prototype as a claim", () => signed(header, and(claims, '"__proto__":{"roles":["superadmin"]}'))],
  ["an unknown member twice", () => signed(header, and(claims, '"x":1,"x":2'))],
  ["a very deep unknown member", () => signed(and(header, nested(900)), and(claims, nested(900)))],
  ["huge unknown numbers", () => signed(header, and(claims, '"x":123456789012345678901234567890,"y":1e999'))],
  ["the last second of exp", () => withClaims({ exp: now() + 30 })],

  ["no algorithm", () => `${base64({ ...header, alg: "none" })}.${parts()[1]}.`, "algorithm_mismatch"],
  ["none as the algorithm, signed", () => withHeader({ alg: "none" }), "algorithm_mismatch"],
  ["another algorithm", () => withHeader({ alg: "HS512" }), "algorithm_mismatch"],
  ["an algorithm of key pairs", () => withHeader({ alg: "EdDSA" }), "algorithm_mismatch"],
  ["an algorithm in small letters", () => withHeader({ alg: "hs256" }), "algorithm_mismatch"],
  ["the algorithm as a list", () => withHeader({ alg: ["HS256"] }), MALFORMED],
  ["the algorithm left out", () => withHeader({ alg: undefined }), MALFORMED],
  ["another type", () => withHeader({ typ: "JWT" }), "token_type_mismatch"],
  ["no type", () => withHeader({ typ: undefined }), "token_type_mismatch"],
  ["an empty type", () => withHeader({ typ: "" }), "token_type_mismatch"],
  ["another kid", () => withHeader({ kid: "other" }), "key_unknown", ONE_KEY],
  ["no kid", () => withHeader({ kid: undefined }), "key_unknown", ONE_KEY],
  ["a number as kid", () => withHeader({ kid: 1 }), MALFORMED, ONE_KEY],
  ["an empty crit", () => withHeader({ crit: [] }), MALFORMED],
  ["an unknown crit", () => withHeader({ crit: ["exp"], exp: 1 }), MALFORMED],
  ["crit of b64", () => withHeader({ crit: ["b64"], b64: true }), MALFORMED, CRITICAL],
  ["an unencoded payload", () => withHeader({ b64: false }), MALFORMED, CRITICAL],
  ["a key of its own and another kid", () => withHeader({ kid: "x", jwk: { kty: "oct", k: base64(SECRET) } }), "key_unknown", ONE_KEY],
  ["alg twice", () => signed(and(header, '"alg":"HS256"'), claims), MALFORMED, ONCE],
  ["kid twice", () => signed(and(header, `"kid":${JSON.stringify(header.kid)}`), claims), MALFORMED, ONCE],
  ["a header that is a list", () => signed([header], claims), MALFORMED],
  ["a header that is a list of its values", () => signed([header.alg, header.typ, header.kid], claims), MALFORMED],
  ["crit that is null", () => withHeader({ crit: null }), MALFORMED],
  ["a header that is null", () => signed("null", claims), MALFORMED],
  ["an empty header", () => signed({}, claims), MALFORMED],
  ["a header without end", () => signed(JSON.stringify(header).slice(0, -1), claims), MALFORMED],
  ["a header with something behind it", () => signed(`${JSON.stringify(header)}x`, claims), MALFORMED],

  ["expired", () => withClaims({ exp: now() - 10 }), "token_expired"],
  ["exp in text", () => withClaims({ exp: String(claims.exp) }), MALFORMED],
  ["exp in parts of seconds", () => withClaims({ exp: claims.exp + 0.5 }), MALFORMED, WHOLE],
  ["exp with an exponent", () => signed(header, JSON.stringify({ ...claims, exp: 0 }).replace('"exp":0', '"exp":1e12')), MALFORMED, WHOLE],
  ["exp beyond 64 bits", () => signed(header, JSON.stringify({ ...claims, exp: 0 }).replace('"exp":0', '"exp":99999999999999999999')), MALFORMED, WHOLE],
  ["exp beyond a double", () => signed(header, JSON.stringify({ ...claims, exp: 0 }).replace('"exp":0', '"exp":1e999')), MALFORMED, NUMBERS],
  ["exp before 1970", () => withClaims({ exp: -1 }), MALFORMED],
  ["exp left out", () => withClaims({ exp: undefined }), MALFORMED, PROFILE],
  ["exp as null", () => withClaims({ exp: null }), MALFORMED],
  ["exp twice", () => signed(header, and(claims, `"exp":${claims.exp}`)), MALFORMED, ONCE],
  ["not yet valid", () => withClaims({ nbf: now() + 600 }), "token_not_yet_valid"],
  ["nbf in text", () => withClaims({ nbf: "0" }), MALFORMED],
  ["issued in the future", () => withClaims({ iat: now() + 600 }), "token_not_yet_valid", CLOCK],
  ["iat left out", () => withClaims({ iat: undefined }), MALFORMED, PROFILE],
  ["another issuer", () => withClaims({ iss: "https://other.example" }), "issuer_mismatch"],
  ["the issuer with a slash", () => withClaims({ iss: `${ISSUER}/` }), "issuer_mismatch"],
  ["the issuer in a list", () => withClaims({ iss: [ISSUER] }), MALFORMED],
  ["iss left out", () => withClaims({ iss: undefined }), MALFORMED],
  ["another audience", () => withClaims({ aud: "other" }), "audience_mismatch"],
  ["other audiences", () => withClaims({ aud: ["other", "another"] }), "audience_mismatch"],
  ["no audience", () => withClaims({ aud: [] }), "audience_mismatch"],
  ["an audience that is a number", () => withClaims({ aud: 1 }), MALFORMED],
  ["audiences with a number", () => withClaims({ aud: [ISSUER, 1] }), MALFORMED, TYPED],
  ["aud left out", () => withClaims({ aud: undefined }), MALFORMED],
  ...["sub", "jti", "client_id", "sid", "auth_time"].map((name) => [`${name} left out`, () => withClaims({ [name]: undefined }), MALFORMED, PROFILE]),
  ["sub as a number", () => withClaims({ sub: 1 }), MALFORMED, TYPED],
  ["roles as text", () => withClaims({ roles: "superadmin" }), MALFORMED, TYPED],
  ["roles with a number", () => withClaims({ roles: ["user", 1] }), MALFORMED, TYPED],
  ["permissions as an object", () => withClaims({ permissions: { 0: "*" } }), MALFORMED, TYPED],
  ["act as text", () => withClaims({ act: "admin" }), MALFORMED, TYPED],
  ["roles twice", () => signed(header, and(claims, '"roles":["superadmin"]')), MALFORMED, ONCE],
  ["claims that are a list", () => signed(header, [claims]), MALFORMED],
  ["claims that are a list of their values", () => signed(header, [claims.iss, claims.sub, claims.aud, claims.exp, null, claims.iat, claims.jti, claims.client_id, claims.sid, claims.auth_time]), MALFORMED],
  ["claims that are text", () => signed(header, '"claims"'), MALFORMED],
  ["no claims", () => signed(header, ""), MALFORMED],
  ["claims without end", () => signed(header, JSON.stringify(claims).slice(0, -1)), MALFORMED],
  ["claims with something behind them", () => signed(header, `${JSON.stringify(claims)}{}`), MALFORMED],
  ["claims after a byte order mark", () => signed(header, `\ufeff${JSON.stringify(claims)}`), MALFORMED, UTF8],
  ["claims that are not UTF-8", () => signed(header, Buffer.concat([Buffer.from(and(claims, '"x":"').slice(0, -1)), Buffer.from([0xff, 0x22, 0x7d])])), MALFORMED],
  ["a lone surrogate in a claim", () => signed(header, JSON.stringify(claims).replace('"sub":"', '"sub":"\\ud800')), MALFORMED, UTF8],
  ["NaN as a claim", () => signed(header, and(claims, '"x":NaN')), MALFORMED],
  ["a comma too many", () => signed(header, and(claims, "")), MALFORMED],
  ["very deep roles", () => signed(header, and({ ...claims, roles: undefined }, nested(1500).replace("nested", "roles"))), MALFORMED, TYPED],

  ["another secret", () => signed(header, claims, `${SECRET}!`), "signature_invalid"],
  ["the signature of other claims", () => [...withClaims({ sub: "eve" }).split(".").slice(0, 2), parts()[2]].join("."), "signature_invalid"],
  ["no signature", () => `${parts().slice(0, 2).join(".")}.`, "signature_invalid"],
  ["a shortened signature", () => token.slice(0, -3), "signature_invalid"],
  ["a lengthened signature", () => `${token}AAAA`, "signature_invalid"],
  ["left over bits in the signature", () => token.slice(0, -1) + String.fromCharCode(token.charCodeAt(token.length - 1) + 1), MALFORMED, BASE64],
  ["padding", () => `${token}=`, MALFORMED, BASE64],
  ["the other alphabet", () => signed(header, and(claims, '"x":"???>>>"')).replaceAll("-", "+").replaceAll("_", "/"), MALFORMED],
  ["a letter that is none", () => `${parts()[0]}.${parts()[1]}.!${parts()[2].slice(1)}`, MALFORMED],
  ["one letter too many", () => `${parts()[0]}A.${parts()[1]}.${parts()[2]}`, MALFORMED],
  ["two parts", () => parts().slice(0, 2).join("."), MALFORMED],
  ["four parts", () => `${token}.`, MALFORMED],
  ["five parts", () => `${token}.${parts()[2]}.${parts()[2]}`, MALFORMED],
  ["points alone", () => "..", MALFORMED],
  ["no point", () => "nonsense", MALFORMED],
  ["too long", () => withClaims({ x: "x".repeat(8 * 1024) }), MALFORMED, LENGTH],
];

test("every kind of token is refused by both with the same code, or accepted by both", async (t) => {
  const verifier = createVerifier({ issuer: ISSUER, secret: SECRET });
  for (const [name, make, expected, whyJoseTakesIt] of CASES) {
    await t.test(name, async () => {
      const made = make();
      assert.equal(code(verifier, made), expected, "the verifier");
      assert.equal(await answer(host, made), expected, "the service");
      const strange = expected !== undefined && whyJoseTakesIt !== undefined;
      assert.equal(await joseTakes(made), expected === undefined || strange, `jose (${whyJoseTakesIt ?? "as listed"})`);
    });
  }
});

/** A pseudo-random generator with a fixed sequence (xorshift). */
function random(seed) {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/~";

/** Returns a token with one letter changed, removed, doubled or swapped. */
function mutated(token, pick) {
  const at = pick(token.length);
  const letter = LETTERS[pick(LETTERS.length)];
  return [
    () => token.slice(0, at) + letter + token.slice(at + 1),
    () => token.slice(0, at) + token.slice(at + 1),
    () => token.slice(0, at) + letter + token.slice(at),
    () => token.slice(0, at) + token.slice(at + pick(20)),
  ][pick(4)]();
}

test("a token with any letter changed gets the same answer from both", async () => {
  const other = await register();
  const jwks = await (await fetch(JWKS_URL)).json();
  for (const [at, token_, verifier, seed] of [
    [host, token, createVerifier({ issuer: ISSUER, secret: SECRET }), 7],
    [base, other, createVerifier({ issuer: ISSUER, jwks }), 11],
  ]) {
    const pick = random(seed);
    for (let number = 0; number < 400; number += 1) {
      const changed = mutated(token_, pick);
      const refusal = code(verifier, changed);
      assert.equal(await answer(at, changed), refusal, changed);
      if (changed !== token_) assert.notEqual(refusal, undefined, changed);
    }
  }
});

test("arbitrary claims with a valid signature get the same answer from both", async () => {
  const verifier = createVerifier({ issuer: ISSUER, secret: SECRET });
  const pick = random(13);
  const values = [null, true, 0, 1, -1, 1.5, 2 ** 53, 1e300, "", "x", ISSUER, [], [""], ["user"], [1], {}, { sub: "x" }, { sub: 1 }, [[]]];
  const names = Object.keys(claims).concat("nbf", "act", "scope").filter((name) => name !== "sub" && name !== "sid");
  for (let number = 0; number < 400; number += 1) {
    const changed = {};
    for (let count = pick(2); count >= 0; count -= 1) changed[names[pick(names.length)]] = values[pick(values.length)];
    const made = withClaims(changed);
    assert.equal(await answer(host, made), code(verifier, made), JSON.stringify(changed));
  }
});
