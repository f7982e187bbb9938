// The package in a browser, bundled by esbuild.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { ISSUER, JWKS_URL, register } from "./host.mjs";

const folder = mkdtempSync(join(tmpdir(), "gatewright-browser-"));
let context;
let server;

before(async () => {
  const source = `
    import * as verify from "@gatewright/verify";
    import * as slim from "@gatewright/verify/slim";
    import * as crypto from "@gatewright/verify/crypto";
    globalThis.gatewright = { verify, slim, crypto };`;
  const resolveDir = fileURLToPath(new URL(".", import.meta.url));
  const { outputFiles } = await build({ stdin: { contents: source, resolveDir }, bundle: true, minify: true, format: "esm", write: false });
  // Serves the service's keys from the page's own origin, so that CORS doesn't matter.
  server = createServer(async (request, response) => {
    if (request.url === "/script.js") response.setHeader("content-type", "text/javascript").end(outputFiles[0].text);
    else if (request.url === "/jwks.json") response.end(await (await fetch(JWKS_URL)).text());
    else response.setHeader("content-type", "text/html").end('<!doctype html><script type="module" src="/script.js"></script>');
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  context = await chromium.launchPersistentContext(folder, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});

after(async () => {
  await context?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

test("a page verifies tokens, decides, and hashes", async () => {
  const page = await context.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.waitForFunction(() => globalThis.gatewright);
  const token = await register();
  const found = await page.evaluate(async ({ ISSUER, token }) => {
    const { verify, slim, crypto } = globalThis.gatewright;
    const options = { issuer: ISSUER, jwksUrl: new URL("/jwks.json", location.href) };
    const claims = await verify.createVerifier(options).verify(token);
    const again = await slim.createVerifier(options).verify(token);
    const refused = await verify.createVerifier({ ...options, audience: "other" }).verify(token).catch((error) => error.code);
    const hash = crypto.hashPassword("password", { memory: 64, iterations: 1 });
    return {
      roles: claims.roles,
      same: JSON.stringify(claims) === JSON.stringify(again),
      refused,
      may: [verify.hasRole(claims, "user"), verify.hasRole(claims, "admin")],
      matches: [crypto.verifyPassword("password", hash), crypto.verifyPassword("passwort", hash)],
    };
  }, { ISSUER, token });
  assert.deepEqual(found, { roles: ["user"], same: true, refused: "audience_mismatch", may: [true, false], matches: [true, false] });
  assert.deepEqual(problems, []);
});
