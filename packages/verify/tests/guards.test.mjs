// How guards answer to errors on the server's side.
import assert from "node:assert/strict";
import { test } from "node:test";
import { VerifyError } from "@gatewright/verify";
import * as express from "@gatewright/verify/express";
import * as plain from "@gatewright/verify/fetch";

const failing = (error) => ({ verify: () => Promise.reject(error), decide: () => true });
const headers = { authorization: "Bearer token" };

test("a programming error is thrown, not sent as a response", async () => {
  for (const error of [new RangeError("a bug"), new VerifyError("revocations_async", "a mistake")]) {
    await assert.rejects(plain.requireAuth(failing(error))(new Request("http://localhost/", { headers })), error);
    const passed = await new Promise((next) => express.requireAuth(failing(error))({ headers }, {}, next));
    assert.equal(passed, error);
  }
});

test("missing arguments of a guard are reported when it is created", () => {
  for (const require of [plain.requireRole, plain.requireAllRoles]) {
    assert.throws(() => require(failing()), TypeError);
    assert.throws(() => require(failing(), ["admin"]), TypeError);
  }
  assert.throws(() => plain.requirePermission(failing()), TypeError);
  for (const guard of [plain.requireAuth, express.requireAuth]) {
    // A guard without its verifier would receive the request as its verifier.
    assert.throws(() => guard(new Request("http://localhost/", { headers })), TypeError);
    assert.throws(() => guard(), TypeError);
  }
});
