// The Worker example in Cloudflare's own runtime, which doesn't compile WebAssembly from bytes.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { ISSUER, JWKS_URL, examine, register, start } from "./host.mjs";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "gatewright-workerd-"));
let worker;

before(async () => {
  // As with Wrangler, WebAssembly modules stay modules.
  await build({
    entryPoints: [path("../examples/worker.js")],
    outdir: folder,
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:workers"],
    loader: { ".wasm": "copy" },
  });
  worker = await start(path("../../../hosts/cloudflare/node_modules/node/bin/node"), "workerd.mjs", { BUNDLE: folder, ISSUER, JWKS_URL });
});

after(() => {
  worker?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const ask = (method, route, headers) => fetch(worker.url + route, { method, headers });

test("the bundle imports one WebAssembly module", () => {
  assert.deepEqual(readdirSync(folder).map((name) => name.replace(/-\w+\.wasm$/, ".wasm")).sort(), ["verify_bg.wasm", "worker.js"]);
});

test("many first requests at once are answered", async () => {
  const headers = { authorization: `Bearer ${await register()}` };
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask("GET", "/me", headers)));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
});

test("a Worker admits authorized users", () => examine(ask));

test("a Worker learns of revoked sessions from KV", async () => {
  const token = await register();
  const headers = { authorization: `Bearer ${token}` };
  assert.equal((await ask("GET", "/me", headers)).status, 200);
  const { sid } = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
  await fetch(`${worker.url}/__kv/revoked:${sid}`, { method: "PUT" });
  const response = await ask("GET", "/me", headers);
  assert.equal(response.status, 401);
  assert.equal((await response.json()).error.code, "session_ended");
});
