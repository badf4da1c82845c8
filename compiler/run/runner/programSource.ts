/**
 * The generated `program.c`: tables of one bundle for the C runtime. Names are numbered; nothing of the model gets in.
 */
import type { Index, IndexCondition } from '../../loop/indexExpr.ts';
import type { RunTables } from '../runTables.ts';

/** @param functions of the kernels, in order */
export function programSource(tables: RunTables, functions: readonly string[]): string {
  return new ProgramWriter(tables, functions).write();
}

const PREAMBLE = String.raw`/* Tables of one model and plan. */
#include "fusion_runtime.h"

static int64_t quotient(int64_t a, int64_t b) {
  return b < 1 ? 0 : a / b - (a % b < 0);
}

static int64_t remainder_of(int64_t a, int64_t b) {
  return b < 1 ? 0 : a - b * quotient(a, b);
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
`;

/** Not every model needs every helper. */
const USE_HELPERS = String.raw`
const void *const fusion_helpers[] = {(const void *)quotient, (const void *)remainder_of,
                                      (const void *)least, (const void *)most};
`;

class ProgramWriter {
  private readonly lines: string[] = [];

  constructor(
    private readonly tables: RunTables,
    private readonly functions: readonly string[],
  ) {}

  write(): string {
    const { tables } = this;
    for (const name of new Set(this.functions)) this.declare(name);
    this.table('static const fusion_kernel kernels', this.functions);
    this.table(
      'static const fusion_buffer buffers',
      tables.buffers.map(
        ({ space, offset, bytes }) => `{${space === 'weights' ? 1 : 0}, ${offset}, ${bytes}}`,
      ),
    );
    this.steps();
    this.table(
      'static const int64_t symbol_bounds',
      tables.symbols.map(({ upperBound }) => String(upperBound)),
    );
    this.table(
      'static const fusion_input inputs',
      tables.inputs.map(({ buffer, fileOffset }) => `{${buffer}, ${fileOffset}}`),
    );
    this.outputs();
    this.program();
    return `${PREAMBLE}${USE_HELPERS}\n${this.lines.join('\n')}\n`;
  }

  /** Their type is the header's, so that a kernel of another one does not compile. */
  private declare(name: string): void {
    if (!/^[a-z_]\w*$/i.test(name)) throw new Error(`${name} is no C name`);
    this.lines.push(
      `int32_t ${name}(const fusion_run *run, void *const *buffers, const int64_t *sizes);`,
    );
  }

  private steps(): void {
    const { steps } = this.tables;
    const cut = (lists: readonly (readonly unknown[])[]): ((step: number) => string) => {
      let at = 0;
      const starts = lists.map((list) => (at += list.length) - list.length);
      return (step) => `${starts[step]}, ${lists[step]!.length}`;
    };
    const places = [
      cut(steps.map(({ buffers }) => buffers)),
      cut(steps.map(({ sizes }) => sizes)),
      cut(steps.map(({ counts }) => counts)),
      cut(steps.map(({ outputs }) => outputs)),
    ];
    this.table(
      'static const fusion_step steps',
      steps.map(({ kernel }, i) => `{${[kernel, ...places.map((place) => place(i))].join(', ')}}`),
    );
    const all = (of: (step: RunTables['steps'][number]) => readonly number[]): string[] =>
      steps.flatMap((step) => of(step).map(String));
    this.table(
      'static const int32_t step_buffers',
      all((step) => step.buffers),
    );
    this.table(
      'static const int32_t step_sizes',
      all((step) => step.sizes),
    );
    this.table(
      'static const int32_t step_outputs',
      all((step) => step.outputs),
    );
    this.table(
      'static const fusion_count step_counts',
      steps.flatMap(({ counts }) => counts.map(({ symbol, buffer }) => `{${symbol}, ${buffer}}`)),
    );
  }

  private outputs(): void {
    const { outputs, symbols } = this.tables;
    const number = new Map(symbols.map(({ name }, i) => [name, i]));
    const entries = outputs.map(({ buffer, elementBytes, dims, physical }, i) => {
      this.table(`static const int64_t physical_${i}`, physical.map(String));
      const body = dims.map(
        (dim, axis) =>
          `  dims[${axis}] = ${indexInC(dim, (name) => `symbols[${number.get(name)}]`)};`,
      );
      this.lines.push(
        `static void dims_${i}(const int64_t *symbols, int64_t *dims) {`,
        '  (void)symbols;',
        '  (void)dims;',
        ...body,
        '}',
      );
      return `{${buffer}, ${elementBytes}, ${dims.length}, physical_${i}, dims_${i}}`;
    });
    this.table('static const fusion_output outputs', entries);
  }

  private program(): void {
    const { tables } = this;
    const fields: Record<string, string | number> = {
      arena_bytes: tables.arenaBytes,
      weight_bytes: tables.weightBytes,
      scratch_bytes: tables.scratchBytes,
      input_bytes: tables.inputBytes,
      kernels: 'kernels',
      buffers: 'buffers',
      buffer_count: tables.buffers.length,
      steps: 'steps',
      step_count: tables.steps.length,
      step_buffers: 'step_buffers',
      step_sizes: 'step_sizes',
      step_counts: 'step_counts',
      step_outputs: 'step_outputs',
      symbol_bounds: 'symbol_bounds',
      symbol_count: tables.symbols.length,
      inputs: 'inputs',
      input_count: tables.inputs.length,
      outputs: 'outputs',
      output_count: tables.outputs.length,
    };
    this.lines.push(
      'const fusion_program_tables fusion_program = {',
      ...Object.entries(fields).map(([name, value]) => `    .${name} = ${value},`),
      '};',
    );
  }

  /** C has no empty arrays: an empty table has one entry that nothing reads. */
  private table(declaration: string, entries: readonly string[]): void {
    if (entries.length === 0) {
      this.lines.push(`${declaration}[1] = {0};`);
      return;
    }
    this.lines.push(`${declaration}[] = {`);
    let line = '   ';
    for (const entry of entries) {
      if (line.length + entry.length > 96) {
        this.lines.push(line);
        line = '   ';
      }
      line += ` ${entry},`;
    }
    this.lines.push(line, '};');
  }
}

/** An index over sizes as a C expression of 64-bit integers. */
export function indexInC(index: Index, sizeOf: (name: string) => string): string {
  const part = (inner: Index): string => indexInC(inner, sizeOf);
  switch (index.kind) {
    case 'constant':
      return `INT64_C(${index.value})`;
    case 'size':
      return sizeOf(index.name);
    case 'variable':
      throw new Error(`${index.name} is not known outside of its kernel`);
    case 'choose':
      return `(${conditionInC(index.condition, part)} ? ${part(index.then)} : ${part(index.otherwise)})`;
    case 'add':
      return `(${part(index.a)} + ${part(index.b)})`;
    case 'multiply':
      return `(${part(index.a)} * ${part(index.b)})`;
    case 'floorDiv':
      return `quotient(${part(index.a)}, ${part(index.b)})`;
    case 'mod':
      return `remainder_of(${part(index.a)}, ${part(index.b)})`;
    case 'min':
      return `least(${part(index.a)}, ${part(index.b)})`;
    case 'max':
      return `most(${part(index.a)}, ${part(index.b)})`;
  }
}

const COMPARISON = { lt: '<', le: '<=', eq: '==' } as const;

function conditionInC({ op, a, b }: IndexCondition, part: (index: Index) => string): string {
  return `${part(a)} ${COMPARISON[op]} ${part(b)}`;
}
