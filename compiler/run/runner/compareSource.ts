/**
 * Two plans in one program, a part of the runner's main file: the steps, inputs and outputs of the second plan follow those of the
 * first. Both use the same arena (inputs are filled in before every inference) and run by turns, the order flipped from pair
 * to pair, so that whatever drifts or depends on who came before hits both alike. Totals are wall times until the machine has
 * finished; times of blocks are its laps (on a GPU the device's own, by events).
 */
export const COMPARE_SOURCE = String.raw`
typedef struct {
  int32_t step, step_end, input, input_end, output, output_end;
} plan;

/* Whatever the time limit, as many pairs as statistics need. */
#define LEAST_PAIRS 16
#define LEAST_BLOCK_PAIRS 8

static int64_t run_plan(const plan *own) {
  fill_range(own->input, own->input_end);
  return run_range(own->step, own->step_end);
}

/* An even number of pairs, so that each plan came first as often as the other. */
static int is_over(int32_t pairs, int32_t least, int64_t budget_ns, int64_t start) {
  return pairs >= least && pairs % 2 == 0 && budget_ns > 0 && now() - start > budget_ns;
}

static void compare_totals(const plan *plans, int32_t most, int64_t budget_ns) {
  int64_t *times = fusion_allocate((int64_t)sizeof(int64_t) * 2 * most, "times");
  int64_t start = now();
  int32_t pairs = 0;
  for (; pairs < most && !is_over(pairs, LEAST_PAIRS, budget_ns, start); pairs++) {
    for (int32_t turn = 0; turn < 2; turn++) {
      int32_t which = (pairs + turn) % 2;
      times[(int64_t)which * most + pairs] = run_plan(plans + which);
    }
  }
  for (int32_t which = 0; which < 2; which++) {
    fusion_report_plan_total(which, times + (int64_t)which * most, pairs);
  }
  free(times);
}

static void compare_blocks(const plan *plans, int32_t most, int64_t budget_ns) {
  int32_t steps = program->step_count, pairs = 0;
  int64_t *times = fusion_allocate((int64_t)sizeof(int64_t) * steps * most, "block times");
  int64_t start = now();
  for (; pairs < most && !is_over(pairs, LEAST_BLOCK_PAIRS, budget_ns, start); pairs++) {
    for (int32_t turn = 0; turn < 2; turn++) {
      const plan *own = plans + (pairs + turn) % 2;
      fill_range(own->input, own->input_end);
      time_range(own->step, own->step_end, times + pairs, most);
    }
  }
  for (int32_t i = 0; i < steps; i++) {
    fusion_report_block(i, times + (int64_t)i * most, pairs);
  }
  free(times);
}

static void compare_plans(const fusion_options *chosen) {
  plan plans[2] = {
      {0, chosen->second_step, 0, chosen->second_input, 0, chosen->second_output},
      {chosen->second_step, program->step_count, chosen->second_input, program->input_count,
       chosen->second_output, program->output_count},
  };
  if (plans[0].step_end > program->step_count || plans[0].input_end > program->input_count ||
      plans[0].output_end > program->output_count) {
    fusion_fail("the second plan starts after its end", NULL);
  }
  for (int32_t which = 0; which < 2; which++) {
    fusion_report_plan_first(which, run_plan(plans + which));
  }
  int64_t start = now();
  for (int32_t i = 0; i < chosen->warmup; i++) {
    if (is_over(i, 2, chosen->budget_ns, start)) break;
    for (int32_t which = 0; which < 2; which++) run_plan(plans + which);
  }
  if (chosen->runs > 0) {
    compare_totals(plans, chosen->runs, chosen->budget_ns);
    compare_blocks(plans, chosen->runs, chosen->budget_ns);
  }
  FILE *file = fusion_create(chosen->outputs);
  int64_t offset = 0;
  for (int32_t which = 0; which < 2; which++) {
    run_plan(plans + which);
    offset = fusion_put_outputs(file, symbols, plans[which].output, plans[which].output_end, offset);
  }
  fusion_close(file);
}
`;
