/** A computer without an OpenCL library: the host program says so in a line of the protocol, and that it is no crash. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { KERNEL_HEADER, KERNEL_HEADER_NAME } from '../../../../compiler/emit/c/kernelHeader.ts';
import { CL_HEADER } from '../../../../compiler/run/opencl/clHeader.ts';
import { LIBRARY_SOURCE } from '../../../../compiler/run/opencl/librarySource.ts';
import { parseRunnerMessage } from '../../../../compiler/run/parseRunnerMessage.ts';
import { REPORT_SOURCE } from '../../../../compiler/run/runner/reportSource.ts';
import { RUNTIME_HEADER } from '../../../../compiler/run/runner/runtimeHeader.ts';
import { cCompiler } from '../../emit/c/compileAndRun.ts';

vi.setConfig({ testTimeout: 60_000 });

const MAIN = String.raw`#include "fusion_cl.h"
#include "fusion_runtime.h"
int main(int count, char **words) {
  if (count > 1) fusion_report_hello(words[1], NULL, 1, 0);
  else fusion_cl_load();
  return 0;
}
`;

describe.skipIf(cCompiler() === undefined)('the host program of OpenCL', () => {
  let base: string;
  beforeAll(() => {
    base = mkdtempSync(join(tmpdir(), 'fusion-library-'));
    const files = {
      [KERNEL_HEADER_NAME]: KERNEL_HEADER,
      'fusion_runtime.h': RUNTIME_HEADER,
      'fusion_cl.h': CL_HEADER,
      // Nothing is found under these names.
      'library.c': LIBRARY_SOURCE.replace(/\blib(\w+)([-\w]*\.so)/g, 'missing$1$2'),
      'report.c': REPORT_SOURCE,
      'main.c': MAIN,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(base, name), text);
    const args = ['-std=gnu11', 'library.c', 'report.c', 'main.c', '-o', 'program', '-ldl'];
    const { stderr } = spawnSync(cCompiler()!, [...args, '-pthread'], {
      cwd: base,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
  });
  afterAll(() => rmSync(base, { recursive: true }));

  const says = (...words: readonly string[]) => {
    const { stdout, status } = spawnSync(join(base, 'program'), words, { encoding: 'utf8' });
    return { message: parseRunnerMessage(stdout.trim()), status };
  };

  test('says that there is no library', () => {
    expect(says()).toEqual({
      message: {
        kind: 'error',
        failure: 'unavailable',
        message: 'there is no OpenCL library here',
      },
      status: 1,
    });
  });

  test('cleans what a device calls itself', () => {
    const { message } = says('opencl "A\\B"\n\u0007\u00e9 GPU');
    expect(message).toMatchObject({ kind: 'hello', runner: 'opencl AB GPU', cores: 1 });
  });
});
