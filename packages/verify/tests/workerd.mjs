// Runs a bundled Worker in Cloudflare's runtime, for workerd.test.mjs. BUNDLE names its folder. It is a program of its
// own because it needs a newer Node.js than the tests. PUT /__kv/KEY writes to its KV.
import { readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";

const { Miniflare } = createRequire(new URL("../../../hosts/cloudflare/", import.meta.url))("miniflare");
const { BUNDLE, ISSUER, JWKS_URL } = process.env;

const names = readdirSync(BUNDLE).sort((one, other) => other.endsWith(".js") - one.endsWith(".js"));
const worker = new Miniflare({
  host: "127.0.0.1",
  port: 0,
  cf: false,
  compatibilityDate: "2026-01-01",
  modules: names.map((path) => ({
    type: path.endsWith(".js") ? "ESModule" : "CompiledWasm",
    path,
    contents: readFileSync(`${BUNDLE}/${path}`),
  })),
  bindings: { ISSUER, JWKS_URL },
  kvNamespaces: ["KV"],
});
await worker.ready;

createServer(async ({ method, url, headers }, response) => {
  if (url.startsWith("/__kv/")) {
    await (await worker.getKVNamespace("KV")).put(decodeURIComponent(url.slice(6)), '{"until":0}');
    return response.end();
  }
  const answer = await worker.dispatchFetch(`http://localhost${url}`, { method, headers });
  response.writeHead(answer.status, [...answer.headers].flat()).end(await answer.text());
}).listen(0, "127.0.0.1", function () {
  console.log(`listening http://127.0.0.1:${this.address().port}`);
});
