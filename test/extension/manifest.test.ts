// The extension's manifest against the code: lists that stand in both, commands that exist, keys that mean one thing.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PLANNERS } from '../../compiler/fusion/plan.ts';
import { PAGE_COMMANDS } from '../../compiler/protocol.ts';
import { parseRunTarget } from '../../compiler/run/runProtocol.ts';

interface Command {
  readonly command: string;
  readonly title: string;
  readonly category?: string;
  readonly enablement?: string;
}

interface Contributions {
  readonly commands: readonly Command[];
  readonly keybindings: readonly { readonly command: string; readonly key: string }[];
  readonly menus: Readonly<Record<string, readonly { readonly command: string }[]>>;
  readonly configuration: {
    readonly properties: Readonly<
      Record<string, { enum?: string[]; enumDescriptions?: string[]; pattern?: string }>
    >;
  };
}

const root = join(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const { contributes } = JSON.parse(read('package.json')) as { contributes: Contributions };
const { commands, keybindings, menus } = contributes;
const { properties } = contributes.configuration;
const code = readdirSync(join(root, 'extension'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => read(join('extension', name)))
  .join('\n');

describe('lists that stand in the manifest too', () => {
  it('names every planner, with what it does', () => {
    const setting = properties['fusionStudio.planner'];
    expect(setting?.enum).toEqual(PLANNERS);
    expect(setting?.enumDescriptions).toHaveLength(PLANNERS.length);
  });

  it('names every planner in the schema of plan files', () => {
    const schema = JSON.parse(read('media/fusion.schema.json')) as {
      properties: { planner: { enum: string[] } };
    };
    expect(schema.properties.planner.enum).toEqual(PLANNERS);
  });

  it('takes the places to run that the code takes', () => {
    const pattern = new RegExp(properties['fusionStudio.run.target']?.pattern ?? '');
    for (const target of ['wasm', 'native', 'opencl', 'adb:R5CT', 'adb:R5CT/gpu', 'cuda', '']) {
      expect(pattern.test(target), target).toBe(parseRunTarget(target) !== undefined);
    }
  });
});

describe('commands', () => {
  const names = commands.map(({ command }) => command);

  it.each(commands)('$command has a title, a place in the palette and code', (command) => {
    const name = command.command.replace(/^fusionStudio\./, '');
    expect(command.category).toBe('Fusion Studio');
    expect(command.title).toMatch(/^[A-Z]/);
    const known = (PAGE_COMMANDS as readonly string[]).includes(name);
    expect(known || code.includes(`'${name}'`) || code.includes(`'${command.command}'`)).toBe(true);
  });

  it('lists every command of the page', () => {
    const missing = PAGE_COMMANDS.filter((name) => !names.includes(`fusionStudio.${name}`));
    expect(missing).toEqual([]);
  });

  it('refers in menus and keys to commands that exist', () => {
    const used = [...Object.values(menus).flat(), ...keybindings].map(({ command }) => command);
    expect(used.filter((command) => !names.includes(command))).toEqual([]);
  });

  it('runs models in trusted workspaces only', () => {
    const running = ['run', 'verify', 'runOnDevice', 'comparePlans', 'planForDevice'];
    for (const name of running) {
      const { enablement } = commands.find(({ command }) => command === `fusionStudio.${name}`)!;
      expect(enablement, name).toContain('isWorkspaceTrusted');
    }
  });

  it('gives a key to one command', () => {
    const keys = keybindings.map(({ key }) => key);
    expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
  });
});
