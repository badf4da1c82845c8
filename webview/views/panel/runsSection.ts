/** The section about runs: whose times are on the graph, older runs, what verification said. */
import { button } from '../../ui/controls.ts';
import { element } from '../../ui/dom.ts';
import type { Child } from '../../ui/dom.ts';
import type { ComparedSummary, RunSummary } from '../../../compiler/protocol.ts';
import type { VerifyReport } from '../../../compiler/run/runProtocol.ts';
import type { Actions } from '../../state/actions.ts';
import { formatBytes, formatInteger, formatNumber } from '../../state/format.ts';
import { displayName } from '../../state/names.ts';
import type { State } from '../../state/state.ts';
import { formatMs, runPlace, sumOf } from '../../state/times.ts';
import { heading, link, list, table } from './rows.ts';

const MAX_ROWS = 20;

/** The page takes only types from the compiler. */
const REFERENCE_NAMES: Readonly<Record<VerifyReport['reference'], string>> = {
  onnxruntime: 'ONNX Runtime',
  interpreter: 'the unfused interpreter',
  unfused: 'the unfused plan',
  given: 'the expected outputs',
};

export function runsContent({ runs, capabilities }: State, actions: Actions): Child[] {
  const { history, shown } = runs;
  const idle = runs.running === null && capabilities.trusted;
  const buttons = element(
    'div',
    { class: 'buttons' },
    button({
      label: 'Run at the chosen place and time every block',
      text: 'Run',
      onClick: () => idle && actions.run('run'),
    }),
    button({
      label: 'Run and compare the outputs with a reference',
      text: 'Run and verify',
      onClick: () => idle && actions.run('verify'),
    }),
  );
  if (history.length === 0 && !runs.compared) {
    const text = capabilities.trusted
      ? 'Not run yet. Kernels are generated, built and timed on this computer or on a phone; WebAssembly needs no other tool.'
      : 'Running code needs a trusted workspace.';
    return [element('p', { class: 'muted', text }), capabilities.trusted && buttons];
  }
  const missing = shown ? shown.blockMs.filter((ms) => !Number.isFinite(ms)).length : 0;
  return [
    shown &&
      table([
        ['median', formatMs(shown.latencyMs.median)],
        ['10 – 90 %', `${formatMs(shown.latencyMs.p10)} – ${formatMs(shown.latencyMs.p90)}`],
        ['sum of blocks', formatMs(sumOf(shown))],
        ['target', runPlace(shown)],
        ['driver', shown.device?.opencl ?? ''],
        ['arena', formatBytes(shown.arenaBytes)],
        ['traffic', formatBytes(shown.movedBytes)],
        ['built in', formatMs(shown.compileMs)],
        ['temperature', shown.device?.temperature ? range(shown.device.temperature, '°C') : ''],
        ['clock', shown.device?.clock ? range(shown.device.clock, 'MHz') : ''],
        [
          'throttled',
          shown.device?.throttled
            ? 'the device slowed down while it ran: let it cool and run again'
            : '',
        ],
        ['noise', shown.noisy ? 'the repetitions differ much: close other programs' : ''],
        ['not measured', missing > 0 ? `${formatInteger(missing)} blocks changed since` : ''],
      ]),
    ...(shown?.verify ? verifyContent(shown.verify) : []),
    ...(runs.compared ? comparedContent(runs.compared) : []),
    history.length > 0 && heading('Runs'),
    list(...history.slice(0, MAX_ROWS).map((run) => row(run, shown?.id === run.id, actions))),
    buttons,
  ];
}

function range({ before, after }: { before: number; after: number }, unit: string): string {
  return `${formatNumber(before)} → ${formatNumber(after)} ${unit}`;
}

function row(run: RunSummary, current: boolean, actions: Actions): HTMLElement {
  const text = `${formatMs(run.latencyMs.median)} · ${run.planner}, ${formatInteger(run.blocks)} blocks`;
  const control = link(text, current ? 'Hide its times' : 'Show its times on the graph', () =>
    actions.showRun(current ? null : run.id),
  );
  control.setAttribute('aria-pressed', String(current));
  const time = new Date(run.at).toLocaleTimeString();
  return element(
    'li',
    {},
    control,
    current && element('span', { class: 'tag', text: 'shown' }),
    run.verify && verdict(run.verify),
    element('div', { class: 'muted', text: `${runPlace(run)} · ${time}` }),
  );
}

const VERDICTS: Readonly<Record<ComparedSummary['report']['verdict'], string>> = {
  'a-faster': 'A is faster',
  'b-faster': 'B is faster',
  'no-difference': 'no difference',
};

/** Two plans by turns, with the 95 % interval, and the blocks that differ most. */
function comparedContent({ a, b, place, report }: ComparedSummary): Child[] {
  const { differenceMs, ratio, verdict, pairs, blocks } = report;
  const signed = (ms: number): string => `${ms < 0 ? '−' : '+'}${formatMs(Math.abs(ms))}`;
  const apart = blocks
    .filter((each) => each.verdict !== 'no-difference')
    .filter((each) => formatMs(each.aMs) !== formatMs(each.bMs))
    .sort((x, y) => Math.abs(y.bMs - y.aMs) - Math.abs(x.bMs - x.aMs))
    .slice(0, 12);
  return [
    heading('A against B'),
    table([
      ['A', `${displayName(a, 60)}: ${formatMs(report.a.latencyMs.median)}`],
      ['B', `${displayName(b, 60)}: ${formatMs(report.b.latencyMs.median)}`],
      ['verdict', VERDICTS[verdict]],
      [
        'B − A',
        `${signed(differenceMs.median)} (95 %: ${signed(differenceMs.low)} to ${signed(differenceMs.high)})`,
      ],
      ['B / A', `${ratio.median.toFixed(3)} (${ratio.low.toFixed(3)} to ${ratio.high.toFixed(3)})`],
      ['on', `${displayName(place, 60)}, ${formatInteger(pairs)} pairs`],
      ['outputs', report.agreement.passed ? 'agree' : 'differ by more than the tolerance'],
    ]),
    apart.length > 0 && heading('Blocks that differ, A → B'),
    list(
      ...apart.map((each) =>
        element('li', {
          text: `${displayName(each.a[0] ?? each.b[0] ?? 'between blocks', 40)}: ${formatMs(each.aMs)} → ${formatMs(each.bMs)}`,
        }),
      ),
    ),
  ];
}

function verifyContent({ reference, outputs }: VerifyReport): Child[] {
  return [
    heading(`Outputs against ${REFERENCE_NAMES[reference]}`),
    table(
      outputs.map(
        ({ name: output, largestError, worstOfTolerance }) =>
          [
            displayName(output, 40),
            `largest error ${formatNumber(largestError)} (${formatNumber(worstOfTolerance)} of the tolerance)`,
          ] as const,
      ),
    ),
  ];
}

function verdict({ passed }: VerifyReport): HTMLElement {
  return element('span', {
    class: passed ? 'tag' : 'tag error',
    text: passed ? 'verified' : 'differs',
  });
}
