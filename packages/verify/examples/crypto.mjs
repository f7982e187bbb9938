// Password hashing and TOTP in your own application: node crypto.mjs
import { hashPassword, rehashPassword, totp, verifyPassword } from "@gatewright/verify/crypto";

const stored = hashPassword("correct horse battery staple");
console.log(stored);
console.log(verifyPassword("correct horse battery staple", stored), verifyPassword("wrong", stored));
console.log("hash to store instead:", rehashPassword("correct horse battery staple", stored));

const secret = totp.generateSecret();
console.log(totp.uri({ secret, issuer: "Example", account: "ada@example.com" }));
console.log("000000 is", totp.verify(secret, "000000") === null ? "wrong" : "right");
