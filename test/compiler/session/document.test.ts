import { describe, expect, test } from 'vitest';
import { NO_EDITS, PLANNERS } from '../../../compiler/fusion/plan.ts';
import { modelFromBytes } from '../../../compiler/onnx/source.ts';
import type { OpenResult } from '../../../compiler/protocol.ts';
import { ModelDocument } from '../../../compiler/session/document.ts';
import { Cancelled, createHandlers } from '../../../compiler/session/requests.ts';
import { DEFAULT_REWRITES, NO_REWRITES } from '../../../compiler/rewrite/rewrite.ts';
import { input, model, node, tensor } from '../onnx/protoWriter.ts';

const idle = (): Promise<void> => Promise.resolve();

/** x[n,4] -> MatMul w -> Add b -> Relu -> y, and a Softmax beside the Relu. */
const bytes = model({
  opset: 13,
  inputs: [input('x', 'float32', ['n', 4])],
  nodes: [
    node('MatMul', ['x', 'w'], ['m'], {}, { name: 'mm' }),
    node('Add', ['m', 'b'], ['a']),
    node('Relu', ['a'], ['y']),
    node('Softmax', ['a'], ['s'], { axis: -1 }),
  ],
  outputs: ['y', 's'],
  initializers: [
    tensor('w', 'float32', [4, 2], [1, 2, 3, 4, 0, -6, 7, 8]),
    tensor('b', 'float32', [2], [0, 1]),
  ],
});

/** As the file says it. */
const PLAIN = { ...NO_EDITS, rewrite: NO_REWRITES };

function open(edits = PLAIN): Promise<{ document: ModelDocument; result: OpenResult }> {
  return ModelDocument.open(modelFromBytes(bytes, 'tiny.onnx'), edits, idle);
}

describe('a document in the worker', () => {
  test('its snapshot has one column entry per operator, edge and tensor', async () => {
    const { result } = await open();
    const { graph, plan } = result;
    expect(graph.modelName).toBe('tiny.onnx');
    expect(graph.opsets).toBe('ai.onnx 13');
    expect([...graph.typeOf].map((type) => graph.operatorTypes[type])).toEqual([
      'MatMul',
      'Add',
      'Relu',
      'Softmax',
    ]);
    expect([...graph.edges]).toEqual([0, 1, 1, 2, 1, 3]);
    expect([...graph.edgeTensor].map((tensor) => graph.tensorNames[tensor])).toEqual([
      'm',
      'a',
      'a',
    ]);
    expect(graph.tensorTypes[graph.tensorType[graph.inputs[0] ?? 0] ?? 0]).toBe('n×4 float32');
    expect([...graph.outputEdges]).toEqual([2, 0, 3, 1]);
    expect(graph.symbols).toEqual([{ name: 'n', origin: 'input', fallback: 1, bound: null }]);
    expect([graph.weightCount, graph.weightBytes]).toEqual([2, 40]);
    expect(plan.blockOf).toHaveLength(4);
    expect(plan.edgeFused).toHaveLength(3);
  });

  test('binding a size infers again and sends a new graph', async () => {
    const { document, result } = await open();
    const bound = await document.replan({ ...PLAIN, bindings: { n: 5 } }, PLAIN, idle);
    expect(bound.graph?.revision).not.toBe(result.graph.revision);
    expect(bound.graph?.symbols[0]).toMatchObject({ name: 'n', bound: 5 });
    expect(bound.graph?.flops[2]).toBe(10);
    const same = await document.replan({ ...PLAIN, bindings: { n: 5 } }, PLAIN, idle);
    expect(same.graph).toBeUndefined();
  });

  test('details of an operator name its tensors, types and borders', async () => {
    const { document } = await open();
    const details = document.details({ operator: 0 });
    expect(details).toMatchObject({
      kind: 'operator',
      type: 'MatMul',
      name: 'mm',
      mapping: 'Many-to-Many',
      flops: '16·n',
      irs: '8·n',
    });
    if (details?.kind !== 'operator') return;
    expect(details.inputs.map(({ name, origin }) => [name, origin])).toEqual([
      ['x', 'input'],
      ['w', 'constant'],
    ]);
    expect(details.inputs[1]).toMatchObject({ bytes: 32, type: '4×2 float32' });
    expect(details.borders.map(({ from, to }) => [from, to])).toEqual([[0, 1]]);
    expect(details.borders[0]?.sentence).toMatch(/MatMul.*Add/);
    expect(document.details({ operator: 99 })).toBeNull();
    expect(document.details({ block: -1 })).toBeNull();
  });

  test('details of a block tell what enters, leaves and never leaves', async () => {
    const { document, result } = await open();
    // Add is the seed; it grows forward first, over Relu and Softmax, and then meets MatMul: red.
    expect([...result.plan.blockOf]).toEqual([0, 1, 1, 1]);
    const details = document.details({ block: 1 });
    expect(details).toMatchObject({ kind: 'block', block: 1, seed: 1, mapping: 'Many-to-Many' });
    // m (8 bytes at n = 1) enters, a never leaves.
    expect(details).toMatchObject({ bytesIn: 8, bytesInside: 8, bytesOut: 0 });
  });

  test('rewriting makes another graph, which still knows the names of the file', async () => {
    const { document, result } = await open();
    expect(result.graph.rewrites.applications).toEqual([]);
    const { graph, plan } = await document.replan(NO_EDITS, PLAIN, idle);
    expect([...graph!.typeOf].map((type) => graph!.operatorTypes[type])).toContain('Gemm');
    expect(plan.blockOf.length).toBeLessThan(4);
    const { applications, before, after } = graph!.rewrites;
    expect(before.operators - after.operators).toBeGreaterThan(0);
    const [first] = applications;
    expect(first?.operators.length).toBeGreaterThan(0);
    const sketches = document.rewrite(first!.id);
    expect(sketches?.before.nodes.filter(({ role }) => role === 'operator')).toHaveLength(2);
    expect(document.rewrite('nobody')).toBeNull();
    // The MatMul is gone; its name leads to what took its place.
    const alias = graph!.aliases.indexOf('m');
    expect(graph!.operatorTypes[graph!.typeOf[graph!.aliasOf[alias]!]!]).toBe('Gemm');
    const off = { ...DEFAULT_REWRITES, offApplications: [first!.id] };
    const declined = await document.replan({ ...NO_EDITS, rewrite: off }, NO_EDITS, idle);
    expect(declined.graph?.rewrites.declined.map(({ id }) => id)).toContain(first!.id);
  });

  test('planners are held side by side, with rewriting and without', async () => {
    const { document } = await open();
    const rows = await document.planners(idle);
    const variants = PLANNERS.flatMap((planner) => [`${planner} false`, `${planner} true`]);
    expect(rows.map(({ planner, rewriting }) => `${planner} ${rewriting}`).sort()).toEqual(
      variants.sort(),
    );
    const of = (planner: string, rewriting: boolean) =>
      rows.find((row) => row.planner === planner && row.rewriting === rewriting)!;
    expect(of('none', false).blocks).toBe(4);
    expect(of('none', true).blocks).toBeLessThan(4);
    expect(of('dnnfusion', false).bytes).toBeLessThan(of('none', false).bytes);
    const variant = await document.variant({ planner: 'none', rewriting: false }, idle);
    expect([...variant.plan.blockOf]).toEqual([0, 1, 2, 3]);
    // What is open does not change by looking at others.
    expect(document.details({ operator: 0 })).toMatchObject({ type: 'MatMul' });
  });

  test('statistics of a weight', async () => {
    const { document } = await open();
    const details = document.details({ operator: 0 });
    const constant = details?.kind === 'operator' ? details.inputs[1]?.constant : undefined;
    const statistics = await document.weightStatistics(constant ?? -1, idle);
    expect(statistics).toMatchObject({ elements: 8, min: -6, max: 8, zeros: 1, notFinite: 0 });
    expect(statistics.mean).toBeCloseTo(19 / 8);
    expect(statistics.deviation).toBeCloseTo(Math.sqrt(179 / 8 - (19 / 8) ** 2));
    expect(statistics.histogram.reduce((a, b) => a + b, 0)).toBe(8);
    await expect(document.weightStatistics(0, idle)).rejects.toThrow(/no constant/);
  });

  test('a cancelled request ends between two passes', async () => {
    const handlers = createHandlers();
    const stages: string[] = [];
    const context = {
      isCancelled: () => stages.length >= 2,
      progress: ({ stage }: { stage: string }) => void stages.push(stage),
    };
    const params = {
      doc: 'a',
      location: { kind: 'bytes', name: 'tiny.onnx', bytes },
      edits: NO_EDITS,
    } as const;
    await expect(handlers['document/open'](params, context)).rejects.toThrow(Cancelled);
    expect(stages).toHaveLength(2);
    await expect(handlers['document/explain']({ doc: 'a', edge: 0 }, context)).rejects.toThrow(
      /not open/,
    );
  });
});
