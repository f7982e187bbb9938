// The verifier with EdDSA and HMAC only.
import module from "#slim.wasm";
import { bind } from "./verifier.js";
import { Verifier, decide, initSync } from "./wasm/slim.js";

const { memory } = initSync({ module });

export const { createVerifier, can, hasRole, hasAnyRole, hasAllRoles } = bind({ Verifier, decide, memory });
export { VerifyError } from "./error.js";
export { kvRevocations } from "./revocations.js";
