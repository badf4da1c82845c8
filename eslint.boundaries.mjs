// Who may import whom. A line is a folder (or one file) and what it may import besides itself. Everything a
// line names must stand above it, so the table cannot hold a cycle; a folder missing here is an error.
// test/ may import everything.
import boundaries from 'eslint-plugin-boundaries';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';

const graph = ['compiler/graph', 'compiler/diagnostics.ts'];
const operators = ['compiler/ops', 'compiler/mapping', ...graph];

const table = {
  'compiler/diagnostics.ts': [],
  'compiler/graph': ['compiler/diagnostics.ts'],
  'compiler/mapping': graph,
  'compiler/ops': ['compiler/mapping', ...graph],
  'compiler/infer': operators,
  'compiler/onnx': ['compiler/ops', ...graph],
  'compiler/ecg': operators,
  // Mathematical-property rewriting.
  'compiler/rewrite': ['compiler/infer', 'compiler/ecg', ...operators],
  'compiler/fusion': ['compiler/rewrite', 'compiler/ecg', ...operators],
  'compiler/loop': graph,
  'compiler/lower': ['compiler/loop', 'compiler/fusion', 'compiler/ecg', ...operators],
  'compiler/target': [],
  'compiler/schedule': ['compiler/loop', 'compiler/target'],
  'compiler/emit': ['compiler/loop', 'compiler/target'],
  // Tensors as files and numbers: random inputs, TensorProto files, comparison.
  'compiler/tensor': ['compiler/loop', 'compiler/onnx', ...graph],
  'compiler/bundle': [
    'compiler/rewrite',
    'compiler/infer',
    'compiler/emit',
    'compiler/schedule',
    'compiler/lower',
    'compiler/loop',
    'compiler/target',
    'compiler/tensor',
    'compiler/onnx',
    'compiler/fusion',
    'compiler/ecg',
    ...operators,
  ],
  // Reports of runs and the messages that bring them.
  'compiler/run/runProtocol.ts': [],
  'compiler/protocol': [
    'compiler/run/runProtocol.ts',
    'compiler/rewrite',
    'compiler/target',
    'compiler/fusion',
    'compiler/diagnostics.ts',
  ],
  'compiler/protocol.ts': ['compiler/protocol'],
  'compiler/run/runMessages.ts': [
    'compiler/protocol.ts',
    'compiler/run/runProtocol.ts',
    'compiler/fusion',
  ],
  'compiler/compile.ts': [
    'compiler/rewrite',
    'compiler/lower',
    'compiler/fusion',
    'compiler/ecg',
    'compiler/infer',
    'compiler/onnx',
    'compiler/graph',
  ],
  // Models as `.onnx` files again; plans as tables.
  'compiler/export': [
    'compiler/bundle',
    'compiler/fusion',
    'compiler/rewrite',
    'compiler/infer',
    'compiler/onnx',
    'compiler/tensor',
    ...operators,
  ],
  // Measured times of blocks, by device.
  'compiler/profile': [
    'compiler/fusion',
    'compiler/ecg',
    'compiler/run/runProtocol.ts',
    ...operators,
  ],
  // Phones: the adb client, what a device says of itself, files on it.
  'compiler/device': [],
  'compiler/session': [
    'compiler/profile',
    'compiler/export',
    'compiler/rewrite',
    'compiler/bundle',
    'compiler/emit',
    'compiler/schedule',
    'compiler/lower',
    'compiler/loop',
    'compiler/target',
    'compiler/compile.ts',
    'compiler/protocol.ts',
    'compiler/fusion',
    'compiler/ecg',
    'compiler/onnx',
    'compiler/mapping',
    'compiler/graph',
    'compiler/diagnostics.ts',
  ],
  'compiler/sidecar': [
    'compiler/rewrite',
    'compiler/session',
    'compiler/protocol.ts',
    'compiler/fusion',
    'compiler/diagnostics.ts',
  ],
  'compiler/client': [
    'compiler/run/runMessages.ts',
    'compiler/run/runProtocol.ts',
    'compiler/session',
    'compiler/protocol.ts',
    'compiler/fusion',
    'compiler/diagnostics.ts',
  ],
  // Builds bundles and runs them in processes of their own.
  'compiler/run': [
    'compiler/client',
    'compiler/device',
    'compiler/profile',
    'compiler/rewrite',
    'compiler/run/runMessages.ts',
    'compiler/run/runProtocol.ts',
    'compiler/bundle',
    'compiler/tensor',
    'compiler/emit',
    'compiler/schedule',
    'compiler/lower',
    'compiler/loop',
    'compiler/target',
    'compiler/session',
    'compiler/sidecar',
    'compiler/compile.ts',
    'compiler/protocol.ts',
    'compiler/onnx',
    'compiler/fusion',
    'compiler/ecg',
    ...operators,
  ],
  'compiler/serve': [
    'compiler/run',
    'compiler/run/runMessages.ts',
    'compiler/run/runProtocol.ts',
    'compiler/client',
    'compiler/sidecar',
    'compiler/session',
    'compiler/protocol.ts',
    'compiler/fusion',
    'compiler/diagnostics.ts',
  ],
  'compiler/cli': [
    'compiler/device',
    'compiler/profile',
    'compiler/export',
    'compiler/rewrite',
    'compiler/run',
    'compiler/run/runMessages.ts',
    'compiler/run/runProtocol.ts',
    'compiler/bundle',
    'compiler/tensor',
    'compiler/emit',
    'compiler/loop',
    'compiler/lower',
    'compiler/target',
    'compiler/graph',
    'compiler/infer',
    'compiler/protocol.ts',
    'compiler/serve',
    'compiler/sidecar',
    'compiler/session',
    'compiler/compile.ts',
    'compiler/fusion',
    'compiler/onnx',
    'compiler/mapping',
    'compiler/diagnostics.ts',
  ],
  // The entries: worker.ts, cli.ts.
  compiler: 'everything above',

  'webview/ui': [],
  // How messages reach the host.
  'webview/transport': [],
  'webview/layout': [],
  'webview/state': ['webview/layout'],
  'webview/views': ['webview/state', 'webview/layout', 'webview/ui'],
  webview: ['webview/views', 'webview/state', 'webview/layout', 'webview/ui', 'webview/transport'],

  extension: 'the compiler',
};

/** Folders that may take types, and nothing else, from any part of the compiler. */
const typesOfCompiler = [
  'webview/ui',
  'webview/layout',
  'webview/state',
  'webview/views',
  'webview',
];

const names = Object.keys(table);
const compilerParts = names.filter((name) => name.startsWith('compiler'));

const policies = names.map((name, place) => {
  const above = names.slice(0, place);
  const allowed =
    table[name] === 'everything above'
      ? above
      : table[name] === 'the compiler'
        ? compilerParts
        : table[name];
  for (const other of allowed) {
    if (!above.includes(other)) throw new Error(`${name} may not import ${other}: it stands below`);
  }
  return {
    from: { file: { categories: name } },
    allow: { to: { file: { categories: { anyOf: [name, ...allowed] } } } },
  };
});

const typePolicies = typesOfCompiler.map((name) => ({
  from: { file: { categories: name } },
  allow: {
    to: { file: { categories: { anyOf: compilerParts } } },
    dependency: { kind: 'type' },
  },
}));

function patternOf(name) {
  if (name.endsWith('.ts')) return name;
  const owns = names.some((other) => other.startsWith(`${name}/`) && !other.endsWith('.ts'));
  return owns ? `${name}/*` : `${name}/**/*`;
}

/** Outside modules that belong to one place only. */
const modulePolicies = [
  {
    from: { file: { categories: { anyOf: names } } },
    allow: { to: { module: { origin: ['external', 'core'] } } },
  },
  {
    from: {
      file: { categories: { anyOf: names.filter((name) => name !== 'extension') } },
    },
    disallow: { to: { module: { source: 'vscode' } } },
  },
  {
    from: {
      file: { categories: { anyOf: names.filter((name) => name !== 'webview/ui') } },
    },
    disallow: { to: { module: { source: '@vscode/webview-ui-toolkit' } } },
  },
];

export default [
  {
    files: ['{compiler,extension,webview}/**/*.ts'],
    plugins: { boundaries, 'import-x': importX },
    settings: {
      'boundaries/include': ['{compiler,extension,webview}/**/*.ts'],
      // The first pattern that fits names the file, so the narrow ones come first. A folder that holds
      // folders of the table owns only its direct files: a new second-level folder needs a line above.
      'boundaries/files-single-match': true,
      'boundaries/files': [...names]
        .sort((a, b) => b.length - a.length)
        .map((name) => ({ category: name, pattern: patternOf(name) })),
      'import-x/extensions': ['.ts'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/resolver-next': [
        createTypeScriptImportResolver({ project: './tsconfig.json' }),
        createNodeResolver(),
      ],
      'import/resolver': { typescript: { project: './tsconfig.json' } },
    },
    rules: {
      'boundaries/no-unknown-files': 'error',
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          checkAllOrigins: true,
          policies: [...policies, ...typePolicies, ...modulePolicies],
        },
      ],
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
    },
  },
];
