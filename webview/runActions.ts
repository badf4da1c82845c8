/** Running the model: where, whose times are shown, planners side by side and measured one after the other. */
import type { Variant } from '../compiler/protocol.ts';
import type { RunTarget } from '../compiler/run/runProtocol.ts';
import type { ActionContext } from './actionContext.ts';
import { messageOf } from './actionContext.ts';
import { comparisonText } from './state/comparison.ts';
import type { ComparisonState } from './state/comparison.ts';
import { targetMenu } from './state/menuItems.ts';

export class RunActions {
  constructor(private readonly context: ActionContext) {}

  run(verify: boolean): void {
    const { context } = this;
    if (context.state.runs.running) return context.hint('The model is running already.');
    context.expectDone(context.host.request('page/run', { verify }));
  }

  cancel(): void {
    this.context.send(this.context.host.request('page/cancelRun', null));
  }

  chooseTarget(): void {
    const { context } = this;
    context.host.request('page/chooseTarget', null).then(
      (choices) => {
        const { target } = context.state.runs.target;
        if (choices) context.stage?.openMenu(targetMenu(choices, target), null, 'Run on');
      },
      (error: unknown) => context.failed(error),
    );
  }

  setTarget(target: RunTarget): void {
    this.context.expectDone(this.context.host.request('page/setTarget', { target }));
  }

  showRun(run: number | null): void {
    this.context.send(this.context.host.request('page/showRun', { run }));
  }

  toggleTimes(): void {
    const { shown, history } = this.context.state.runs;
    const [latest] = history;
    if (!latest) return this.context.hint('Nothing was measured yet.');
    this.showRun(shown ? null : latest.id);
  }

  comparePlanners(): void {
    this.context.store.dispatch({ type: 'panel', open: true });
    this.context.host.request('page/planners', null).then(
      (rows) => this.compared({ rows, failed: null }),
      (error: unknown) => this.compared({ failed: messageOf(error) }),
    );
  }

  measurePlanners(): void {
    this.context.expectDone(this.context.host.request('page/measurePlanners', null));
  }

  showBeside(variant: Variant | null): void {
    const { context } = this;
    if (!variant) return this.compared({ beside: null });
    context.host.request('page/variant', variant).then(
      (found) => {
        // Half a window is for the graphs.
        context.store.dispatch({ type: 'legend', open: false });
        this.compared({ beside: { ...found, variant } });
      },
      (error: unknown) => context.failed(error),
    );
  }

  copyComparison(format: 'csv' | 'markdown'): void {
    const { context } = this;
    const { comparison, runs } = context.state;
    if (!comparison.rows) return;
    navigator.clipboard.writeText(comparisonText(comparison.rows, runs, format)).then(
      () => context.tell('info', 'Copied.'),
      (error: unknown) => context.failed(error),
    );
  }

  private compared(comparison: Partial<ComparisonState>): void {
    this.context.store.dispatch({ type: 'comparison', comparison });
  }
}
