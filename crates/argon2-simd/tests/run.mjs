// Runs a test program that was compiled for wasm32-unknown-unknown, in V8. `cargo xtask test known_answers` does so.
// On that target a failed test is a trap. Its stack has the name of the test.
import { readFileSync } from "node:fs";

const [path] = process.argv.slice(2);
const { instance } = await WebAssembly.instantiate(readFileSync(path), {});
const status = instance.exports.main(0, 0);
console.log(`${path}: ${status === 0 ? "passed" : `status ${status}`}`);
process.exitCode = status;
