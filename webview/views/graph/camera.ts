/**
 * Zoom and pan. The wheel scrolls, as everywhere in an editor; with Ctrl (or a pinch) it zooms at the
 * pointer. Nothing ever fits a tall network into the window unless the user asks for it.
 */
import type { Core } from 'cytoscape';
import type { Rectangle } from './spatialIndex.ts';

const MIN_ZOOM = 0.02;
const MAX_ZOOM = 3;
const STEP = 1.25;
/** Space kept between the window's border and what is brought into view, screen pixels. */
const MARGIN = 60;

export class Camera {
  /** Of the container, when the viewport was last made for it. */
  private width = 0;
  private height = 0;

  constructor(
    private readonly cy: Core,
    private readonly container: HTMLElement,
  ) {
    cy.minZoom(MIN_ZOOM);
    cy.maxZoom(MAX_ZOOM);
    container.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
  }

  /** Visible part in model coordinates. */
  view(): Rectangle {
    const { x1, y1, x2, y2 } = this.cy.extent();
    return { x1, y1, x2, y2 };
  }

  /**
   * The container has another size: what was in its middle stays there, and what was at its top when the
   * picture's top is seen.
   *
   * @param top of the picture, model coordinates; null while there is none
   */
  resized(top: number | null): void {
    const { clientWidth, clientHeight } = this.container;
    this.cy.resize();
    // Hidden: the place is kept for when it is shown again.
    if (clientWidth === 0 || clientHeight === 0) return;
    const dx = (clientWidth - this.width) / 2;
    const dy = (clientHeight - this.height) / 2;
    const known = this.width > 0;
    this.remember();
    if (!known || top === null || (dx === 0 && dy === 0)) return;
    const atTop = top * this.cy.zoom() + this.cy.pan().y >= 0;
    this.cy.panBy({ x: dx, y: atTop ? 0 : dy });
  }

  /** The viewport fits the container as it is now. */
  remember(): void {
    this.width = this.container.clientWidth;
    this.height = this.container.clientHeight;
  }

  zoomBy(direction: 1 | -1): void {
    this.zoomAt(this.cy.zoom() * (direction > 0 ? STEP : 1 / STEP));
  }

  zoomTo(level: number): void {
    this.zoomAt(level);
  }

  /** Everything in the window: on request only. */
  fit(picture: Rectangle): void {
    const width = this.container.clientWidth - 2 * MARGIN;
    const height = this.container.clientHeight - 2 * MARGIN;
    const zoom = Math.min(1, width / (picture.x2 - picture.x1), height / (picture.y2 - picture.y1));
    this.cy.zoom(Math.max(MIN_ZOOM, zoom));
    this.centre((picture.x1 + picture.x2) / 2, (picture.y1 + picture.y2) / 2);
  }

  /** Puts a model point at the top middle of the window. */
  goTop(x: number, y: number, zoom: number): void {
    this.remember();
    this.cy.viewport({
      zoom,
      pan: { x: this.container.clientWidth / 2 - x * zoom, y: 24 - y * zoom },
    });
  }

  /** As it was saved. */
  place(zoom: number, pan: { x: number; y: number }): void {
    this.remember();
    this.cy.viewport({ zoom, pan });
  }

  /** Puts a model coordinate in the middle of the window's width. */
  centreAcross(x: number): void {
    this.remember();
    const zoom = this.cy.zoom();
    this.cy.pan({ x: this.container.clientWidth / 2 - x * zoom, y: this.cy.pan().y });
  }

  centre(x: number, y: number): void {
    this.remember();
    const zoom = this.cy.zoom();
    this.cy.pan({
      x: this.container.clientWidth / 2 - x * zoom,
      y: this.container.clientHeight / 2 - y * zoom,
    });
  }

  /**
   * Pans as little as needed; a box that is far away or unreadably small is centred, readable. `covered`:
   * places that are no help, in window coordinates.
   */
  reveal(box: Rectangle, readable: number, covered: readonly DOMRect[]): void {
    const { left, top } = this.container.getBoundingClientRect();
    // What covers the whole height makes the window narrower, the rest is stepped away from.
    const { clientWidth, clientHeight } = this.container;
    const tall = covered.filter(({ height }) => height > clientHeight * 0.9);
    const lids = covered.filter((lid) => !tall.includes(lid));
    this.panTo(box, readable, Math.min(clientWidth, ...tall.map((lid) => lid.left - left)));
    const zoom = this.cy.zoom();
    const pan = this.cy.pan();
    const x1 = left + box.x1 * zoom + pan.x;
    const x2 = left + box.x2 * zoom + pan.x;
    const y1 = top + box.y1 * zoom + pan.y;
    const y2 = top + box.y2 * zoom + pan.y;
    for (const lid of lids) {
      if (x2 < lid.left || x1 > lid.right || y2 < lid.top || y1 > lid.bottom) continue;
      const atTop = lid.top + lid.bottom < 2 * top + this.container.clientHeight;
      this.cy.panBy({ x: 0, y: atTop ? lid.bottom + 12 - y1 : lid.top - 12 - y2 });
      return;
    }
  }

  private panTo(box: Rectangle, readable: number, width: number): void {
    const zoom = this.cy.zoom();
    const height = this.container.clientHeight;
    const pan = this.cy.pan();
    const left = box.x1 * zoom + pan.x;
    const right = box.x2 * zoom + pan.x;
    const top = box.y1 * zoom + pan.y;
    const bottom = box.y2 * zoom + pan.y;
    const far = right < -width || left > 2 * width || bottom < -height || top > 2 * height;
    if (far || zoom < readable) {
      this.cy.zoom(Math.max(zoom, readable));
      this.centre((box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2);
      this.cy.panBy({ x: (width - this.container.clientWidth) / 2, y: 0 });
      return;
    }
    const dx = shortfall(left, right, width);
    const dy = shortfall(top, bottom, height);
    if (dx !== 0 || dy !== 0) this.cy.panBy({ x: dx, y: dy });
  }

  private zoomAt(level: number): void {
    this.cy.zoom({
      level,
      renderedPosition: {
        x: this.container.clientWidth / 2,
        y: this.container.clientHeight / 2,
      },
    });
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const unit =
      event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? this.container.clientHeight : 1;
    if (event.ctrlKey || event.metaKey) {
      const bounds = this.container.getBoundingClientRect();
      const delta = Math.max(-60, Math.min(60, event.deltaY * unit));
      this.cy.zoom({
        level: this.cy.zoom() * Math.exp(-delta * 0.006),
        renderedPosition: { x: event.clientX - bounds.left, y: event.clientY - bounds.top },
      });
      return;
    }
    const sideways = event.shiftKey && event.deltaX === 0;
    this.cy.panBy({
      x: -(sideways ? event.deltaY : event.deltaX) * unit,
      y: -(sideways ? 0 : event.deltaY) * unit,
    });
  }
}

function shortfall(low: number, high: number, size: number): number {
  if (high - low > size - 2 * MARGIN) return size / 2 - (low + high) / 2;
  if (low < MARGIN) return MARGIN - low;
  if (high > size - MARGIN) return size - MARGIN - high;
  return 0;
}
