/**
 * Bytes that one work item of a GPU keeps for itself. What is beyond goes to scratch, of which there is enough for a few
 * items only: schedules leave such loops to launches of few items, emitters refuse them in work-groups.
 */
export const ITEM_BYTES = 16 << 10;
