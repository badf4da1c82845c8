// What 550 MB of embedded weights cost: makes weights for a model of test/models, embeds them in the .onnx
// file (in a temporary folder, removed at the end), and imports file after file in fresh processes.
// Prints time and resident memory with and without the weights. Not a test: numbers vary with the machine.
// Run: npx esbuild test/bench/embedWeights.ts --bundle --platform=node --format=cjs
//        --outfile=dist/bench/embedWeights.cjs && node dist/bench/embedWeights.cjs [vgg-16] [--keep]
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { Constant } from '../../compiler/graph/graph.ts';
import { constantNumbers } from '../../compiler/onnx/constantData.ts';
import { importModel } from '../../compiler/onnx/importModel.ts';
import { openModelFile } from '../../compiler/onnx/source.ts';

// ---------------------------------------------------------------- embedding

/** Bytes to write: literal, or a range of the weights file. */
type Piece = Uint8Array | { readonly offset: number; readonly length: number };

interface Field {
  readonly number: number;
  /** The whole field, tag included. */
  readonly all: Uint8Array;
  /** Value of a length-delimited field. */
  readonly value?: Uint8Array;
}

function* fields(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = bytes[at++] as number;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  };
  while (at < bytes.length) {
    const start = at;
    const tag = varint();
    let value: Uint8Array | undefined;
    switch (tag & 7) {
      case 0:
        varint();
        break;
      case 1:
        at += 8;
        break;
      case 2: {
        const length = varint();
        value = bytes.subarray(at, at + length);
        at += length;
        break;
      }
      default:
        at += 4;
    }
    yield { number: tag >>> 3, all: bytes.subarray(start, at), ...(value && { value }) };
  }
}

function varintBytes(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  return Uint8Array.from([...bytes, rest]);
}

const sizeOf = (pieces: readonly Piece[]): number =>
  pieces.reduce((sum, piece) => sum + piece.length, 0);

function message(field: number, pieces: readonly Piece[]): Piece[] {
  return [varintBytes(field * 8 + 2), varintBytes(sizeOf(pieces)), ...pieces];
}

/** A TensorProto with `raw_data` in place of its external location. */
function embeddedTensor(tensor: Uint8Array): Piece[] {
  const kept: Piece[] = [];
  const place = new Map<string, string>();
  for (const { number, all, value } of fields(tensor)) {
    if (number === 13 && value) {
      const [key, text] = [...fields(value)].map((f) => Buffer.from(f.value ?? []).toString());
      place.set(key ?? '', text ?? '');
    } else if (number !== 14) kept.push(all);
  }
  if (!place.has('location')) return [tensor];
  const range = { offset: Number(place.get('offset')), length: Number(place.get('length')) };
  return [...kept, ...message(9, [range])];
}

/** Writes `model` with its external initialisers embedded. */
function embed(model: string, weights: string, out: string): void {
  const pieces: Piece[] = [];
  for (const { number, all, value } of fields(readFileSync(model))) {
    if (number !== 7 || !value) {
      pieces.push(all);
      continue;
    }
    const graph: Piece[] = [];
    for (const field of fields(value)) {
      if (field.number === 5 && field.value) graph.push(...message(5, embeddedTensor(field.value)));
      else graph.push(field.all);
    }
    pieces.push(...message(7, graph));
  }
  const from = openSync(weights, 'r');
  const to = openSync(out, 'w');
  const buffer = new Uint8Array(1 << 24);
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) {
      writeSync(to, piece);
      continue;
    }
    for (let done = 0; done < piece.length;) {
      const wanted = Math.min(buffer.length, piece.length - done);
      const count = readSync(from, buffer, 0, wanted, piece.offset + done);
      writeSync(to, buffer, 0, count);
      done += count;
    }
  }
  closeSync(from);
  closeSync(to);
}

// ---------------------------------------------------------------- measuring

interface Measured {
  readonly coldMs: number;
  readonly warmMs: number;
  readonly operators: number;
  readonly rssMb: number;
  readonly peakMb: number;
  readonly statisticsMs: number;
}

/** In a process of its own: first import, median of ten more, then statistics of the largest tensor. */
function measure(path: string): Measured {
  const once = (): { ms: number; operators: number; largest: Constant | undefined } => {
    const start = performance.now();
    const source = openModelFile(path);
    const { graph } = importModel(source);
    const ms = performance.now() - start;
    source.close();
    const size = (constant: Constant): number => constant.dims.reduce((a, b) => a * b, 1);
    const constants = graph.values.flatMap(({ constant }) => constant ?? []);
    const largest = constants.sort((a, b) => size(b) - size(a))[0];
    return { ms, operators: graph.operators.length, largest };
  };
  const cold = once();
  const warm = Array.from({ length: 10 }, () => once().ms).sort((a, b) => a - b);
  const rssMb = process.memoryUsage().rss / 1e6;

  const start = performance.now();
  const source = openModelFile(path);
  if (cold.largest && cold.largest.source.kind === 'model') {
    let sum = 0;
    for (const chunk of constantNumbers(cold.largest, source))
      for (const value of chunk) sum += value;
    if (!Number.isFinite(sum)) throw new Error('the weights were not read as numbers');
  }
  source.close();
  return {
    coldMs: cold.ms,
    warmMs: warm[5] as number,
    operators: cold.operators,
    rssMb,
    peakMb: process.resourceUsage().maxRSS / 1e3,
    statisticsMs: performance.now() - start,
  };
}

function main(name: string, keep: boolean): void {
  const models = resolve('test/models');
  const folder = mkdtempSync(join(tmpdir(), 'fusion-embed-'));
  try {
    const plain = join(models, `${name}.onnx`);
    execFileSync(process.execPath, [join(models, 'materialize.mjs'), folder, plain]);
    const embedded = join(folder, `${name}-embedded.onnx`);
    embed(plain, join(folder, `${name}.weights`), embedded);
    const rows = [plain, join(folder, `${name}.onnx`), embedded].map((path, index) => {
      const output = execFileSync(process.execPath, [process.argv[1] as string, '--measure', path]);
      const facts = JSON.parse(output.toString()) as Measured;
      return {
        model: `${basename(path)} (${['weights absent', 'external', 'embedded'][index]})`,
        MB: (statSync(path).size / 1e6).toFixed(1),
        operators: facts.operators,
        'first import ms': facts.coldMs.toFixed(1),
        'warm ms': facts.warmMs.toFixed(1),
        'RSS MB': facts.rssMb.toFixed(0),
        'peak MB with statistics': facts.peakMb.toFixed(0),
        'statistics ms': facts.statisticsMs.toFixed(0),
      };
    });
    console.table(rows);
    if (keep) console.log(`kept: ${folder}`);
  } finally {
    if (!keep) rmSync(folder, { recursive: true });
  }
}

const [first = 'vgg-16', second] = process.argv.slice(2).filter((word) => word !== '--keep');
if (first === '--measure') console.log(JSON.stringify(measure(second as string)));
else main(first, process.argv.includes('--keep'));
