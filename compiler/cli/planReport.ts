/**
 * What `fusion-studio plan` prints: a table for people, or the JSON of issue 2 for programs.
 */
import type { Analysed, Imported, Planned } from '../compile.ts';
import type { Diagnostic } from '../diagnostics.ts';
import { summarisePlan } from '../fusion/summary.ts';
import { MAPPING_TYPE_NAMES } from '../mapping/mappingTypes.ts';
import { qualifiedType } from '../session/graphSnapshot.ts';
import { alignColumns, clip, formatCount, printable } from './terminal.ts';

export interface PlanReport {
  readonly model: string;
  readonly operators: number;
  readonly blocks: number;
  readonly planner: string;
  readonly fusionRate: number;
  readonly flops: number;
  readonly intermediateBytesBefore: number;
  readonly intermediateBytesAfter: number;
  readonly importMs: number;
  readonly planMs: number;
  readonly diagnostics: readonly Diagnostic[];
}

/** `importMs` covers reading, shapes and the ECG; `planMs` planning alone. Milliseconds, bytes, FLOPs. */
export function planReport(
  modelName: string,
  imported: Imported,
  analysed: Analysed,
  { plan, planMs }: Planned,
  extra: readonly Diagnostic[],
): PlanReport {
  const summary = summarisePlan(analysed.ecg, plan);
  const round = (value: number): number => Math.round(value * 1000) / 1000;
  return {
    model: modelName,
    operators: summary.operators,
    blocks: summary.blocks,
    planner: plan.planner,
    fusionRate: round(summary.fusionRate),
    flops: summary.flops,
    intermediateBytesBefore: summary.intermediateBytesBefore,
    intermediateBytesAfter: summary.intermediateBytesAfter,
    importMs: round(imported.importMs + analysed.inferMs),
    planMs: round(planMs),
    diagnostics: [...analysed.model.diagnostics, ...extra],
  };
}

const HEADER = ['block', 'ops', 'mapping type', 'FLOPs', 'operators'];
const NUMERIC_COLUMNS = new Set([0, 1, 3]);

/** Blocks as a table, then the totals. Widths fit 100 columns. */
export function planTable(report: PlanReport, analysed: Analysed, { plan }: Planned): string {
  const rows = plan.blocks.map((block) => {
    const types = block.operators.map((operator) => {
      const node = analysed.ecg.nodes[operator];
      return node ? printable(qualifiedType(node.operator)) : '?';
    });
    const flops = block.operators.reduce(
      (sum, operator) => sum + (analysed.ecg.nodes[operator]?.flopsEstimate ?? 0),
      0,
    );
    return [
      String(block.index),
      String(block.operators.length),
      MAPPING_TYPE_NAMES[block.mapping],
      formatCount(flops),
      clip(summariseTypes(types), 56),
    ];
  });
  const lines = [
    ...alignColumns([HEADER, ...rows], NUMERIC_COLUMNS),
    '',
    `${printable(report.model)}: ${report.operators} operators in ${report.blocks} blocks ` +
      `(planner ${report.planner}, fusion rate ${report.fusionRate.toFixed(2)})`,
    `${formatCount(report.flops)}FLOPs, intermediate results ` +
      `${formatBytes(report.intermediateBytesBefore)} unfused, ` +
      `${formatBytes(report.intermediateBytesAfter)} fused`,
    `import ${report.importMs.toFixed(0)} ms, plan ${report.planMs.toFixed(0)} ms`,
    ...diagnosticLines(report.diagnostics),
  ];
  return `${lines.join('\n')}\n`;
}

/** 'Conv + Relu + 2 × Add' in order of first appearance. */
function summariseTypes(types: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].map(([type, n]) => (n === 1 ? type : `${n} × ${type}`)).join(' + ');
}

const MAX_DIAGNOSTICS = 20;

function diagnosticLines(diagnostics: readonly Diagnostic[]): string[] {
  const shown = diagnostics.filter(({ severity }) => severity !== 'info');
  const lines = shown
    .slice(0, MAX_DIAGNOSTICS)
    .map(({ severity, code, message }) => `${severity} ${code}: ${printable(message)}`);
  const hidden = shown.length - lines.length;
  return hidden > 0 ? [...lines, `… and ${hidden} more`] : lines;
}

function formatBytes(bytes: number): string {
  return `${formatCount(bytes)}B`;
}
