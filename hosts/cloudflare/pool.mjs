// For tests: starts a Worker for each client, with its own runtime and databases. Starting the runtimes from one
// process saves most of the start-up time.
//
// A client sends one line of JSON, {folder, args}: the folder to run in, and arguments in the form of `serve.mjs`. It
// receives the output of the Worker, and stops the Worker by closing the connection. The end of the output means that
// the Worker has stopped.

import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { start } from "./runtime.mjs";

// The tables are created once and copied for each Worker.
const template = mkdtempSync(join(tmpdir(), "gatewright-pool-"));
process.on("exit", () => rmSync(template, { recursive: true, force: true }));
const quiet = { print() {}, out: (stdout, stderr) => [stdout, stderr].forEach((stream) => stream.resume()) };
const stop = await start(["--listen", "127.0.0.1:0", "--state", "."], { folder: template, ...quiet });
await stop();

async function serve(client) {
  const lines = createInterface({ input: client })[Symbol.asyncIterator]();
  const { value } = await lines.next();
  const { folder, args } = JSON.parse(value);
  const print = (line) => client.writable && client.write(`${line}\n`);
  const out = (...streams) => streams.forEach((stream) => stream.on("data", (text) => client.writable && client.write(text)));
  const stop = await start(args, { folder, print, out, template: join(template, "d1") });
  while (!(await lines.next()).done);
  await stop();
}

const server = createServer({ allowHalfOpen: true }, (client) => {
  client.on("error", () => {});
  serve(client)
    .catch((error) => client.write(`${error.stack}\n`))
    .finally(() => client.end());
});
// This process exits when the tests exit, for any reason.
process.stdin.on("end", () => process.exit()).resume();
server.listen(0, "127.0.0.1", () => console.log(`listening   ${server.address().port}`));
