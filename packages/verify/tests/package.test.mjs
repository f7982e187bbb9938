// The published package: contents, sizes and types.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const folder = path("../../../target/js");
const entries = ["index", "slim", "crypto", "fetch", "hono", "express", "fastify", "next"];
const parts = ["verifier", "error", "revocations", "guards"];

test("the package contains exactly the files listed here", () => {
  const [{ files, size, unpackedSize }] = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json"], { cwd: folder, encoding: "utf8" }));
  const expected = [
    "LICENSE-APACHE", "LICENSE-MIT", "README.md", "package.json", "embedded.js", "jwks.js", "platform.js",
    ...[...entries, ...parts].flatMap((name) => [`${name}.js`, `${name}.d.ts`]),
    ...["verify", "slim", "crypto"].flatMap((name) =>
      [".js", "_bg.wasm", ".embedded.js", ".edge-light.js"].map((end) => `wasm/${name}${end}`)),
  ];
  assert.deepEqual(files.map(({ path }) => path).sort(), expected.sort());
  assert.ok(size < 1_100_000, `${size} bytes packed`);
  assert.ok(unpackedSize < 2_400_000, `${unpackedSize} bytes unpacked`);
});

test("a dry run of publishing has no warnings", () => {
  // Provenance is created where the package is published; no registry login exists here.
  const { status, stdout, stderr } = spawnSync("npm", ["publish", "--dry-run", "--provenance=false"], { cwd: folder, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^\+ @gatewright\/verify@/m);
  const complaints = stderr.split("\n").filter((line) => /npm (warn publish|error)/i.test(line) && !line.includes("logged in"));
  assert.deepEqual(complaints, []);
});

test("its manifest is complete, and its version is the workspace's", () => {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json")));
  const [, version] = /^version = "(.*)"$/m.exec(readFileSync(path("../../../Cargo.toml"), "utf8"));
  assert.equal(manifest.version, version);
  assert.equal(manifest.license, "Apache-2.0 OR MIT");
  assert.equal(manifest.sideEffects, false);
  assert.equal(manifest.publishConfig.provenance, true);
  assert.equal(manifest.dependencies, undefined);
  for (const field of ["private", "devDependencies", "scripts"]) assert.equal(manifest[field], undefined);
});

test("modules are within their size budgets", (t) => {
  for (const [name, budget] of [["verify", 124_000], ["slim", 86_000], ["crypto", 66_000]]) {
    const { length } = gzipSync(readFileSync(join(folder, `wasm/${name}_bg.wasm`)), { level: 9 });
    t.diagnostic(`${name}: ${length} bytes gzipped`);
    assert.ok(length < budget, `${name}: ${length} bytes gzipped`);
  }
});

test("a bundle omits unused code", async () => {
  const bundle = async (contents) => {
    const options = { stdin: { contents, resolveDir: path(".") }, bundle: true, format: "esm", write: false, platform: "neutral", logLevel: "error" };
    return (await build(options)).outputFiles[0].text.length;
  };
  const verifier = await bundle('export { createVerifier } from "@gatewright/verify";');
  const guard = await bundle('export { requireAuth } from "@gatewright/verify/fetch";');
  assert.ok(guard < 10_000, `${guard}`);
  const both = await bundle('export { createVerifier } from "@gatewright/verify"; export { requireAuth } from "@gatewright/verify/hono";');
  assert.ok(both < verifier + 10_000, `${both} ${verifier}`);
  assert.ok((await bundle('import "@gatewright/verify"; import "@gatewright/verify/crypto";')) < 100);
});

test("the type declarations accept and refuse the right code", () => {
  const compiler = join(createRequire(import.meta.url).resolve("typescript/package.json"), "../bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [compiler, "--project", path("types")], { encoding: "utf8" });
  assert.equal(status, 0, stdout);
});

test("it works from its packed form", () => {
  const place = mkdtempSync(join(tmpdir(), "gatewright-pack-"));
  try {
    const [{ filename }] = JSON.parse(execFileSync("npm", ["pack", "--json", "--pack-destination", place], { cwd: folder, encoding: "utf8" }));
    const installed = join(place, "node_modules/@gatewright/verify");
    execFileSync("tar", ["-xzf", join(place, filename), "-C", place]);
    cpSync(join(place, "package"), installed, { recursive: true });
    const script = 'import { can } from "@gatewright/verify"; console.log(can({ permissions: ["*"] }, "a:b"));';
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: place, encoding: "utf8" });
    assert.equal(output, "true\n");
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});
