// Users of the service that GATEWRIGHT_BASE names, and programs that receive their tokens.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";

export const base = process.env.GATEWRIGHT_BASE;
/** The service's default issuer. */
export const ISSUER = "http://localhost:8080";
export const JWKS_URL = `${base}/.well-known/jwks.json`;

async function post(path, body, token) {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(base + path, { method: "POST", headers, body: JSON.stringify(body) });
  assert.ok(response.ok, `${path}: ${response.status} ${response.ok ? "" : await response.text()}`);
  return response.status === 204 ? undefined : response.json();
}

/** Registers a user with the role `user` and returns their access token. */
export async function register() {
  const email = `${crypto.randomUUID()}@example.com`;
  const { tokens } = await post("/auth/register", { email, password: "a password of some length" });
  return tokens.access_token;
}

/** Returns the access token of the first administrator, who has every permission. */
export async function administrator() {
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = process.env;
  return (await post("/auth/login", { email, password })).access_token;
}

export const signOut = (token) => post("/auth/logout", {}, token);

/** Starts a program and waits until it prints that it listens. Returns its address and a function that stops it. */
export async function start(program, file, environment = {}) {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(program, [path], { env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface(child.stdout)) {
    const [, url] = /^listening (\S+)$/.exec(line) ?? [];
    if (url) return { url, stop: () => child.kill() };
  }
  throw new Error(`${file} ended before it listened`);
}

/** Checks the answers of an example to every kind of token. `ask(method, path, headers)` returns a response. */
export async function examine(ask) {
  const [user, admin] = await Promise.all([register(), administrator()]);
  const bearer = (token) => ({ authorization: `Bearer ${token}` });
  const routes = [["GET", "/me"], ["GET", "/admin"], ["GET", "/both"], ["POST", "/posts"]];
  const refused = async (response, status, code, challenge) => {
    assert.equal(response.status, status);
    assert.match(response.headers.get("content-type"), /^application\/json/);
    assert.match(response.headers.get("www-authenticate"), challenge);
    const { error } = await response.json();
    assert.deepEqual(Object.keys(error).sort(), ["code", "message", "status_code"]);
    assert.deepEqual([error.code, error.status_code], [code, status]);
    return error.message;
  };
  const forged = `${user.slice(0, -4)}${user.endsWith("AAAA") ? "BBBB" : "AAAA"}`;
  for (const [method, path] of routes) {
    const allowed = await ask(method, path, bearer(admin));
    assert.equal(allowed.status, 200, path);
    assert.equal(typeof (await allowed.json()), "object");
    await refused(await ask(method, path, {}), 401, "unauthenticated", /^Bearer realm="gatewright"$/);
    await refused(await ask(method, path, { authorization: "Basic YTpi" }), 401, "unauthenticated", /^Bearer realm="gatewright"$/);
    const invalid = /^Bearer realm="gatewright", error="invalid_token", error_description="The access token is refused: [a-z ']+"$/;
    assert.equal(await refused(await ask(method, path, bearer(forged)), 401, "signature_invalid", invalid),
      "The access token is refused: its signature is invalid.");
    await refused(await ask(method, path, { authorization: "bEARER nonsense" }), 401, "token_malformed", invalid);
  }
  const me = await (await ask("GET", "/me", bearer(user))).json();
  assert.deepEqual(me.roles, ["user"]);
  const insufficient = /^Bearer realm="gatewright", error="insufficient_scope"$/;
  for (const [path, needed] of [["/admin", "one of these roles: admin, moderator"], ["/both", "these roles: admin, moderator"]]) {
    assert.equal(await refused(await ask("GET", path, bearer(user)), 403, "forbidden", insufficient), `This needs ${needed}.`);
  }
  assert.equal(await refused(await ask("POST", "/posts", bearer(user)), 403, "forbidden", insufficient),
    "This needs the permission posts:write.");
}
