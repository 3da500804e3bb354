"use strict";
// The worker runs the checker, so that the page stays alive while a large file is read.

let told = 0; // when progress was last told
const started = new Promise((resolve) => { self.ready = resolve; });

// read gives the checker a slice of a File, and tells the page how far it is.
self.read = (file, offset, length) => {
  if (performance.now() - told > 50) {
    told = performance.now();
    postMessage({ progress: { name: file.name, read: offset, size: file.size } });
  }
  return new Uint8Array(new FileReaderSync().readAsArrayBuffer(file.slice(offset, offset + length)));
};

// run starts the checker, which calls ready, from compressed WebAssembly in base64.
async function run(base64) {
  const packed = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const wasm = await new Response(stream).arrayBuffer();
  const go = new Go();
  const { instance } = await WebAssembly.instantiate(wasm, go.importObject);
  go.run(instance);
}

onmessage = async ({ data: { id, call, argument } }) => {
  if (call === "run") return run(argument).catch((e) => postMessage({ unfit: true, error: e.message }));
  try {
    await started;
    const reply = self.checker[call](argument);
    if (typeof reply !== "string") throw new Error("the checker stopped, perhaps for want of memory");
    postMessage({ id, ...JSON.parse(reply) });
  } catch (e) {
    postMessage({ id, broken: true, error: e.message });
  }
};
