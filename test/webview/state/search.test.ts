import { describe, expect, it } from 'vitest';
import { search } from '../../../webview/state/search.ts';
import { syntheticGraph } from '../fixtures/syntheticGraph.ts';

const graph = syntheticGraph(200);
const typeOf = (operator: number): string => graph.operatorTypes[graph.typeOf[operator]!]!;

describe('search', () => {
  it('finds types, whole ones first', () => {
    const { hits, total } = search(graph, 'mul');
    expect(total).toBeGreaterThan(2);
    const kinds = hits.map((hit) => typeOf(hit.operator));
    expect(kinds[0]).toBe('Mul');
    expect(kinds.lastIndexOf('Mul')).toBeLessThan(kinds.indexOf('MatMul'));
  });
  it('finds names and the tensors an operator writes', () => {
    expect(search(graph, 'stage3/relu_').hits.every((hit) => hit.field === 'name')).toBe(true);
    const tensor = search(graph, `${graph.tensorNames[5]}`);
    expect(tensor.hits.map((hit) => hit.operator)).toContain(5);
  });
  it('finds an input through its reader', () => {
    expect(search(graph, 'input').hits[0]).toMatchObject({ operator: 0, field: 'tensor' });
  });
  it('treats the query as text, never as a pattern', () => {
    expect(search(graph, '.*').total).toBe(0);
    expect(search(graph, '   ').total).toBe(0);
  });
});
