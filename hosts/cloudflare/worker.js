// The entry of the Worker: passes events to the WebAssembly module, and creates a new instance of it after a trap.

import * as gatewright from "./index.js";

const ERROR = { code: "internal_error", message: "Something went wrong on our side.", status_code: 500 };

/** The functions that reject each request in progress. */
const waiting = new Set();
let trapped = false;

/** After a trap the module's memory can't be trusted, so no request in progress can continue. */
function giveUp(error) {
  if (!(error instanceof WebAssembly.RuntimeError)) return;
  console.error("the module trapped", error.stack);
  trapped = true;
  for (const end of waiting) end(error);
  waiting.clear();
}

// Most of the module runs in callbacks, whose errors reach no caller.
addEventListener("error", (event) => giveUp(event.error));
addEventListener("unhandledrejection", (event) => giveUp(event.reason));

/** Runs an export of the module until it completes or the module traps. */
async function run(name, ...parameters) {
  if (trapped) {
    gatewright.__wbg_reset_state();
    trapped = false;
  }
  let end;
  const ended = new Promise((_, reject) => (end = reject));
  waiting.add(end);
  try {
    return await Promise.race([gatewright[name](...parameters), ended]);
  } catch (error) {
    giveUp(error);
    throw error;
  } finally {
    waiting.delete(end);
  }
}

export default {
  async fetch(request, env, context) {
    const answered = run("fetch", request, env, context);
    // If the client disconnects, the request still completes, and everything that depends on its end is notified.
    context.waitUntil(answered.then(() => {}, () => {}));
    try {
      return await answered;
    } catch {
      const headers = { "cache-control": "no-store", "x-content-type-options": "nosniff", "x-request-id": crypto.randomUUID() };
      return Response.json({ error: ERROR }, { status: 500, headers });
    }
  },
  async scheduled(controller, env, context) {
    await run("scheduled", controller, env, context);
  },
};
