/**
 * From a lowered program to a fast one for a target. The result means the same (sums may be reassociated), keeps the
 * names and the order of arguments, and reads constants in the layouts that it lists.
 */
import { simplifyProgram } from '../loop/simplify.ts';
import type { ScheduledProgram, ScheduleRequest } from './schedule.ts';
import type { LoopProgram } from '../loop/ir.ts';

export function scheduleProgram(program: LoopProgram, request: ScheduleRequest): ScheduledProgram {
  if (request.layouts.size > 0) throw new Error(`${program.name}: layouts are not applied yet`);
  return { program: simplifyProgram(program), packed: new Map() };
}
