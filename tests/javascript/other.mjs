// Answers a question on standard input with the results of other implementations.
import { argon2Verify, argon2d, argon2i, argon2id } from "hash-wasm";
import * as jose from "jose";

let text = "";
for await (const chunk of process.stdin) text += chunk;
const question = JSON.parse(text);

async function answer() {
  if (question.verify) {
    const options = { algorithms: [question.algorithm] };
    if (question.secret) {
      const { payload, protectedHeader } = await jose.jwtVerify(question.verify, Buffer.from(question.secret, "hex"), options);
      return { claims: payload, header: protectedHeader, thumbprint: null };
    }
    const { kid } = jose.decodeProtectedHeader(question.verify);
    const jwk = question.jwks.keys.find((key) => key.kid === kid);
    const keys = jose.createLocalJWKSet(question.jwks);
    const { payload, protectedHeader } = await jose.jwtVerify(question.verify, keys, options);
    return { claims: payload, header: protectedHeader, thumbprint: await jose.calculateJwkThumbprint(jwk) };
  }
  if (question.sign) {
    const { publicKey, privateKey } = await jose.generateKeyPair(question.algorithm, { extractable: true });
    const token = await new jose.SignJWT(question.sign).setProtectedHeader({ alg: question.algorithm }).sign(privateKey);
    return { token, jwk: await jose.exportJWK(publicKey) };
  }
  const { password } = question;
  const made = { password, salt: "somesalt", iterations: 2, parallelism: 1, memorySize: 256, hashLength: 32, outputType: "encoded" };
  return {
    verified: await argon2Verify({ password, hash: question.argon2 }),
    argon2i: await argon2i(made),
    argon2d: await argon2d(made),
    argon2id: await argon2id(made),
  };
}

console.log(JSON.stringify(await answer()));
