// Computes password hashes for `cargo xtask bench hash`, by the implementation that the argument names. Each line of the
// input has a number, a kind of hash and a stored hash. It is answered when that many hashes are computed.
import { createInterface } from "node:readline";

const password = "correct horse battery staple";
const salt = new TextEncoder().encode("somesaltsomesalt");

const implementations = {
  async gatewright() {
    const { verifyPassword } = await import("../../target/js/crypto.js");
    return (stored) => {
      if (verifyPassword(password, stored)) throw new Error("no password matches these hashes");
    };
  },
  async "hash-wasm"() {
    const { argon2id } = await import("hash-wasm");
    const cost = { iterations: 2, memorySize: 19456, parallelism: 1, hashLength: 32 };
    return () => argon2id({ password, salt, ...cost, outputType: "binary" });
  },
  async "@noble/hashes"() {
    const { argon2id } = await import("@noble/hashes/argon2.js");
    return () => argon2id(password, salt, { t: 2, m: 19456, p: 1, dkLen: 32 });
  },
  async "@node-rs/argon2"() {
    const { hashRawSync } = await import("@node-rs/argon2");
    return () => hashRawSync(password, { salt, timeCost: 2, memoryCost: 19456, parallelism: 1, outputLen: 32 });
  },
};

const compute = await implementations[process.argv[2]]();
for await (const line of createInterface(process.stdin)) {
  const [count, , stored] = line.split(" ");
  for (let at = 0; at < Number(count); at += 1) await compute(stored);
  console.log("done");
}
