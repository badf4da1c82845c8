/**
 * Collects the diagnostics of one import. A hostile or very unusual model could repeat one message for each
 * of its nodes: after a while they are only counted.
 */
import { diagnostic } from '../diagnostics.ts';
import type { Diagnostic, DiagnosticCode } from '../diagnostics.ts';

const MOST_OF_ONE_CODE = 50;

export class Reporter {
  private readonly found: Diagnostic[] = [];
  private readonly counts = new Map<DiagnosticCode, number>();

  report(code: DiagnosticCode, message: string, node?: string): void {
    const count = (this.counts.get(code) ?? 0) + 1;
    this.counts.set(code, count);
    if (count <= MOST_OF_ONE_CODE) this.found.push(diagnostic(code, message, node));
  }

  finish(): readonly Diagnostic[] {
    const result = [...this.found];
    for (const [code, count] of this.counts) {
      const more = count - MOST_OF_ONE_CODE;
      if (more > 0) result.push(diagnostic(code, `There are ${more} more problems of this kind.`));
    }
    return result;
  }
}
