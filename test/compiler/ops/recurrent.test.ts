import { describe, expect, it } from 'vitest';
import { FAMILY } from '../../../compiler/ops/recurrent.ts';
import { entryNamed, flopsOf, inferText, mappingOf } from './operatorCase.ts';

const f = (shape: string): string => `float32 ${shape}`;

describe('recurrent layers', () => {
  const lstm = entryNamed(FAMILY, 'LSTM');
  const gru = entryNamed(FAMILY, 'GRU');

  it('LSTM gives all hidden states, the last and the last cell', () => {
    const spec = {
      inputs: [f('s,b,10'), f('2,80,10!'), f('2,80,20!')],
      attributes: { hidden_size: 20, direction: 'bidirectional' },
    };
    expect(inferText(lstm, spec)).toEqual([f('s×2×b×20'), f('2×b×20'), f('2×b×20')]);
    expect(mappingOf(lstm, spec).node).toBe('opaque');
  });

  it('layout 1 has the batch first; the hidden size may come from R', () => {
    const spec = { inputs: [f('3,1,2'), f('1,28,2!'), f('1,28,7!')], attributes: { layout: 1 } };
    expect(inferText(lstm, spec)).toEqual([f('3×1×1×7'), f('3×1×7'), f('3×1×7')]);
  });

  it('GRU and RNN have no cell; unknown inputs still have a rank', () => {
    const spec = { inputs: [f('?'), f('1,15,2!'), f('1,15,5!')] };
    expect(inferText(gru, spec)).toEqual([f('steps×1×batch×5'), f('1×batch×5')]);
    const wrong = { inputs: [f('3,2'), f('1,15,2!'), f('1,15,5!')] };
    expect(inferText(gru, wrong)[0]).toMatch(/rank 2/);
  });

  it('counts the gates of every step', () => {
    const spec = { inputs: [f('7,2,10'), f('1,80,10!'), f('1,80,20!')] };
    // 14 cells of the batch and time, 4 gates over 30 inputs, and 18 operations a hidden cell.
    expect(flopsOf(lstm, spec)).toBe(String(14 * (2 * 4 * 20 * 30 + 18 * 20)));
  });
});
