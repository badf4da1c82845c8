// The graph in a page, driven by real mouse clicks and keys. Where things are drawn is asked of Cytoscape, which
// registers itself on its container; nothing in the page is made for tests.
import type { Frame, Locator, Page } from 'playwright-core';

interface Drawn {
  id(): string;
  isNode(): boolean;
  hasClass(name: string): boolean;
  data(name: 'label'): string;
  renderedPosition(): { x: number; y: number };
  renderedMidpoint(): { x: number; y: number };
  position(): { x: number; y: number };
}

interface Registered {
  readonly _cyreg?: {
    readonly cy: {
      nodes(): { map<T>(each: (node: Drawn) => T): T[] };
      zoom(): number;
      pan(): { x: number; y: number };
      getElementById(id: string): Drawn & { readonly length: number };
    };
  };
}

export class GraphPage {
  readonly graph: Locator;
  private readonly page: Page;

  /** @param selector by default not the one of another plan beside it, which is in the page even while it is hidden */
  constructor(
    readonly frame: Frame,
    selector = '.graph:not(.beside *)',
  ) {
    this.graph = frame.locator(selector);
    this.page = frame.page();
  }

  /** First lines of what is drawn, from the top: blocks, operators and headers of open blocks. */
  labels(): Promise<string[]> {
    return this.lines(0);
  }

  /** One line of every label, from the top. */
  lines(place: 0 | 1): Promise<string[]> {
    return this.graph.evaluate((element, line) => {
      const { cy } = (element as Element & Registered)._cyreg!;
      return cy
        .nodes()
        .map((node) => ({
          node,
          y: node.position().y,
          text: node.data('label').split('\n')[line] ?? '',
        }))
        .filter(({ node, text }) => text !== '' && !node.hasClass('io'))
        .sort((a, b) => a.y - b.y)
        .map(({ text }) => text);
    }, place);
  }

  /** Keys of the nodes that carry a mark. */
  withClass(name: string): Promise<string[]> {
    return this.graph.evaluate((element, wanted) => {
      const { cy } = (element as Element & Registered)._cyreg!;
      return cy
        .nodes()
        .map((node) => (node.hasClass(wanted) ? node.id() : ''))
        .filter((id) => id !== '');
    }, name);
  }

  viewport(): Promise<{ zoom: number; x: number; y: number }> {
    return this.graph.evaluate((element) => {
      const { cy } = (element as Element & Registered)._cyreg!;
      return { zoom: cy.zoom(), ...cy.pan() };
    });
  }

  /** 'o<id>' is an operator, 'b<id>' a closed block, 'hg<id>' the header of an open one. */
  async clickNode(key: string, options: { double?: boolean } = {}): Promise<void> {
    const position = await this.settled(key);
    if (options.double) await this.graph.dblclick({ position });
    else await this.graph.click({ position });
  }

  async clickEdge(from: string, to: string): Promise<void> {
    await this.graph.click({ position: await this.settled(`${from}\n${to}`) });
  }

  async hoverEdge(from: string, to: string): Promise<void> {
    await this.graph.hover({ position: await this.settled(`${from}\n${to}`) });
  }

  /** Focuses the graph without a click, which would mean something. */
  async press(key: string): Promise<void> {
    await this.graph.focus();
    await this.page.keyboard.press(key);
  }

  /** Rendered place of an element that exists and stands still. */
  private async settled(id: string): Promise<{ x: number; y: number }> {
    let last = '';
    for (let tries = 0; tries < 100; tries++) {
      const place = await this.placeOf(id);
      const text = JSON.stringify(place);
      if (place && text === last) return place;
      last = text;
      await this.page.waitForTimeout(60);
    }
    throw new Error(`'${id}' is not drawn, or does not stand still (${last})`);
  }

  /** Whole pixels from the graph's corner, or null when it is not drawn. */
  placeOf(id: string): Promise<{ x: number; y: number } | null> {
    return this.graph.evaluate((element, wanted) => {
      const { cy } = (element as Element & Registered)._cyreg!;
      const found = cy.getElementById(wanted);
      if (found.length === 0) return null;
      const { x, y } = found.isNode() ? found.renderedPosition() : found.renderedMidpoint();
      return { x: Math.round(x), y: Math.round(y) };
    }, id);
  }
}
