// The Worker in the real runtime with local D1, KV and e-mail, behind a server that stands in for Cloudflare's edge.

import { randomUUID } from "node:crypto";
import { createServer, request as connect } from "node:http";
import { cpSync, existsSync, readFileSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { Miniflare, Log, LogLevel } from "miniflare";

export const options = {
  listen: { type: "string", default: "127.0.0.1:8787" },
  state: { type: "string", default: ".wrangler/state" },
  build: { type: "string", default: fileURLToPath(new URL("../../target/cloudflare", import.meta.url)) },
  var: { type: "string", multiple: true, default: [] },
  // For tests: sets the service's clock ahead by this many seconds.
  "clock-offset": { type: "string", default: "0" },
  // For tests: GET, PUT and DELETE of /__kv/KEY access KV, and a header of each response counts its calls of D1.
  inspect: { type: "boolean", default: false },
  // For tests: binds this many further databases, DB0, DB1, …; each is created when a request first names it in its
  // header `database`.
  databases: { type: "string", default: "0" },
};

const pair = (line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)];

// The count is correct for one request at a time, which is sufficient here.
const COUNTING = `
let calls = 0;
function count(of, method) {
  const call = of[method];
  of[method] = function (...parameters) {
    calls += 1;
    return call.apply(this, parameters);
  };
}
let counted = false;
export const counting = (worker) => ({
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
});`;

// A Worker that also does what this file asks of its databases, by requests with a secret header. From here, Miniflare
// would block this process for each call of D1.
const ASKS = `gatewright-${randomUUID()}`;
const ASKED = `
const actions = {
  // Applies migrations like "wrangler d1 migrations apply". Returns the names of those that were applied.
  async migrate(env, { database, migrations }) {
    const d1 = env[database];
    await d1.exec("CREATE TABLE IF NOT EXISTS d1_migrations (name TEXT PRIMARY KEY) STRICT");
    const applied = new Set((await d1.prepare("SELECT name FROM d1_migrations").all()).results.map(({ name }) => name));
    const missing = migrations.filter(({ name }) => !applied.has(name));
    for (const { name, sql } of missing) {
      await d1.batch([d1.prepare(sql), d1.prepare("INSERT INTO d1_migrations (name) VALUES (?1)").bind(name)]);
    }
    return missing.map(({ name }) => name);
  },
  // Changes a key of KV, and returns all keys that begin with it.
  async inspect({ KV }, { method, key, value }) {
    if (method === "PUT") await KV.put(key, value);
    else if (method === "DELETE") await KV.delete(key);
    const { keys } = await KV.list({ prefix: key });
    return Promise.all(keys.map(async ({ name, expiration }) => ({ name, expiration, value: await KV.get(name) })));
  },
};
export const asked = (worker) => ({
  ...worker,
  async fetch(request, env, context) {
    const action = request.headers.get("${ASKS}");
    if (action === null) return worker.fetch(request, env, context);
    return Response.json(await actions[action](env, await request.json()));
  },
});`;

// The header that Cloudflare sets to the client's address. A value from the client is discarded.
const ADDRESS = "cf-connecting-ip";
const KV = "/__kv/";

/// Starts the Worker in a folder, with arguments of the command line. `print` receives lines for people, `out` the
/// streams of the runtime. `template` is the state of a database with all tables, which is copied at the start. Returns
/// `stop`.
export async function start(args, { folder, print, out, template }) {
  const { values } = parseArgs({ options, args });
  const within = (path) => resolve(folder, path);
  const build = within(values.build);
  const state = within(values.state);
  const variables = within(".dev.vars");
  const file = existsSync(variables) ? readFileSync(variables, "utf8").split("\n") : [];
  const bindings = Object.fromEntries([...file.filter((line) => /^[A-Z]/.test(line)), ...values.var].map(pair));
  const read = (name) => readFileSync(`${build}/${name}`);
  const clock = `const now = Date.now; Date.now = () => now() + ${Number(values["clock-offset"])} * 1000;`;
  const entry = `
    import "./clock.js";
    import worker from "./worker.js";
    import { counting } from "./counting.js";
    import { asked } from "./asked.js";
    export default asked(${values.inspect ? "counting(worker)" : "worker"});`;
  const further = Array.from({ length: Number(values.databases) }, (_, number) => `DB${number}`);
  const databases = ["DB", ...further].map((name) => [name, name === "DB" ? "gatewright" : `gatewright-${name}`]);

  if (template && !existsSync(`${state}/d1`)) cpSync(template, `${state}/d1`, { recursive: true });
  const worker = new Miniflare({
    host: "127.0.0.1",
    port: 0,
    cf: false,
    log: new Log(LogLevel.WARN),
    handleRuntimeStdio: out,
    name: "gatewright",
    compatibilityDate: /^compatibility_date = "(.*)"$/m.exec(read("wrangler.toml"))[1],
    modules: [
      { type: "ESModule", path: "main.js", contents: entry },
      { type: "ESModule", path: "clock.js", contents: clock },
      { type: "ESModule", path: "counting.js", contents: COUNTING },
      { type: "ESModule", path: "asked.js", contents: ASKED },
      ...readdirSync(build, { recursive: true })
        .filter((path) => /\.(js|wasm)$/.test(path))
        .map((path) => ({ type: path.endsWith(".js") ? "ESModule" : "CompiledWasm", path, contents: read(path) })),
    ],
    bindings,
    d1Databases: Object.fromEntries(databases),
    d1Persist: `${state}/d1`,
    kvNamespaces: { KV: "gatewright" },
    kvPersist: `${state}/kv`,
    email: { send_email: [{ name: "EMAIL" }] },
  });
  const url = await worker.ready;
  async function ask(action, what) {
    // A new connection, as below.
    const headers = { [ASKS]: action, connection: "close" };
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(what) });
    if (!response.ok) throw new Error(`${action}: ${await response.text()}`);
    return response.json();
  }
  const migrations = readdirSync(`${build}/migrations`).sort()
    .map((name) => ({ name, sql: read(`migrations/${name}`).toString() }));
  const migrate = (database) => ask("migrate", { database, migrations });
  if (!template) {
    for (const name of await migrate("DB")) print(`created     tables of ${name}`);
  }
  const migrated = new Map();

  async function inspect(request, response) {
    const { method, url } = request;
    const value = Buffer.concat(await request.toArray()).toString();
    response.end(JSON.stringify(await ask("inspect", { method, key: decodeURIComponent(url.slice(KV.length)), value })));
  }
  const edge = createServer(async (request, response) => {
    const { database } = request.headers;
    if (further.includes(database)) {
      if (!migrated.has(database)) migrated.set(database, migrate(database));
      await migrated.get(database);
    }
    if (values.inspect && request.url.startsWith(KV)) return inspect(request, response);
    const headers = [];
    for (let i = 0; i < request.rawHeaders.length; i += 2) {
      const [name, value] = request.rawHeaders.slice(i, i + 2);
      if (name.toLowerCase() !== ADDRESS) headers.push(name, value);
    }
    headers.push(ADDRESS, request.socket.remoteAddress);
    const { hostname, port } = url;
    // Each request gets a new connection: a kept connection could be closed just when it is used again.
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
  // As long as Cloudflare keeps a connection, which is longer than clients do.
  edge.keepAliveTimeout = 400_000;
  const [host, port] = pair(values.listen.replace(/:(\d+)$/, "=$1"));
  await new Promise((done, failed) => edge.on("error", failed).listen(Number(port), host, done));
  const listening = edge.address();
  print(`listening   http://${listening.address}:${listening.port}`);
  return async () => {
    edge.close();
    edge.closeAllConnections();
    await worker.dispose();
  };
}
