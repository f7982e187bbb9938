// Serves the Worker in the real runtime with local D1, KV and e-mail: node serve.mjs [--listen ADDRESS] [--state FOLDER]
// [--var NAME=VALUE]... Variables also come from `.dev.vars` in the current folder, as Wrangler has it.

import { createServer, request as connect } from "node:http";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { Miniflare, Log, LogLevel } from "miniflare";

const { values } = parseArgs({
  options: {
    listen: { type: "string", default: "127.0.0.1:8787" },
    state: { type: "string", default: ".wrangler/state" },
    build: { type: "string", default: fileURLToPath(new URL("../../target/cloudflare", import.meta.url)) },
    var: { type: "string", multiple: true, default: [] },
    // For tests: shows the service a clock that is ahead by this many seconds.
    "clock-offset": { type: "string", default: "0" },
    // For tests: GET, PUT and DELETE of /__kv/KEY reach into KV, and answers say how many calls of D1 they took.
    inspect: { type: "boolean", default: false },
  },
});

const pair = (line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)];
const file = existsSync(".dev.vars") ? readFileSync(".dev.vars", "utf8").split("\n") : [];
const given = file.filter((line) => /^[A-Z]/.test(line)).map(pair);
const bindings = Object.fromEntries([...given, ...values.var.map(pair)]);

const read = (name) => readFileSync(`${values.build}/${name}`);
const clock = `const now = Date.now; Date.now = () => now() + ${Number(values["clock-offset"])} * 1000;`;
// Answers to one request at a time are counted rightly, which is enough here.
const counting = `
import worker from "./worker.js";
let calls = 0;
function count(of, method) {
  const call = of[method];
  of[method] = function (...parameters) {
    calls += 1;
    return call.apply(this, parameters);
  };
}
let counted = false;
export default {
  ...worker,
  async fetch(request, env, context) {
    if (!counted) {
      count(Object.getPrototypeOf(env.DB), "batch");
      count(Object.getPrototypeOf(env.DB.prepare("SELECT 1")), "all");
      counted = true;
    }
    calls = 0;
    const response = await worker.fetch(request, env, context);
    const answer = new Response(response.body, response);
    answer.headers.set("d1-calls", calls);
    return answer;
  },
};`;
const entry = `import "./clock.js"; ${values.inspect ? counting : 'export { default } from "./worker.js";'}`;
const [host, port] = pair(values.listen.replace(/:(\d+)$/, "=$1"));

const worker = new Miniflare({
  host: "127.0.0.1",
  port: 0,
  cf: false,
  log: new Log(LogLevel.WARN),
  handleRuntimeStdio(out, err) {
    out.pipe(process.stderr);
    err.pipe(process.stderr);
  },
  name: "gatewright",
  compatibilityDate: /^compatibility_date = "(.*)"$/m.exec(read("wrangler.toml"))[1],
  modules: [
    { type: "ESModule", path: "main.js", contents: entry },
    { type: "ESModule", path: "clock.js", contents: clock },
    ...readdirSync(values.build, { recursive: true })
      .filter((path) => /\.(js|wasm)$/.test(path))
      .map((path) => ({ type: path.endsWith(".js") ? "ESModule" : "CompiledWasm", path, contents: read(path) })),
  ],
  bindings,
  d1Databases: { DB: "gatewright" },
  d1Persist: `${values.state}/d1`,
  kvNamespaces: { KV: "gatewright" },
  kvPersist: `${values.state}/kv`,
  email: { send_email: [{ name: "EMAIL" }] },
});

const url = await worker.ready;
// What `wrangler d1 migrations apply` does.
const database = await worker.getD1Database("DB");
await database.exec("CREATE TABLE IF NOT EXISTS d1_migrations (name TEXT PRIMARY KEY) STRICT");
const applied = new Set((await database.prepare("SELECT name FROM d1_migrations").all()).results.map(({ name }) => name));
for (const name of readdirSync(`${values.build}/migrations`).sort()) {
  if (applied.has(name)) continue;
  const statements = read(`migrations/${name}`).toString().split(";\n").map((sql) => sql.trim()).filter(Boolean);
  const done = database.prepare("INSERT INTO d1_migrations (name) VALUES (?1)").bind(name);
  await database.batch([...statements.map((sql) => database.prepare(sql)), done]);
  console.log(`made        tables of ${name}`);
}

// In Cloudflare's place: tells the Worker the client's address, whatever the client says of it.
const ADDRESS = "cf-connecting-ip";
const KV = "/__kv/";
async function inspect(request, response) {
  const namespace = await worker.getKVNamespace("KV");
  const key = decodeURIComponent(request.url.slice(KV.length));
  if (request.method === "PUT") await namespace.put(key, Buffer.concat(await request.toArray()).toString());
  else if (request.method === "DELETE") await namespace.delete(key);
  const { keys } = await namespace.list({ prefix: key });
  const found = keys.map(async ({ name, expiration }) => ({ name, expiration, value: await namespace.get(name) }));
  response.end(JSON.stringify(await Promise.all(found)));
}
const edge = createServer((request, response) => {
  if (values.inspect && request.url.startsWith(KV)) return inspect(request, response);
  const headers = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const [name, value] = request.rawHeaders.slice(i, i + 2);
    if (name.toLowerCase() !== ADDRESS) headers.push(name, value);
  }
  headers.push(ADDRESS, request.socket.remoteAddress);
  const { hostname, port } = url;
  // A connection for each: one that is kept may be closed just when it is used again.
  const passed = connect({ hostname, port, method: request.method, path: request.url, headers, agent: false }, (answer) => {
    response.writeHead(answer.statusCode, answer.rawHeaders);
    answer.pipe(response);
  });
  passed.on("error", (error) => {
    console.error("the Worker can't be reached", error.message);
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end();
  });
  response.on("close", () => passed.destroy());
  request.pipe(passed);
});
edge.listen(Number(port), host, () => {
  const { address, port } = edge.address();
  console.log(`listening   http://${address}:${port}`);
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, async () => {
    edge.close();
    await worker.dispose();
    console.log("stopped");
    process.exit(0);
  });
}
