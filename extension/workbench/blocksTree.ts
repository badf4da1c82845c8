/**
 * The *Fusion Blocks* view: blocks of the current model and their operators, in step with the graph's
 * selection both ways. It is also the graph for those who cannot see it.
 */
import * as vscode from 'vscode';
import type { DocumentState, Selection, ShownRun } from '../../compiler/protocol.ts';
import type { OpenModels } from '../openModels.ts';
import {
  counted,
  formatMs,
  mappingName,
  membersOf,
  operatorName,
  typeName,
  typeSummary,
} from './planText.ts';

type Node =
  | { readonly kind: 'block'; readonly block: number; readonly operators: readonly number[] }
  | { readonly kind: 'operator'; readonly operator: number; readonly parent: Node };

export function registerBlocksTree(models: OpenModels): vscode.Disposable {
  return new BlocksTree(models);
}

class BlocksTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly view: vscode.TreeView<Node>;
  private readonly disposables: vscode.Disposable[];
  private state: DocumentState | null = null;
  private times: ShownRun | null = null;
  private blocks: Node[] = [];
  /** Children are made when their block is opened or revealed. */
  private readonly children = new Map<Node, Node[]>();
  /** What the tree was made to select: not to be reported back to the graph. */
  private revealed: string | undefined;

  constructor(private readonly models: OpenModels) {
    this.view = vscode.window.createTreeView('fusionStudio.blocks', {
      treeDataProvider: this,
      showCollapseAll: true,
    });
    this.disposables = [
      this.changed,
      this.view,
      this.view.onDidChangeSelection(({ selection }) => this.selectInGraph(selection[0])),
      this.view.onDidChangeVisibility(() => void this.revealSelection()),
      models.onDidChangeCurrent(() => this.refresh()),
      models.onDidChangeDocument((document) => {
        if (document === models.current?.document) this.refresh();
      }),
      models.onDidSelect(({ panel }) => {
        if (panel === models.current) void this.revealSelection();
      }),
    ];
  }

  getChildren(node?: Node): Node[] | undefined {
    if (!node) return this.blocks;
    if (node.kind === 'operator') return undefined;
    let children = this.children.get(node);
    if (!children) {
      children = node.operators.map((operator) => ({ kind: 'operator', operator, parent: node }));
      this.children.set(node, children);
    }
    return children;
  }

  getParent(node: Node): Node | undefined {
    return node.kind === 'operator' ? node.parent : undefined;
  }

  getTreeItem(node: Node): vscode.TreeItem {
    if (!this.state) return new vscode.TreeItem('');
    return node.kind === 'block'
      ? this.blockItem(this.state, node.block, node.operators)
      : this.operatorItem(this.state, node.operator);
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  private blockItem(
    { graph, plan }: DocumentState,
    block: number,
    operators: readonly number[],
  ): vscode.TreeItem {
    const summary = typeSummary(graph, operators);
    const mapping = mappingName(plan.blockMapping[block]);
    const pinned = plan.blockPinned[block] === 1;
    const count = counted(operators.length, 'operator');
    const item = new vscode.TreeItem(summary, vscode.TreeItemCollapsibleState.Collapsed);
    item.id = `block ${plan.blockIds[block] ?? block}`;
    const ms = this.times?.blockMs[block] ?? Number.NaN;
    const time = Number.isFinite(ms) ? `${formatMs(ms)}, ` : '';
    item.description = `${time}${count}, ${mapping}${pinned ? ', pinned' : ''}`;
    item.iconPath = new vscode.ThemeIcon(pinned ? 'pinned' : 'symbol-namespace');
    item.contextValue = pinned ? 'block.pinned' : 'block';
    item.tooltip = `${operatorName(graph, operators[0] ?? -1)}: ${count}, ${mapping}`;
    item.accessibilityInformation = {
      label: `Fusion block ${block + 1} of ${plan.blockIds.length}: ${summary}; ${item.description}`,
    };
    return item;
  }

  private operatorItem({ graph, plan }: DocumentState, operator: number): vscode.TreeItem {
    const type = typeName(graph, operator);
    const isSeed = plan.blockSeed[plan.blockOf[operator] ?? -1] === operator;
    const mapping = mappingName(graph.mapping[operator]);
    const name = operatorName(graph, operator);
    const item = new vscode.TreeItem(type, vscode.TreeItemCollapsibleState.None);
    item.id = `operator ${graph.ids[operator] ?? operator}`;
    item.description = `${name}${isSeed ? ' (seed)' : ''}`;
    item.iconPath = new vscode.ThemeIcon(isSeed ? 'star-full' : 'symbol-operator');
    item.contextValue = isSeed ? 'operator.seed' : 'operator';
    item.tooltip = `${type} ${name}: ${mapping}${isSeed ? ', seed of its block' : ''}`;
    item.accessibilityInformation = {
      label: `${type}, ${name}, ${mapping}${isSeed ? ', seed' : ''}`,
    };
    return item;
  }

  private refresh(): void {
    const document = this.models.current?.document;
    const state = document?.plan.state ?? null;
    const times = (state && document?.runs.state(state).shown) ?? null;
    const timed = times?.id !== this.times?.id;
    this.times = times;
    if (timed && state?.plan === this.state?.plan) this.changed.fire();
    if (state?.plan !== this.state?.plan) {
      this.children.clear();
      const members = state ? membersOf(state.plan) : [];
      this.blocks = members.map((operators, block) => ({ kind: 'block', block, operators }));
      this.state = state;
      this.changed.fire();
    }
    this.view.description = state ? document?.name : undefined;
    this.view.message = document?.plan.error?.message;
    void this.revealSelection();
  }

  private async revealSelection(): Promise<void> {
    const selection = this.models.current?.selection;
    if (!this.view.visible || !selection) return;
    const node = this.find(selection);
    if (!node || this.view.selection[0] === node) return;
    this.revealed = keyOf(selection);
    try {
      await this.view.reveal(node, { select: true, focus: false });
    } catch {
      // The tree was rebuilt meanwhile.
    }
  }

  private selectInGraph(node: Node | undefined): void {
    const panel = this.models.current;
    const selection = node && this.selectionOf(node);
    if (!panel || !selection) return;
    const key = keyOf(selection);
    const isEcho = key === this.revealed;
    this.revealed = undefined;
    if (!isEcho && (!panel.selection || keyOf(panel.selection) !== key)) panel.select(selection);
  }

  private selectionOf(node: Node): Selection | undefined {
    const id =
      node.kind === 'block'
        ? this.state?.plan.blockIds[node.block]
        : this.state?.graph.ids[node.operator];
    return id === undefined ? undefined : { kind: node.kind, id };
  }

  private find(selection: Selection): Node | undefined {
    if (!this.state) return undefined;
    const { graph, plan } = this.state;
    if (selection.kind === 'block') return this.blocks[plan.blockIds.indexOf(selection.id)];
    if (selection.kind === 'edge') return undefined;
    const operator = graph.ids.indexOf(selection.id);
    const block = this.blocks[plan.blockOf[operator] ?? -1];
    if (!block) return undefined;
    return this.getChildren(block)?.find(
      (node) => node.kind === 'operator' && node.operator === operator,
    );
  }
}

function keyOf(selection: Selection): string {
  return JSON.stringify(selection);
}
