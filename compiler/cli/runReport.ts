/**
 * What `fusion-studio run` prints for people: a table of blocks, then latency, memory and verification.
 */
import type { Diagnostic } from '../diagnostics.ts';
import type { ModelRun } from '../run/runModel.ts';
import type { VerifyReport } from '../run/runProtocol.ts';
import { alignColumns, clip, formatCount, printable } from './terminal.ts';

const HEADER = ['block', 'ms', '%', 'kernel', 'operators'];
const NUMERIC_COLUMNS = new Set([0, 1, 2]);

const REFERENCES: Readonly<Record<VerifyReport['reference'], string>> = {
  onnxruntime: 'ONNX Runtime',
  interpreter: 'the unfused interpreter',
  unfused: 'the same target without fusion (ONNX Runtime is not installed)',
  given: 'the given outputs',
};

export function runTable(
  modelName: string,
  run: ModelRun,
  diagnostics: readonly Diagnostic[],
): string {
  const { report, plan, prepared } = run;
  const { latencyMs, blocks } = report;
  const total = blocks.reduce((sum, { medianMs }) => sum + medianMs, 0);
  const byId = new Map(plan.blocks.map((block) => [block.id, block]));
  const rows = blocks.map(({ id, kernel, medianMs }) => {
    const block = byId.get(id);
    const { operators } = prepared.bound.model.graph;
    const types = block?.operators.map((operator) => operators[operator]!.type) ?? [];
    return [
      block === undefined ? '' : String(block.index),
      medianMs.toFixed(3),
      ((100 * medianMs) / total).toFixed(1),
      clip(kernel, 30),
      clip(printable(types.join(' + ')), 44),
    ];
  });
  const ms = (value: number): string => value.toFixed(value < 10 ? 3 : 1);
  const lines = [
    ...alignColumns([HEADER, ...rows], NUMERIC_COLUMNS),
    '',
    `${printable(modelName)} on ${report.target}, ${report.threads} ` +
      `thread${report.threads === 1 ? '' : 's'}: ${ms(latencyMs.median)} ms ` +
      `(p10 ${ms(latencyMs.p10)}, p90 ${ms(latencyMs.p90)}), blocks sum to ${ms(total)} ms`,
    `first run ${ms(report.firstRunMs)} ms, building ${(report.compileMs / 1000).toFixed(1)} s`,
    `arena ${bytes(report.arenaBytes)} (least possible ${bytes(report.peakLiveBytes)}), ` +
      `moved between blocks ${bytes(report.movedBytes)}` +
      (report.peakProcessBytes === null ? '' : `, process ${bytes(report.peakProcessBytes)}`),
    ...(report.noisy ? ['the times vary a lot: something else keeps this computer busy'] : []),
    ...verifyLines(report.verify),
    ...diagnostics.map(
      ({ severity, code, message }) => `${severity} ${code}: ${printable(message)}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function verifyLines(verify: VerifyReport | null): readonly string[] {
  if (verify === null) return [];
  const outputs = verify.outputs.map(({ name, largestError, worstOfTolerance, mismatch }) => {
    const found =
      mismatch ??
      `largest error ${largestError.toPrecision(3)}, ${worstOfTolerance.toPrecision(3)} of what is allowed`;
    return `  ${clip(printable(name), 40)}: ${found}`;
  });
  const verdict = verify.passed ? 'agrees with' : 'DIFFERS FROM';
  return [`${verdict} ${REFERENCES[verify.reference]}`, ...outputs];
}

function bytes(count: number): string {
  return `${formatCount(count)}B`;
}
