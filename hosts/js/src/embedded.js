/** The module of WebAssembly whose bytes these are in base64. */
export function compile(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = text.charCodeAt(index);
  return new WebAssembly.Module(bytes);
}
