/** The canvas's style sheet for a theme. Classes only: per-element functions are slow at 4,000 nodes. */
import type { StylesheetJson } from 'cytoscape';
import { METRICS } from '../../state/scene.ts';
import { BADGE, badgeClass, badgeSvg, svgUrl } from './badges.ts';
import { REASON_GROUPS } from './reasons.ts';
import type { GraphTheme } from './theme.ts';
import { mix } from './theme.ts';

/** Below this zoom text is gone and arrowheads are noise: boxes show their colour instead. */
export const NEAR_ZOOM = 0.5;

type Rule = StylesheetJson[number];

export function stylesheet(theme: GraphTheme, near: boolean): StylesheetJson {
  return [
    ...nodeRules(theme),
    ...mappingRules(theme, near),
    ...groupRules(theme),
    ...heatRules(theme),
    ...edgeRules(theme, near),
    ...stateRules(theme),
  ];
}

function nodeRules(theme: GraphTheme): Rule[] {
  return [
    {
      selector: 'node',
      style: {
        shape: 'round-rectangle',
        'corner-radius': '5px',
        width: 'data(w)',
        height: 'data(h)',
        label: 'data(label)',
        'font-family': theme.font,
        'font-size': 12,
        'line-height': 1.25,
        'min-zoomed-font-size': 7,
        'text-wrap': 'wrap',
        'text-max-width': '400px',
        'text-valign': 'center',
        'text-halign': 'center',
        color: theme.foreground,
        'background-color': theme.background,
        'border-width': 1.5,
        'border-color': theme.line,
        'overlay-opacity': 0,
        'z-index-compare': 'manual',
        'z-index': 3,
      },
    },
    {
      selector: 'node.io',
      style: {
        'corner-radius': '22px',
        'border-color': theme.muted,
        color: theme.foreground,
      },
    },
    {
      selector: 'node.op, node.block',
      style: {
        'text-margin-x': METRICS.badge / 2 - 2,
        'background-fit': 'none',
        'background-width': `${BADGE.width}px`,
        'background-height': `${BADGE.height}px`,
        'background-position-x': '5px',
        'background-position-y': '50%',
        'background-clip': 'none',
        'background-image-containment': 'over',
      },
    },
    // A double frame: several operators behind one box.
    { selector: 'node.block', style: { 'border-width': 4, 'border-style': 'double' } },
    {
      selector: 'node.port',
      style: {
        'font-size': 9,
        'border-width': 1,
        'border-style': 'dashed',
        'corner-radius': '7px',
        color: theme.muted,
        'border-color': theme.muted,
      },
    },
  ];
}

function mappingRules(theme: GraphTheme, near: boolean): Rule[] {
  const rules: Rule[] = [];
  theme.mapping.forEach((colour, mapping) => {
    rules.push({
      selector: `node.m${mapping}`,
      style: {
        'border-color': colour,
        'background-color': near ? theme.fill[mapping]! : mix(colour, theme.background, 0.6),
      },
    });
    for (const seed of [false, true]) {
      for (const pinned of [false, true]) {
        const svg = badgeSvg(mapping, seed, pinned, { line: colour, text: theme.foreground });
        rules.push({
          selector: `node.${badgeClass(mapping, seed, pinned)}`,
          style: { 'background-image': svgUrl(svg) },
        });
      }
    }
  });
  return rules;
}

function groupRules(theme: GraphTheme): Rule[] {
  const rules: Rule[] = [
    {
      selector: 'node.group',
      style: {
        events: 'no',
        'z-index': 0,
        'border-width': 2,
        label: '',
      },
    },
    {
      selector: 'node.header',
      // Above the edges that enter the block through its header, also those of what is selected.
      style: { 'z-index': 8, 'font-size': 12, 'border-width': 0 },
    },
  ];
  theme.mapping.forEach((colour, mapping) => {
    const shade = (share: number): string =>
      mix(colour, theme.background, theme.highContrast ? 0 : share);
    rules.push(
      { selector: `node.group.m${mapping}`, style: { 'background-color': shade(0.07) } },
      { selector: `node.header.m${mapping}`, style: { 'background-color': shade(0.28) } },
    );
  });
  return rules;
}

/** Times colour the box; the mapping type keeps its frame and sign. */
function heatRules(theme: GraphTheme): Rule[] {
  return theme.heat.map((fill, step) => ({
    selector: `node.heat${step}`,
    style: { 'background-color': fill },
  }));
}

function edgeRules(theme: GraphTheme, near: boolean): Rule[] {
  const reasons = REASON_GROUPS.map(({ id, dash }): Rule => {
    return {
      selector: `edge.r-${id}`,
      style: { 'line-style': 'dashed', 'line-dash-pattern': [...dash] },
    };
  });
  return [
    {
      selector: 'edge',
      style: {
        width: 1.4,
        'line-color': theme.line,
        'target-arrow-color': theme.line,
        'target-arrow-shape': near ? 'triangle' : 'none',
        'arrow-scale': 0.8,
        'curve-style': 'straight',
        'source-endpoint': '0% 50%',
        'target-endpoint': '0% -50%',
        'font-family': theme.font,
        'font-size': 9.5,
        'min-zoomed-font-size': 8,
        color: theme.muted,
        'text-background-color': theme.background,
        'text-background-opacity': 0.85,
        'text-background-padding': '2px',
        'overlay-opacity': 0,
        'z-index-compare': 'manual',
        'z-index': 2,
      },
    },
    {
      selector: 'edge[label]',
      style: {
        label: 'data(label)',
        'text-margin-x': 'data(labelX)' as unknown as number,
        'text-margin-y': 'data(labelY)' as unknown as number,
      },
    },
    { selector: 'edge.quiet', style: { 'text-opacity': 0, 'text-background-opacity': 0 } },
    {
      selector: 'edge.bent',
      style: {
        'curve-style': 'round-segments',
        'segment-weights': 'data(weights)' as unknown as number[],
        'segment-distances': 'data(distances)' as unknown as number[],
        'segment-radii': [12],
        'edge-distances': 'endpoints' as 'intersection',
      },
    },
    {
      selector: 'edge.inside',
      style: {
        width: 2.6,
        'line-color': mix(theme.foreground, theme.background, 0.75),
        'target-arrow-color': mix(theme.foreground, theme.background, 0.75),
      },
    },
    {
      selector: 'edge.io',
      style: { 'line-color': theme.muted, 'target-arrow-color': theme.muted },
    },
    ...reasons,
    {
      selector: 'edge.r-user',
      style: { 'line-color': theme.warning, 'target-arrow-color': theme.warning, width: 2 },
    },
    { selector: 'edge.stub', style: { 'target-arrow-shape': 'none', 'line-style': 'dotted' } },
    {
      selector: 'edge.tunnel',
      style: {
        'curve-style': 'unbundled-bezier',
        'control-point-distances': [160],
        'control-point-weights': [0.5],
        'line-style': 'dashed',
        display: 'none',
      },
    },
    { selector: 'edge.tunnel.shown', style: { display: 'element', 'z-index': 5 } },
  ];
}

function stateRules(theme: GraphTheme): Rule[] {
  return [
    {
      selector: 'node.changed',
      style: {
        'underlay-color': theme.changed,
        'underlay-opacity': theme.highContrast ? 0.6 : 0.35,
        'underlay-padding': 5,
      },
    },
    {
      selector: 'node.rewritten',
      style: {
        'outline-width': 2,
        'outline-style': 'dashed',
        'outline-color': theme.warning,
        'outline-offset': 3,
      },
    },
    {
      selector: 'node.hit',
      style: { 'underlay-color': theme.hit, 'underlay-opacity': 0.55, 'underlay-padding': 6 },
    },
    {
      selector: 'node.near',
      style: { 'outline-width': 1, 'outline-color': theme.focus, 'outline-offset': 1 },
    },
    {
      selector: 'edge.near',
      style: {
        'line-color': theme.focus,
        'target-arrow-color': theme.focus,
        color: theme.foreground,
        'text-opacity': 1,
        'text-background-opacity': 0.85,
        'z-index': 4,
      },
    },
    {
      selector: 'node.selected',
      style: {
        'outline-width': 3,
        'outline-color': theme.focus,
        'outline-offset': 2,
        'z-index': 6,
      },
    },
    { selector: 'node.group.selected', style: { 'z-index': 0 } },
    {
      selector: 'edge.hover, edge.selected',
      style: {
        width: 3.4,
        'line-color': theme.focus,
        'target-arrow-color': theme.focus,
        color: theme.foreground,
        'text-opacity': 1,
        'text-background-opacity': 0.85,
        'z-index': 7,
      },
    },
  ];
}
