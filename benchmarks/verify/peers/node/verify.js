// A verifier as one writes it for Node with usual libraries: JSON.parse, canonicalize, and
// a keccak256 of @noble/hashes or of hash-wasm. It checks what the naive verifier in Go
// checks: the content hash of each delta, order, duplicates, the chain, the root, the sum.
//
//     node verify.js noble evidence.jsonl
import { openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import canonicalize from 'canonicalize';
import { createKeccak } from 'hash-wasm';

const [library, path] = process.argv.slice(2);
const keccak = await newKeccak(library);
const lines = linesOf(path);

const header = JSON.parse(lines.next().value);
const seen = new Set();
const sum = newSum();
sum.add(header.startingBalance);
let leaves = [];
let last = '';
let trailer;
for (const text of lines) {
  const line = JSON.parse(text);
  if (line.end !== undefined) {
    trailer = line;
    break;
  }
  const item = line.item;
  if (keccak('pacspace:item:v1:' + canonicalize(item)) !== line.contentHash) fail(line, 'content hash');
  if (line.sequence !== leaves.length + 1) fail(line, 'order');
  if (seen.has(item.referenceId) || seen.has(line.recordId)) fail(line, 'billed twice');
  seen.add(item.referenceId).add(line.recordId);
  if (last !== '' && line.proofHash !== last && line.previousProofHash !== last) fail(line, 'chain');
  last = line.proofHash;
  sum.add(canonicalize(item.delta));
  leaves.push(line.contentHash);
}
if (trailer === undefined) throw new Error('the file has no end');
if (leaves.length !== header.count) throw new Error('the count does not match');
if (root(leaves) !== header.checkpoint.proofRoot) throw new Error('the root does not match');
if (!sum.is(header.claimedBalance)) throw new Error('the balance does not match');

function fail(line, what) {
  throw new Error(`delta ${line.sequence}: ${what}`);
}

function root(level) {
  while (level.length > 1) {
    const next = [];
    for (let i = 0; i < level.length; i += 2) {
      next.push(keccak('pacspace:node:v1:' + level[i] + (level[i + 1] ?? level[i])));
    }
    level = next;
  }
  return level[0];
}

async function newKeccak(name) {
  switch (name) {
    case 'noble':
      return (text) => '0x' + bytesToHex(keccak_256(utf8ToBytes(text)));
    case 'wasm': {
      const hasher = await createKeccak(256);
      return (text) => '0x' + hasher.init().update(text).digest('hex');
    }
  }
  throw new Error(`no keccak of the name ${name}`);
}

// newSum adds up decimals exactly: one integer for each number of places.
function newSum() {
  const places = new Map();
  return {
    add(text) {
      const [, sign, whole, fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(text);
      let at = fraction.length - Number(exponent);
      let value = BigInt(sign + whole + fraction);
      if (at < 0) {
        value *= 10n ** BigInt(-at);
        at = 0;
      }
      places.set(at, (places.get(at) ?? 0n) + value);
    },
    is(text) {
      this.add(text.startsWith('-') ? text.slice(1) : '-' + text);
      const most = Math.max(...places.keys());
      let left = 0n;
      for (const [at, value] of places) left += value * 10n ** BigInt(most - at);
      return left === 0n;
    },
  };
}

// linesOf reads a file in large pieces: node:readline takes longer than all that is checked.
function* linesOf(path) {
  const file = openSync(path);
  const decoder = new StringDecoder('utf8');
  const piece = Buffer.alloc(1 << 20);
  let rest = '';
  for (let n; (n = readSync(file, piece)) > 0; ) {
    const parts = (rest + decoder.write(piece.subarray(0, n))).split('\n');
    rest = parts.pop();
    yield* parts;
  }
}
