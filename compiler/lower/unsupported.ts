/**
 * Thrown while lowering where an operator, or the way it is used, has no kernel yet. Never leads to wrong
 * numbers: a block that cannot be lowered as a whole is refused with this reason.
 */
export class Unsupported extends Error {
  constructor(
    /** Stable id of the operator. */
    readonly operator: string,
    /** Completes "... cannot be compiled: <reason>". Plain text. */
    readonly reason: string,
  ) {
    super(`${operator}: ${reason}`);
    this.name = 'Unsupported';
  }
}
