// Serves the Worker in the real runtime with local D1, KV and e-mail: node serve.mjs [--listen ADDRESS] [--state
// FOLDER] [--var NAME=VALUE]... Like Wrangler, it also reads variables from `.dev.vars` in the current folder.

import { start } from "./runtime.mjs";

const stop = await start(process.argv.slice(2), {
  folder: ".",
  print: (line) => console.log(line),
  out(stdout, stderr) {
    stdout.pipe(process.stderr);
    stderr.pipe(process.stderr);
  },
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, async () => {
    await stop();
    console.log("stopped");
    process.exit(0);
  });
}
