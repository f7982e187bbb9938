// Converts the component into a module in the folder auth-core: build.mjs auth-core.wasm
import { transpile, writeFiles } from "@bytecodealliance/jco-transpile";

const { files } = await transpile(process.argv[2], { name: "auth-core", outDir: "auth-core" });
await writeFiles(files);
