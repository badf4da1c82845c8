// ONNX's own operator test cases: unpacks the archive once per archive content into the system's
// temporary folder and lists the cases. Parsing the protobuf files is left to the caller.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One test case: a model and one or more sets of inputs with the outputs to expect. */
export interface NodeTestCase {
  /** For example `test_abs`. */
  readonly name: string;
  /** Absolute path of `model.onnx`. */
  readonly model: string;
  readonly dataSets: readonly NodeTestData[];
}

/** Serialised TensorProto (or SequenceProto, OptionalProto) files in argument order. */
export interface NodeTestData {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

const archive = fileURLToPath(new URL('../fixtures/onnx-node-tests/node.tar.gz', import.meta.url));

/** All cases, sorted by name. The first call on a machine unpacks 901 cases (about a second). */
export function nodeTestCases(): readonly NodeTestCase[] {
  const folder = join(unpack(), 'node');
  return readdirSync(folder)
    .sort()
    .map((name) => ({
      name,
      model: join(folder, name, 'model.onnx'),
      dataSets: readdirSync(join(folder, name))
        .filter((entry) => entry.startsWith('test_data_set_'))
        .sort()
        .map((entry) => dataSet(join(folder, name, entry))),
    }));
}

function dataSet(folder: string): NodeTestData {
  const files = readdirSync(folder);
  const numbered = (prefix: string): string[] =>
    files
      .filter((file) => file.startsWith(prefix) && file.endsWith('.pb'))
      .sort(
        (a, b) => Number.parseInt(a.slice(prefix.length)) - Number.parseInt(b.slice(prefix.length)),
      )
      .map((file) => join(folder, file));
  return { inputs: numbered('input_'), outputs: numbered('output_') };
}

/** Unpacks beside the final folder and renames, so that two test workers never see half of it. */
function unpack(): string {
  const digest = createHash('sha256').update(readFileSync(archive)).digest('hex').slice(0, 12);
  const folder = join(tmpdir(), `fusion-studio-node-tests-${digest}`);
  if (existsSync(folder)) return folder;

  const fresh = mkdtempSync(`${folder}-`);
  execFileSync('tar', ['-xzf', archive, '-C', fresh]);
  try {
    renameSync(fresh, folder);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
