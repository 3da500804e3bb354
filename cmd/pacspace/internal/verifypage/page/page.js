"use strict";
// The form, and the worker behind it. report.js shows what comes out, pictures.js draws it.

const $ = (id) => document.getElementById(id);
const kinds = {
  "pacspace-evidence/v1": "Evidence of a balance.",
  "record-link-copy/v1": "A copy of a link to a sealed record. Nothing else is needed.",
  "record-disclosure/v1": "A disclosure of a sealed record. Its history is needed too.",
  "record-disclosure/v2": "A disclosure of a sealed record. Its history is needed too.",
  "record-seal-history/v1": "The history of a sealed record. A disclosure is needed too.",
  "pacspace-anchor/v1": "An anchor. It belongs to what you know from elsewhere; choose the evidence here.",
  "": "None of PacSpace's files.",
};
const half = /^record-(disclosure|seal-history)\//;

// ---- the worker

let worker = null;
let calls = new Map(); // id of a call under way -> { resolve, reject }
let lastId = 0;

function startWorker() {
  const source = new Blob([$("worker-source").textContent], { type: "text/javascript" });
  const w = new Worker(URL.createObjectURL(source));
  w.onmessage = ({ data }) => {
    if (w !== worker) return;
    if (data.progress) return showProgress(data.progress);
    if (data.unfit) return giveUp(data.error);
    if (data.broken) return stopWorker(data.error);
    const call = calls.get(data.id);
    calls.delete(data.id);
    if (data.error === undefined) call.resolve(data.ok);
    else call.reject(new Error(data.error));
  };
  w.onerror = (e) => { if (w === worker) giveUp(e.message); };
  w.postMessage({ call: "run", argument: $("checker").textContent });
  worker = w;
}

// endWorker ends the worker in the middle of whatever it does.
function endWorker(why) {
  worker.terminate();
  for (const { reject } of calls.values()) reject(new Error(why));
  calls = new Map();
}

function stopWorker(why) {
  endWorker(why);
  startWorker();
}

// giveUp is for a browser in which the checker does not even start.
function giveUp(why) {
  endWorker(why);
  $("verify").disabled = true;
  idle(`This browser cannot run the checker (${why}). Take a current Chromium, Firefox or Safari.`);
}

function ask(call, argument) {
  return new Promise((resolve, reject) => {
    calls.set(++lastId, { resolve, reject });
    worker.postMessage({ id: lastId, call, argument });
  });
}

// ---- the form

function request() {
  const r = { ownPartial: $("ownPartial").checked };
  for (const id of ["customerId", "resource", "unit", "period", "balance", "root", "environment", "variant"]) {
    if ($(id).value.trim() !== "") r[id] = $(id).value.trim();
  }
  if ($("first").value.trim() || $("last").value.trim()) {
    r.usageDays = { first: $("first").value.trim(), last: $("last").value.trim() };
  }
  return r;
}

let known = Promise.resolve(); // the kind of the chosen file is on the page
let running = false; // a verification

function chosen() {
  if (running) stopWorker("Stopped, since another file was chosen.");
  hideResult();
  if ($("file").files.length > 0) known = tellKind($("file").files[0]);
}

async function tellKind(file) {
  let kind = "";
  try {
    kind = await ask("kind", file);
    $("file-kind").textContent = `${kinds[kind]} ${sizeOf(file)}`;
  } catch (e) {
    $("file-kind").textContent = e.message;
  }
  $("history-part").hidden = !half.test(kind);
  for (const part of document.querySelectorAll(".balance-only")) part.hidden = kind.startsWith("record-");
}

async function verify(event) {
  event.preventDefault();
  const file = $("file").files[0];
  if (!file) {
    $("status").textContent = "Choose a file first.";
    return $("file").focus();
  }
  if (running) return;
  running = true;
  hideResult();
  busy(`Verifying ${file.name}.`);
  try {
    await known;
    const brought = {
      file, history: $("history-part").hidden ? null : $("history").files[0], own: $("own").files[0],
      anchors: [...$("anchors").files], request: JSON.stringify(request()),
    };
    const answer = await ask("verify", brought);
    showResult(answer, brought);
    if (answer.kind === "balance") {
      busy("The verdict is there. Drawing the pictures.");
      await showPictures(await ask("look"), answer);
    }
    idle("Done.");
  } catch (e) {
    idle(e.message);
  }
  running = false;
}

function cancel() {
  stopWorker($("result").hidden ? "Cancelled. There is no verdict." : "Cancelled. The verdict stands; the pictures are missing.");
  $("verify").focus();
}

function busy(text) {
  $("status").textContent = text;
  $("cancel").hidden = $("progress").hidden = false;
  $("progress").value = 0;
}

function idle(text) {
  $("status").textContent = text;
  $("cancel").hidden = $("progress").hidden = true;
}

function showProgress({ name, read, size }) {
  $("progress").value = size > 0 ? read / size : 1;
  $("progress").title = `${name}: ${sizeOf({ size: read })} of ${sizeOf({ size })}`;
}

function sizeOf({ size }) {
  if (size < 10000) return `${size} bytes`;
  return size < 1e6 ? `${Math.round(size / 1000)} kB` : `${(size / 1e6).toFixed(1)} MB`;
}

// dropped takes files that are dropped: into the part of the form that they were dropped on,
// else as the file to verify.
function dropped(event) {
  event.preventDefault();
  document.body.classList.remove("dragged");
  if (event.dataTransfer.files.length === 0) return;
  const part = event.target.closest(".drop") ?? $("sent");
  const input = part.querySelector("input[type=file]");
  const files = new DataTransfer();
  for (const file of [...event.dataTransfer.files].slice(0, input.multiple ? undefined : 1)) files.items.add(file);
  input.files = files.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

$("form").addEventListener("submit", verify);
$("cancel").addEventListener("click", cancel);
$("file").addEventListener("change", chosen);
addEventListener("drop", dropped);
addEventListener("dragover", (e) => { e.preventDefault(); document.body.classList.add("dragged"); });
addEventListener("dragleave", (e) => { if (!e.relatedTarget) document.body.classList.remove("dragged"); });
addEventListener("beforeprint", () => { for (const d of $("result").querySelectorAll("details")) d.open = true; });
startWorker();
chosen(); // a file that the browser kept over a reload
