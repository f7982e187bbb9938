// Computes password hashes for `cargo xtask bench hash` in workerd. The lines of the input are those of `node.mjs`.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Miniflare } from "../../hosts/cloudflare/node_modules/miniflare/dist/src/index.js";

const read = (name) => readFileSync(new URL(`../../target/js/wasm/${name}`, import.meta.url));
const main = `
import module from "./crypto_bg.wasm";
import { Hasher, initSync } from "./crypto.js";
initSync({ module });
const hasher = Hasher.with();
export default {
  async fetch(request) {
    const [count, , stored] = (await request.text()).split(" ");
    for (let at = 0; at < Number(count); at += 1) {
      if (hasher.verify("correct horse battery staple", stored) !== false) throw new Error("no password matches these hashes");
    }
    return new Response();
  },
};`;

const worker = new Miniflare({
  cf: false,
  compatibilityDate: "2026-01-01",
  modules: [
    { type: "ESModule", path: "main.js", contents: main },
    { type: "ESModule", path: "crypto.js", contents: read("crypto.js") },
    { type: "CompiledWasm", path: "crypto_bg.wasm", contents: read("crypto_bg.wasm") },
  ],
});
const url = await worker.ready;
for await (const line of createInterface(process.stdin)) {
  const response = await fetch(url, { method: "POST", body: line });
  console.log(response.ok ? "done" : await response.text());
}
await worker.dispose();
