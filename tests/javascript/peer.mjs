// A typical hand-written service for benchmarks: Node's HTTP server, `jose` for tokens, `hash-wasm` for passwords. GET
// /auth/me verifies the bearer token and reads the user from memory; POST /auth/login verifies a password with OWASP's
// parameters. It has no database, limits or sessions. Prints its port and the requested number of tokens.
import { createServer } from "node:http";
import { argon2id, argon2Verify } from "hash-wasm";
import * as jose from "jose";

const { publicKey, privateKey } = await jose.generateKeyPair("EdDSA");
const users = new Map();
const tokens = [];
for (let index = 0; index < Number(process.argv[2] ?? 1); index += 1) {
  const id = crypto.randomUUID();
  users.set(id, { id, email: `user${index}@example.com`, roles: ["user"], permissions: [] });
  const claims = { sid: crypto.randomUUID(), roles: ["user"], permissions: [] };
  tokens.push(await new jose.SignJWT(claims).setProtectedHeader({ alg: "EdDSA", typ: "at+jwt" }).setSubject(id)
    .setIssuer("peer").setAudience("peer").setIssuedAt().setExpirationTime("15m").sign(privateKey));
}
const hash = await argon2id({ password: "correct horse battery staple", salt: crypto.getRandomValues(new Uint8Array(16)),
  iterations: 2, parallelism: 1, memorySize: 19456, hashLength: 32, outputType: "encoded" });

const server = createServer(async (request, response) => {
  const answer = (status, body) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  try {
    if (request.url === "/auth/me") {
      const token = request.headers.authorization?.slice(7) ?? "";
      const { payload } = await jose.jwtVerify(token, publicKey, { issuer: "peer", audience: "peer", typ: "at+jwt" });
      return answer(200, users.get(payload.sub));
    }
    let text = "";
    for await (const chunk of request) text += chunk;
    const verified = await argon2Verify({ password: JSON.parse(text).password, hash });
    return answer(verified ? 200 : 401, { verified });
  } catch {
    return answer(401, {});
  }
});
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: server.address().port, tokens })));
