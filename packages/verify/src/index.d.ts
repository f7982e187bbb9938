export * from "./verifier.js";
export * from "./error.js";
export * from "./revocations.js";
