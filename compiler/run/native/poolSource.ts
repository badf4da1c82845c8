/**
 * `fusion_pool.c`: threads that share the iterations of one kernel phase. A condition variable takes 20 to 50
 * microseconds to wake a thread, spinning takes 0.3: threads spin up to about a millisecond after their last
 * work, so they are there for the next kernel and asleep between inferences that are further apart. The split is
 * static and whole iterations; the caller takes the first part.
 */

export const POOL_SOURCE = String.raw`/* Threads that share the iterations of one phase. */
#define _GNU_SOURCE
#include <pthread.h>
#ifdef __linux__
#include <sched.h>
#endif
#include <stdatomic.h>
#include <stdlib.h>
#include "fusion_runtime.h"

#if defined(__x86_64__) || defined(__i386__)
#define PAUSE() __builtin_ia32_pause()
/* About a millisecond. */
#define MOST_SPINS 25000
#elif defined(__aarch64__) || defined(__arm__)
#define PAUSE() __asm__ __volatile__("yield")
#define MOST_SPINS 100000
#else
#define PAUSE() ((void)0)
#define MOST_SPINS 100000
#endif

typedef struct fusion_pool fusion_pool;

typedef struct {
  fusion_pool *pool;
  int index;
  /* Written by one thread, read by the caller after the join. */
  int32_t failure;
  /* Threads write their results: each on cache lines of its own. */
  char padding[128];
} worker;

struct fusion_pool {
  int threads;
  worker *workers;
  /* What kernels see of it. */
  fusion_run run;
  /* What the current round runs. */
  fusion_phase phase;
  const fusion_args *args;
  int64_t extent;
  _Alignas(128) atomic_uint round;
  _Alignas(128) atomic_int pending;
  _Alignas(128) atomic_int sleepers;
  atomic_int caller_waits;
  pthread_mutex_t mutex;
  pthread_cond_t work;
  pthread_cond_t finished;
};

static void run_part(fusion_pool *pool, worker *self) {
  int64_t n = pool->threads;
  int64_t each = pool->extent / n, rest = pool->extent % n, i = self->index;
  int64_t begin = each * i + (i < rest ? i : rest);
  int64_t end = begin + each + (i < rest);
  self->failure = begin < end ? pool->phase(pool->args, begin, end, self->index) : 0;
}

static void await_round(fusion_pool *pool, unsigned seen) {
  for (int spins = 0; spins < MOST_SPINS; spins++) {
    if (atomic_load(&pool->round) != seen) return;
    PAUSE();
  }
  pthread_mutex_lock(&pool->mutex);
  /* Counted before the last look, so that the caller either sees a sleeper or is seen. */
  atomic_fetch_add(&pool->sleepers, 1);
  while (atomic_load(&pool->round) == seen) pthread_cond_wait(&pool->work, &pool->mutex);
  atomic_fetch_sub(&pool->sleepers, 1);
  pthread_mutex_unlock(&pool->mutex);
}

static void *worker_main(void *argument) {
  worker *self = argument;
  fusion_pool *pool = self->pool;
  unsigned seen = 0;
  fusion_signal_stack();
  for (;;) {
    await_round(pool, seen);
    /* The caller starts no further round before this one is joined. */
    seen++;
    run_part(pool, self);
    if (atomic_fetch_sub(&pool->pending, 1) == 1 && atomic_load(&pool->caller_waits)) {
      pthread_mutex_lock(&pool->mutex);
      pthread_cond_signal(&pool->finished);
      pthread_mutex_unlock(&pool->mutex);
    }
  }
  return NULL;
}

static void fork_round(fusion_pool *pool) {
  atomic_store(&pool->pending, pool->threads - 1);
  atomic_fetch_add(&pool->round, 1);
  if (atomic_load(&pool->sleepers) > 0) {
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
  }
}

static void join_round(fusion_pool *pool) {
  for (int spins = 0; spins < MOST_SPINS; spins++) {
    if (atomic_load(&pool->pending) == 0) return;
    PAUSE();
  }
  pthread_mutex_lock(&pool->mutex);
  atomic_store(&pool->caller_waits, 1);
  while (atomic_load(&pool->pending) > 0) pthread_cond_wait(&pool->finished, &pool->mutex);
  atomic_store(&pool->caller_waits, 0);
  pthread_mutex_unlock(&pool->mutex);
}

/* Work below this many scalar operations is done before another thread has heard of it. */
#define LEAST_WORK 16384

static int32_t run_parallel(void *argument, fusion_phase phase, const fusion_args *args,
                            int64_t extent, int64_t cost) {
  fusion_pool *pool = argument;
  if (extent <= 0) return 0;
  int is_small = cost < LEAST_WORK && extent < LEAST_WORK && extent * cost < LEAST_WORK;
  if (extent == 1 || pool->threads == 1 || is_small) return phase(args, 0, extent, 0);
  pool->phase = phase;
  pool->args = args;
  pool->extent = extent;
  fork_round(pool);
  run_part(pool, &pool->workers[0]);
  join_round(pool);
  for (int i = 0; i < pool->threads; i++) {
    if (pool->workers[i].failure != 0) return pool->workers[i].failure;
  }
  return 0;
}

/* @returns the character after the number; NULL: there is none, or it is too large */
static const char *read_core(const char *text, long *core) {
  char *end;
  if (*text < '0' || *text > '9') return NULL;
  *core = strtol(text, &end, 10);
  return *core < 0 || *core > 4095 ? NULL : end;
}

int fusion_use_cores(const char *list) {
#ifdef __linux__
  cpu_set_t chosen;
  CPU_ZERO(&chosen);
  for (const char *at = list;;) {
    long first, last;
    at = read_core(at, &first);
    last = first;
    if (at != NULL && *at == '-') at = read_core(at + 1, &last);
    if (at == NULL || last < first) return 0;
    for (long core = first; core <= last && core < CPU_SETSIZE; core++) CPU_SET(core, &chosen);
    if (*at == 0) break;
    if (*at++ != ',') return 0;
  }
  /* A hint: cores may be off, or kept for others. Threads that start later inherit it. */
  if (sched_setaffinity(0, sizeof chosen, &chosen) != 0) return 1;
#else
  (void)list;
#endif
  return 1;
}

const fusion_run *fusion_pool_start(int threads, int64_t scratch_bytes) {
  fusion_pool *pool = fusion_allocate(sizeof *pool, "the thread pool");
  unsigned char **scratch =
      fusion_allocate((int64_t)sizeof(*scratch) * threads, "the thread pool");
  pool->threads = threads;
  pool->workers = fusion_allocate((int64_t)sizeof(worker) * threads, "the thread pool");
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->work, NULL);
  pthread_cond_init(&pool->finished, NULL);
  for (int i = 0; i < threads; i++) {
    worker *self = &pool->workers[i];
    self->pool = pool;
    self->index = i;
    scratch[i] = fusion_allocate(scratch_bytes, "scratch memory");
    if (i == 0) continue;
    pthread_t thread;
    if (pthread_create(&thread, NULL, worker_main, self) != 0) {
      fusion_fail("a thread cannot be started", NULL);
    }
    pthread_detach(thread);
  }
  pool->run = (fusion_run){pool, run_parallel, threads, scratch};
  return &pool->run;
}
`;
