// The verifier with all algorithms.
import module from "#verify.wasm";
import { bind } from "./verifier.js";
import { Verifier, decide, initSync } from "./wasm/verify.js";

const { memory } = initSync({ module });

export const { createVerifier, can, hasRole, hasAnyRole, hasAllRoles } = bind({ Verifier, decide, memory });
export { VerifyError } from "./error.js";
export { kvRevocations } from "./revocations.js";
