/**
 * The whole way on real models: plan, override, save; export the model again with every name changed and one
 * layer more; open. Overrides either land on the same operators as before or are kept and listed.
 */
import { readFileSync } from 'node:fs';
import { onnx } from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { analysePass, bindingsOf, importPass, planPass } from '../../../compiler/compile.ts';
import type { Analysed } from '../../../compiler/compile.ts';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import type { Override, PlanEdits } from '../../../compiler/fusion/plan.ts';
import { modelFromBytes } from '../../../compiler/onnx/source.ts';
import { graphSnapshot } from '../../../compiler/session/graphSnapshot.ts';
import { overrideDiagnostics } from '../../../compiler/session/overrideDiagnostics.ts';
import { structureHash } from '../../../compiler/session/structureHash.ts';
import { NOTHING_RECORDED, matchSidecar } from '../../../compiler/sidecar/match.ts';
import { parseSidecar } from '../../../compiler/sidecar/parse.ts';
import { recordEdits } from '../../../compiler/sidecar/record.ts';
import { serialiseSidecar } from '../../../compiler/sidecar/serialise.ts';
import { operatorIdsOf } from '../../../compiler/sidecar/sidecar.ts';

async function analyse(bytes: Uint8Array): Promise<Analysed> {
  return analysePass(await importPass(modelFromBytes(bytes)), bindingsOf(NO_EDITS));
}

function snapshotOf(analysed: Analysed) {
  return graphSnapshot(analysed, 'model.onnx', 1);
}

/** Cuts every eighth fused edge and makes every eleventh operator a seed that is one already. */
async function someOverrides(analysed: Analysed): Promise<Override[]> {
  const { plan } = await planPass(analysed, NO_EDITS);
  const { nodes, edges } = analysed.ecg;
  const idOf = (index: number): string => nodes[index]!.operator.id;
  const cuts = edges
    .filter((_, at) => plan.verdicts[at]!.fused)
    .filter((_, at) => at % 8 === 0)
    .map((edge): Override => ({ kind: 'cut', a: idOf(edge.from), b: idOf(edge.to) }));
  const seeds = plan.blocks
    .filter(({ seed }, at) => seed >= 0 && at % 11 === 0)
    .map(({ seed }): Override => ({ kind: 'seed', op: idOf(seed) }));
  return [...cuts, ...seeds];
}

interface ExportedAgain {
  readonly bytes: Uint8Array;
  readonly rename: (name: string) => string;
}

/** Outputs of the main graph keep their names: they are in `rename`'s exceptions. */
function renameGraph(graph: onnx.GraphProto, rename: (name: string) => string): void {
  for (const node of graph.node as onnx.NodeProto[]) {
    node.name = `node ${rename(node.name)}`;
    node.input = node.input.map(rename);
    node.output = node.output.map(rename);
    for (const { g } of node.attribute) if (g) renameGraph(g as onnx.GraphProto, rename);
  }
  for (const value of [...graph.initializer, ...graph.input, ...graph.output]) {
    value.name = rename(value.name ?? '');
  }
  graph.valueInfo = [];
}

/** @param id operator whose consumers read the new layer instead */
function exportAgain(bytes: Uint8Array, id: string): ExportedAgain {
  const model = onnx.ModelProto.decode(bytes);
  const graph = model.graph!;
  const keep = new Set(['']);
  for (const value of [...graph.input!, ...graph.output!]) keep.add(value.name!);
  const rename = (name: string): string => (keep.has(name) ? name : `v2.${name}`);
  renameGraph(graph as onnx.GraphProto, rename);
  const nodes = graph.node! as onnx.NodeProto[];

  const changed = rename(id);
  const after = nodes.findIndex(({ output }) => output[0] === changed);
  for (const node of nodes.slice(after + 1)) {
    node.input = node.input.map((name) => (name === changed ? 'new layer' : name));
  }
  const layer = onnx.NodeProto.create({
    opType: 'HardSwish',
    input: [changed],
    output: ['new layer'],
  });
  nodes.splice(after + 1, 0, layer as onnx.NodeProto);
  return { bytes: onnx.ModelProto.encode(model).finish(), rename };
}

describe.each([
  ['efficientnet-b0', 0.75],
  ['mask-rcnn', 0.9],
  ['tinybert', 0.7],
])('%s exported again', (name, leastShare) => {
  const path = new URL(`../../models/${name}.onnx`, import.meta.url);

  it('keeps the overrides that still match, on the same operators, and lists the others', async () => {
    const bytes = readFileSync(path);
    const before = await analyse(bytes);
    const overrides = await someOverrides(before);
    const edits: PlanEdits = { ...NO_EDITS, overrides, replannedAt: overrides.length };
    const hash = structureHash(before.ecg);
    const text = serialiseSidecar(recordEdits(edits, snapshotOf(before), hash, NOTHING_RECORDED));

    const unchanged = parseSidecar(text);
    if (!unchanged.ok) throw new Error(unchanged.diagnostic.message);
    expect(matchSidecar(unchanged.sidecar, snapshotOf(before)).edits).toEqual(edits);

    // Right where something was overridden, so that not everything can be found again.
    const [middle = ''] = operatorIdsOf(overrides[overrides.length >> 2]!);
    const again = exportAgain(bytes, middle);
    const after = await analyse(again.bytes);
    expect(structureHash(after.ecg)).not.toBe(hash);
    const match = matchSidecar(unchanged.sidecar, snapshotOf(after));
    const share = match.matched / overrides.length;
    console.log(`${name}: ${match.matched} of ${overrides.length} overrides found again`);
    expect(overrides.length).toBeGreaterThan(8);
    expect(share).toBeGreaterThan(leastShare);
    expect(match.matched).toBeLessThan(overrides.length);

    // Nothing on a wrong operator, nothing lost, the order kept.
    const unmatched = new Set(match.unmatched);
    unchanged.sidecar.overrides.forEach((record, at) => {
      const ids = record.operators.map(({ id }) => (unmatched.has(record) ? id : again.rename(id)));
      expect(operatorIdsOf(match.edits.overrides[at]!)).toEqual(ids);
    });
    const { plan } = await planPass(after, match.edits);
    const listed = overrideDiagnostics(plan);
    const missing = listed.filter(({ code }) => code === 'plan/override-unmatched');
    expect(missing).toHaveLength(match.unmatched.length);

    // Back to the old export: what waited is there again.
    const kept = recordEdits(match.edits, snapshotOf(after), 'other', match.recorded);
    const home = matchSidecar(kept, snapshotOf(before));
    unchanged.sidecar.overrides.forEach((record, at) => {
      if (unmatched.has(record)) expect(home.edits.overrides[at]).toEqual(overrides[at]);
    });
  });
});
