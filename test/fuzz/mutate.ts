// Damaged and hostile models from small sound ones. Case number n is always the same model: failures are
// reported by number and can be repeated.
import {
  concat,
  externalTensor,
  input,
  model,
  node,
  tensor,
  varint,
} from '../compiler/onnx/protoWriter.ts';
import type { FunctionSpec, GraphSpec } from '../compiler/onnx/protoWriter.ts';
import { encodeTree, messagesOf, parseTree } from './protoTree.ts';
import type { ProtoField } from './protoTree.ts';
import { Random } from './random.ts';

export interface FuzzCase {
  readonly number: number;
  /** What was done, for the report. */
  readonly kind: string;
  readonly bytes: Uint8Array;
}

export function mutatedModel(number: number, seeds: readonly Uint8Array[]): FuzzCase {
  const random = new Random(number);
  const kind = random.pick(CHOICES);
  return { number, kind, bytes: MUTATIONS[kind](random, seeds) };
}

type Mutation = (random: Random, seeds: readonly Uint8Array[]) => Uint8Array;

const MUTATIONS = {
  flipBytes: (random, seeds) => {
    const bytes = random.pick(seeds).slice();
    for (let count = 1 + random.below(6); count > 0; count--) {
      const at = random.below(bytes.length);
      bytes[at] = random.chance(0.5)
        ? random.below(256)
        : (bytes[at] as number) ^ (1 << random.below(8));
    }
    return bytes;
  },
  truncate: (random, seeds) => {
    const bytes = random.pick(seeds);
    return bytes.slice(0, random.below(bytes.length));
  },
  cutOut: (random, seeds) => {
    const bytes = random.pick(seeds);
    const from = random.below(bytes.length);
    return concat(bytes.subarray(0, from), bytes.subarray(from + 1 + random.below(40)));
  },
  insert: (random, seeds) => {
    const bytes = random.pick(seeds);
    const other = random.pick(seeds);
    const at = random.below(bytes.length);
    const from = random.below(other.length);
    const piece = other.subarray(from, from + 1 + random.below(60));
    return concat(bytes.subarray(0, at), piece, bytes.subarray(at));
  },
  /** One to four changes inside the tree; all lengths stay right. */
  restructure: (random, seeds) => {
    const tree = parseTree(random.pick(seeds));
    for (let count = 1 + random.below(4); count > 0; count--) restructure(tree, random, seeds);
    return encodeTree(tree);
  },
  /** Names of values exchanged: cycles, dangling and duplicate names, shadowing. */
  rewire: (random, seeds) => {
    const tree = parseTree(random.pick(seeds));
    const names = messagesOf(tree).flatMap((fields) => fields.filter(isName));
    if (names.length === 0) return encodeTree(tree);
    for (let count = 1 + random.below(4); count > 0; count--) {
      const target = random.pick(names);
      target.bytes = random.chance(0.1)
        ? new TextEncoder().encode(random.pick(ODD_NAMES))
        : random.pick(names).bytes.slice();
    }
    return encodeTree(tree);
  },
  hugeDims: (random) => {
    const dims = Array.from({ length: 1 + random.below(6) }, () => random.pick(ODD_NUMBERS));
    const data = Array.from({ length: random.below(5) }, () => random.pick(ODD_NUMBERS));
    return model({
      opset: random.pick([9, 13, 18, 22]),
      inputs: [input('x', 'float32', dims)],
      initializers: [
        tensor('w', 'float32', dims, [1, 2, 3]),
        tensor('s', 'int64', [data.length], data),
      ],
      nodes: [
        node('Reshape', ['x', 's'], ['a']),
        node('Expand', ['x', 's'], ['b']),
        node('Tile', ['x', 's'], ['c']),
        node('ConstantOfShape', ['s'], ['d']),
        node('Conv', ['x', 'w'], ['e'], { pads: dims, strides: data, dilations: data }),
        node('Pad', ['x', 's'], ['f']),
        node('Resize', ['x', '', '', 's'], ['g']),
        node('MatMul', ['d', 'w'], ['h']),
        node('Slice', ['x', 's', 's', 's', 's'], ['i']),
        node('Concat', ['a', 'b', 'c', 'd'], ['y'], { axis: random.pick(ODD_NUMBERS) }),
        node('MaxPool', ['x'], ['j'], { kernel_shape: dims, pads: data, strides: data }),
        node('Range', ['s', 's', 's'], ['k']),
        node('Split', ['x', 's'], ['l', 'm'], { axis: random.pick(ODD_NUMBERS) }),
        node('Transpose', ['x'], ['n'], { perm: data }),
        node('EyeLike', ['d'], ['o']),
        node('OneHot', ['s', 's', 's'], ['p']),
      ],
      outputs: ['y', 'h'],
    });
  },
  nest: (random) => {
    const depth = 1 + random.below(40);
    let graph: GraphSpec = { nodes: [node('Relu', ['x'], ['r0'])], outputs: ['r0'] };
    for (let level = 1; level <= depth; level++) {
      const out = `r${random.chance(0.2) ? 0 : level}`;
      const branches = { then_branch: { graph }, else_branch: { graph: { outputs: ['x'] } } };
      graph = { nodes: [node('If', ['flag'], [out], branches)], outputs: [out] };
    }
    return model({ ...graph, inputs: [input('x', 'float32', ['n']), input('flag', 'bool', [])] });
  },
  /** Long chains, wide fans and rings, in any order. */
  large: (random) => {
    const count = 50 + random.below(random.chance(0.02) ? 20_000 : 1000);
    const types = ['Relu', 'Add', 'MatMul', 'Identity', 'Transpose', 'Softmax', 'Concat', 'Shape'];
    const reach = random.pick([1, 3, count]);
    const order = Array.from({ length: count }, (_, i) => i);
    if (random.chance(0.5)) order.reverse();
    const nodes = order.map((i) => {
      const from = (): string => (i === 0 ? 'x' : `v${Math.max(0, i - 1 - random.below(reach))}`);
      const ring = random.chance(0.0005) ? [`v${random.below(count)}`] : [];
      return node(random.pick(types), [from(), from(), ...ring], [`v${i}`]);
    });
    return model({
      inputs: [input('x', 'float32', [4, 4])],
      nodes,
      outputs: [`v${count - 1}`],
    });
  },
  external: (random) => {
    const location = random.pick([
      ...ODD_NAMES,
      '/etc/passwd',
      '../../../../etc/passwd',
      '..\\..\\boot.ini',
      'C:\\boot.ini',
      '/dev/zero',
      '/proc/self/mem',
      'a/../../b',
      'file:///etc/passwd',
      'weights.bin',
      'x'.repeat(5000),
    ]);
    const range = {
      offset: random.pick([0, -1, '1e9', String(2 ** 53), '9'.repeat(40), 'NaN', '0x10']),
      length: random.pick([0, 16, -1, String(2 ** 53), '9'.repeat(40), '']),
    };
    return model({
      inputs: [input('x', 'float32', [4])],
      initializers: [
        externalTensor('w', random.pick(['float32', 'int64', 'int4']), [4], location, range),
      ],
      nodes: [node('Add', ['x', 'w'], ['y']), node('Reshape', ['y', 'w'], ['z'])],
      outputs: ['z'],
    });
  },
  /** Functions that call each other: chains, rings, explosions. */
  calls: (random) => {
    const count = 1 + random.below(12);
    const times = 1 + random.below(6);
    const functions = Array.from({ length: count }, (_, i): FunctionSpec => {
      const callee = random.chance(0.05) ? random.below(count) : i + 1;
      return {
        domain: 'f',
        name: `F${i}`,
        inputs: ['X'],
        outputs: [`v${times}`],
        nodes: Array.from({ length: times }, (_item, t) =>
          node(`F${callee}`, [t === 0 ? 'X' : `v${t}`], [`v${t + 1}`], {}, { domain: 'f' }),
        ),
        opsets: { '': 18, f: 1 },
      };
    });
    return model({
      opset: { '': 18, f: 1 },
      functions,
      inputs: [input('x', 'float32', ['n'])],
      nodes: [node('F0', ['x'], ['y'], {}, { domain: 'f' })],
      outputs: ['y'],
    });
  },
} satisfies Record<string, Mutation>;

/** Changes to one message of the tree. */
function restructure(tree: ProtoField[], random: Random, seeds: readonly Uint8Array[]): void {
  const messages = messagesOf(tree).filter((fields) => fields.length > 0);
  if (messages.length === 0) return;
  const fields = random.pick(messages);
  const at = random.below(fields.length);
  const field = fields[at] as ProtoField;
  switch (random.below(7)) {
    case 0:
      fields.splice(at, 1);
      break;
    case 1:
      fields.splice(random.below(fields.length + 1), 0, structuredClone(field));
      break;
    case 2: {
      const other = random.below(fields.length);
      [fields[at], fields[other]] = [fields[other] as ProtoField, field];
      break;
    }
    case 3:
      field.number = 1 + random.below(random.chance(0.5) ? 26 : 1000);
      break;
    case 4: {
      // A message of another model, of whatever kind.
      const foreign = random.pick(messagesOf(parseTree(random.pick(seeds))));
      fields.push(...foreign.slice(0, 1 + random.below(8)));
      break;
    }
    default:
      changeValue(field, random);
  }
}

function changeValue(field: ProtoField, random: Random): void {
  if (field.wire === 0) field.bytes = varint(random.pick(ODD_NUMBERS));
  else if (field.fields === undefined && field.bytes.length > 0) {
    const bytes = field.bytes.slice();
    bytes[random.below(bytes.length)] = random.below(256);
    field.bytes = random.chance(0.2) ? bytes.slice(0, random.below(bytes.length)) : bytes;
  } else if (field.fields && random.chance(0.3)) field.fields.length = 0;
}

/** Short texts: names of values, nodes, operators, attributes. */
function isName(field: ProtoField): boolean {
  return (
    field.wire === 2 && field.fields === undefined && field.number <= 8 && field.bytes.length < 32
  );
}

const ODD_NAMES = [
  '',
  '__proto__',
  'constructor',
  'toString',
  '\u0000',
  'a\nb',
  '<img src=x onerror=alert(1)>',
  '${x}`',
  '../x',
  '\ud800',
  '·(n, 2)',
  '🙂'.repeat(300),
];

const ODD_NUMBERS = [
  0,
  1,
  2,
  3,
  7,
  64,
  -1,
  -2,
  1000,
  65536,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 40,
  2 ** 53,
  2 ** 62,
  -(2 ** 31),
  -(2 ** 62),
];

type Kind = keyof typeof MUTATIONS;

/** How often each kind is chosen. */
const WEIGHTS: Readonly<Record<Kind, number>> = {
  flipBytes: 20,
  truncate: 6,
  cutOut: 6,
  insert: 6,
  restructure: 25,
  rewire: 20,
  hugeDims: 6,
  nest: 3,
  large: 2,
  external: 3,
  calls: 3,
};

const CHOICES = (Object.keys(WEIGHTS) as Kind[]).flatMap((kind) =>
  Array<Kind>(WEIGHTS[kind]).fill(kind),
);
