/**
 * C of one kernel: a static function for each phase and one that runs them in order, as `fusion_kernel.h` says.
 * The code uses GCC's and Clang's vector extensions and nothing of any one machine.
 */
import { unprovenAccesses } from '../../loop/bounds.ts';
import type { Facts } from '../../loop/facts.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { max, ZERO } from '../../loop/indexExpr.ts';
import type { LoopProgram } from '../../loop/ir.ts';
import { rootFacts } from '../../loop/simplify.ts';
import { simplifyIndex } from '../../loop/simplifyIndex.ts';
import type { EmittedKernel, KernelCheck, Phase, PhasedProgram } from '../kernel.ts';
import { phasesOf } from '../phases.ts';
import { costOf } from './cost.ts';
import { cStorage, vectorTypedefs } from './cTypes.ts';
import type { Line } from './emitPhase.ts';
import { PhaseEmitter } from './emitPhase.ts';
import { Identifiers } from './identifiers.ts';
import { indexText } from './indexText.ts';
import { KERNEL_HEADER_NAME } from './kernelHeader.ts';
import { headerComment } from './safeComment.ts';
import { supportFor } from './support.ts';

export interface CKernel extends EmittedKernel {
  /** Its functions, without what they call. */
  readonly code: string;
}

/**
 * Emits a scheduled (or unscheduled) program. Throws Error when an access is not proven in range.
 *
 * @param name an identifier of the compiler's own, unique among the kernels of one program.
 */
export function emitCKernel(name: string, program: LoopProgram): CKernel {
  const [unproven] = unprovenAccesses(program);
  if (unproven !== undefined) throw new Error(`${name}: not proven in range: ${unproven}`);
  return new KernelEmitter(name, phasesOf(program)).run();
}

/**
 * A C file of some kernels and everything they call.
 *
 * @param about lines for the comment at its top (operators, shapes); untrusted text is made harmless.
 */
export function translationUnit(
  kernels: readonly CKernel[],
  about: readonly string[] = [],
): string {
  const code = kernels.map((kernel) => kernel.code).join('\n\n');
  const support = supportFor(code);
  const typedefs = vectorTypedefs([...support, code].join('\n'));
  const parts = [
    ...(about.length > 0 ? [headerComment(about)] : []),
    ['#include <math.h>', '#include <string.h>', `#include "${KERNEL_HEADER_NAME}"`].join('\n'),
    '#define INLINE static inline __attribute__((always_inline, unused))',
    ...(typedefs.length > 0 ? [typedefs.join('\n')] : []),
    ...support,
    code,
  ];
  return `${parts.join('\n\n')}\n`;
}

class KernelEmitter {
  private readonly identifiers = new Identifiers();
  private readonly checks: KernelCheck[] = [];
  private readonly facts: Facts;
  private scratchBytes: Index = ZERO;

  constructor(
    private readonly name: string,
    private readonly phased: PhasedProgram,
  ) {
    this.facts = rootFacts(phased.program);
    const { program, shared } = phased;
    for (const { name } of [...program.inputs, ...program.outputs, ...shared, ...program.sizes]) {
      this.identifiers.of(name);
    }
  }

  run(): CKernel {
    const { phases } = this.phased;
    const functions = phases.map((phase, i) => this.phase(phase, `${this.name}_phase${i}`));
    return {
      name: this.name,
      phased: this.phased,
      checks: this.checks,
      scratchBytes: simplifyIndex(this.scratchBytes, this.facts),
      code: [...functions, this.entry()].join('\n\n'),
    };
  }

  private codeOf(check: KernelCheck): number {
    const same = this.checks.findIndex(
      ({ operator, message }) => operator === check.operator && message === check.message,
    );
    return same >= 0 ? same + 1 : this.checks.push(check);
  }

  private phase(phase: Phase, name: string): string {
    const { parallel, before, body } = phase;
    const scope = {
      identifiers: this.identifiers,
      codeOf: (check: KernelCheck) => this.codeOf(check),
    };
    const emitter = new PhaseEmitter(scope, this.facts, [...before, ...body]);
    const thread = parallel === undefined ? '0' : 'thread';
    this.arguments(emitter);
    emitter.line(`unsigned char *const scratch = args->run->scratch[${thread}];`, 'scratch');
    emitter.statements(before);
    if (parallel === undefined) emitter.statements(body);
    else emitter.loop(parallel.variable, parallel.extent, body, 'begin', 'end');
    this.scratchBytes = max(this.scratchBytes, emitter.scratch.bytes);
    const head =
      parallel === undefined
        ? `static int32_t ${name}(const fusion_args *args) {`
        : `static int32_t ${name}(const fusion_args *args, int64_t begin, int64_t end, int thread) {`;
    return [head, ...usedLines(emitter.lines), '  return 0;', '}'].join('\n');
  }

  /** Names for the buffers and sizes that the phase uses. */
  private arguments(emitter: PhaseEmitter): void {
    const { program, shared } = this.phased;
    [...program.inputs, ...program.outputs, ...shared].forEach(({ name, storage }, i) => {
      const own = this.identifiers.of(name);
      const pointed = `${program.inputs[i] === undefined ? '' : 'const '}${cStorage(storage)}`;
      emitter.line(`${pointed} *const ${own} = args->buffers[${i}];`, own);
    });
    program.sizes.forEach(({ name }, i) => {
      const own = this.identifiers.of(name);
      emitter.line(`const int64_t ${own} = args->sizes[${i}];`, own);
    });
  }

  private entry(): string {
    const { program, phases } = this.phased;
    const names = {
      facts: this.facts,
      name: (_kind: string, name: string) => this.identifiers.of(name),
    };
    const calls = phases.map(({ parallel, body }, i): string => {
      const phase = `${this.name}_phase${i}`;
      if (parallel === undefined) return `${phase}(&args)`;
      const extent = indexText(simplifyIndex(parallel.extent, this.facts), names);
      const cost = indexText(costOf(body), names);
      return `run->parallel(run->pool, ${phase}, &args, ${extent}, ${cost})`;
    });
    const lines: Line[] = [
      { text: '  const fusion_args args = {run, buffers, sizes};', declares: 'args' },
      ...program.sizes.map(({ name }, i): Line => {
        const own = this.identifiers.of(name);
        return { text: `  const int64_t ${own} = sizes[${i}];`, declares: own };
      }),
      ...(calls.length > 0 ? [{ text: '  int32_t code;' }] : []),
      ...calls.flatMap((call) => [
        { text: `  code = ${call};` },
        { text: '  if (code != 0) return code;' },
      ]),
    ];
    return [
      `int32_t ${this.name}(const fusion_run *run, void *const *buffers, const int64_t *sizes) {`,
      ...usedLines(lines),
      '  return 0;',
      '}',
    ].join('\n');
  }
}

/** Drops declarations that nothing after them mentions. */
export function usedLines(lines: readonly Line[]): readonly string[] {
  const mentioned = new Set<string>();
  const kept: string[] = [];
  for (const { text, declares } of [...lines].reverse()) {
    if (declares !== undefined && !mentioned.has(declares)) continue;
    for (const word of text.match(/[A-Za-z_]\w*/g) ?? []) mentioned.add(word);
    kept.push(text);
  }
  return kept.reverse();
}
