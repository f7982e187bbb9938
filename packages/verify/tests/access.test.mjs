// The decisions of the server, with the test vectors of the server.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as verify from "@gatewright/verify";
import * as slim from "@gatewright/verify/slim";

const { covers, decisions } = JSON.parse(readFileSync(new URL("../../../tests/vectors/access.json", import.meta.url)));

for (const [name, { createVerifier, can, hasRole, hasAnyRole, hasAllRoles }] of Object.entries({ verify, slim })) {
  test(`${name}: covering is as the vectors have it`, () => {
    assert.ok(covers.length > 50);
    for (const { held, wanted, covers: expected } of covers) {
      assert.equal(can({ permissions: [held] }, wanted), expected, `${held} ${wanted}`);
    }
  });

  test(`${name}: decisions are as the vectors have them`, () => {
    assert.ok(decisions.length > 50);
    const functions = { permission: can, role: hasRole, any_role: hasAnyRole, all_roles: hasAllRoles };
    const verifier = createVerifier({ issuer: "https://auth.example.com" });
    for (const { question, allowed, ...holder } of decisions) {
      const [[asked, wanted]] = Object.entries(question);
      assert.equal(functions[asked](holder, wanted), allowed, JSON.stringify({ holder, question }));
      assert.equal(verifier.decide(holder, question), allowed);
    }
  });

  test(`${name}: who has nothing is denied, and what is no question is an error`, () => {
    assert.equal(can({}, "posts:read"), false);
    for (const wrong of [() => can({ permissions: "*" }, "posts:read"), () => hasAnyRole({}, "admin"), () => can({}, undefined)]) {
      assert.throws(wrong, TypeError);
    }
  });
}
