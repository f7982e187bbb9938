// Every example, with tokens of the service.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ISSUER, JWKS_URL, examine, register, start } from "./host.mjs";

const running = [];
after(() => running.forEach(({ stop }) => stop()));

async function example(name, environment) {
  const program = await start(process.execPath, `../examples/${name}.mjs`, { ISSUER, JWKS_URL, PORT: "0", ...environment });
  running.push(program);
  return (method, path, headers) => fetch(program.url + path, { method, headers });
}

for (const name of ["hono", "express", "fastify"]) {
  test(`${name} lets through who may`, async () => examine(await example(name)));

  test(`${name} answers 503 while keys can't be had`, async () => {
    // Port 1 is blocked by fetch.
    const ask = await example(name, { JWKS_URL: "http://127.0.0.1:1/" });
    const response = await ask("GET", "/me", { authorization: `Bearer ${await register()}` });
    assert.equal(response.status, 503);
    assert.equal(response.headers.get("retry-after"), "5");
    assert.deepEqual((await response.json()).error.code, "unavailable");
  });
}

test("route handlers of Next.js admit authorized users", async () => {
  Object.assign(process.env, { ISSUER, JWKS_URL });
  const routes = await import("../examples/next.mjs");
  await examine((method, path, headers) => {
    const context = { params: Promise.resolve({}) };
    return routes[path.slice(1)][method](new Request(`http://localhost:3000${path}`, { method, headers }), context);
  });
});

test("the example of passwords and second factors runs", () => {
  const path = fileURLToPath(new URL("../examples/crypto.mjs", import.meta.url));
  const output = execFileSync(process.execPath, [path], { encoding: "utf8" });
  assert.match(output, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$\S+\ntrue false\nhash to store instead: null\notpauth:\/\/totp\/Example:ada%40example.com\?/);
});
