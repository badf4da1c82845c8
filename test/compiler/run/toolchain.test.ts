/** Which C compilers are taken, and from where. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findToolchain } from '../../../compiler/run/toolchain.ts';
import { TARGETS } from '../../../compiler/target/target.ts';

let base: string;
let workspace: string;
let tools: string;

/** A compiler that says what it is told to. */
function fakeCompiler(path: string, machine: string, accepts = 'true', always = ''): string {
  const script = `#!/bin/sh
${always}
case "$*" in
  --version) echo "fake 1.0"; echo more;;
  -dumpmachine) echo "${machine}";;
  *) ${accepts};;
esac
`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return path;
}

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'fusion-tools-'));
  workspace = join(base, 'workspace');
  tools = join(base, 'tools');
  mkdirSync(workspace);
  mkdirSync(tools);
});
afterAll(() => rmSync(base, { recursive: true }));

describe('findToolchain', () => {
  test('finds the compiler of this computer and its target', async () => {
    const found = await findToolchain();
    expect(found.compiler).toMatch(/^\//);
    expect(found.machine).toContain('-');
    expect(found.target.language).toBe('c');
  });

  test('takes the setting, and tells compilers apart by what they say', async () => {
    const arm = fakeCompiler(join(tools, 'arm-cc'), 'aarch64-linux-gnu');
    const found = await findToolchain({ compiler: arm });
    expect(found).toMatchObject({
      compiler: arm,
      version: 'fake 1.0',
      machine: 'aarch64-linux-gnu',
      target: TARGETS['arm64-v8a'],
    });
    expect(found.identity).toContain('more');
    const byName = await findToolchain({
      compiler: 'arm-cc',
      path: `relative${delimiter}${tools}`,
    });
    expect(byName.compiler).toBe(arm);
  });

  test('never runs a program of a workspace or of a relative folder', async () => {
    fakeCompiler(join(workspace, 'cc'), 'x86_64-linux-gnu', 'true', `touch ${join(base, 'ran')}`);
    symlinkSync(join(workspace, 'cc'), join(tools, 'cc'));
    const untrusted = [workspace];
    const path = ['.', '', workspace, tools].join(delimiter);
    await expect(findToolchain({ path, untrusted })).rejects.toMatchObject({
      failure: 'unavailable',
      message: expect.stringContaining('install clang or gcc') as string,
    });
    for (const compiler of [join(workspace, 'cc'), './cc', 'sub/cc', join(tools, 'cc')]) {
      await expect(findToolchain({ compiler, untrusted, path })).rejects.toThrow(
        'is no C compiler',
      );
    }
    expect(existsSync(join(base, 'ran'))).toBe(false);
  });

  test('falls back to what the compiler knows', async () => {
    const old = fakeCompiler(
      join(tools, 'old'),
      'x86_64-linux-gnu',
      'case "$*" in *v2*) true;; *) false;; esac',
    );
    expect((await findToolchain({ compiler: old })).target.name).toBe('x86_64');
    const strange = fakeCompiler(join(tools, 'strange'), 'riscv64-linux-gnu');
    await expect(findToolchain({ compiler: strange })).rejects.toThrow('riscv64-linux-gnu');
    const silent = fakeCompiler(join(tools, 'silent'), '');
    await expect(findToolchain({ compiler: silent })).rejects.toThrow('does not answer');
    await expect(findToolchain({ compiler: '/nowhere/cc' })).rejects.toThrow('is no C compiler');
  });
});
