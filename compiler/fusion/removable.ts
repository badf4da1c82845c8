/**
 * IR_removable (DNNFusion section 4.1): values that live and die inside one block and are never stored.
 */
import type { Ecg } from '../ecg/ecg.ts';

/** Per graph value: 1 when an operator produces it, it is no graph output and every reader is in its block. */
export function removableValues(ecg: Ecg, blockOf: Int32Array): Uint8Array {
  return Uint8Array.from(ecg.graph.values, ({ producer, isOutput, consumers }) => {
    if (producer < 0 || isOutput) return 0;
    return consumers.every((consumer) => blockOf[consumer] === blockOf[producer]) ? 1 : 0;
  });
}
