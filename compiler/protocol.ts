/**
 * Every message between the three processes, as plain data:
 *   host <-> worker  (`protocol/workerMessages.ts`);
 *   page <-> host    (`protocol/pageMessages.ts`).
 * The host is the VS Code extension or `fusion-studio open`. Large arrays are typed arrays.
 * All names and texts come from untrusted models: never markup.
 */
export type * from './protocol/graphSnapshot.ts';
export type * from './protocol/planSnapshot.ts';
export type * from './protocol/details.ts';
export type * from './protocol/variants.ts';
export type * from './protocol/runs.ts';
export type * from './protocol/workerMessages.ts';
export type * from './protocol/editRequests.ts';
export type * from './protocol/pageState.ts';
export * from './protocol/pageMessages.ts';
