/* Loaded into every program of a device (/etc/ld.so.preload). Programs that were pushed, and only those, meet what a
   phone would have: a processor of another kind (through an emulator, or refused), and the faults that a test sets.
   /system/etc/machines holds a line for each kind that runs: ELF machine number, emulator or '-'.
   /system/etc/program-fault, while it is there, is run in the place of a program. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;
typedef int Execve(const char *, char *const[], char *const[]);

static int realExecve(const char *path, char *const argv[], char *const env[]) {
  static Execve *next;
  if (!next) next = (Execve *)dlsym(RTLD_NEXT, "execve");
  return next(path, argv, env);
}

/* ELF machine of a pushed program, 0 for everything else. */
static int machineOf(const char *path) {
  char real[PATH_MAX];
  unsigned char head[20];
  if (!realpath(path, real) || strncmp(real, "/data/", 6) != 0) return 0;
  FILE *file = fopen(real, "rb");
  if (!file) return 0;
  size_t read = fread(head, 1, sizeof head, file);
  fclose(file);
  if (read < sizeof head || memcmp(head, "\177ELF", 4) != 0) return 0;
  return head[18] | head[19] << 8;
}

/* 1 with an emulator's path ('-': none needed) when programs for the machine run here. */
static int emulatorOf(int machine, char *emulator) {
  FILE *file = fopen("/system/etc/machines", "r");
  int known = 0, found = 0;
  while (file && !found && fscanf(file, "%d %255s", &known, emulator) == 2) found = known == machine;
  if (file) fclose(file);
  return found;
}

static int runThrough(char *const before[], const char *path, char *const argv[], char *const env[]) {
  int count = 0, at = 0;
  while (argv[count]) count++;
  char **all = malloc((count + 8) * sizeof *all);
  for (; before[at]; at++) all[at] = before[at];
  all[at++] = (char *)path;
  for (int i = 1; i < count; i++) all[at++] = argv[i];
  all[at] = NULL;
  int result = realExecve(all[0], all, env);
  free(all);
  return result;
}

int execve(const char *path, char *const argv[], char *const env[]) {
  int machine = machineOf(path);
  if (machine == 0) return realExecve(path, argv, env);
  if (access(path, X_OK) != 0) return -1;
  char emulator[256];
  if (!emulatorOf(machine, emulator)) {
    errno = ENOEXEC;
    return -1;
  }
  if (access("/system/etc/program-fault", R_OK) == 0 && !getenv("PROGRAM_FAULT")) {
    setenv("PROGRAM_FAULT", "1", 1);
    char *fault[] = {"/system/bin/sh", "/system/etc/program-fault", NULL};
    return runThrough(fault, path, argv, environ);
  }
  if (strcmp(emulator, "-") == 0) return realExecve(path, argv, env);
  char *run[] = {emulator, "-0", argv[0] ? argv[0] : (char *)path, NULL};
  return runThrough(run, path, argv, env);
}

int execv(const char *path, char *const argv[]) { return execve(path, argv, environ); }

int execvpe(const char *name, char *const argv[], char *const env[]) {
  if (strchr(name, '/')) return execve(name, argv, env);
  const char *folders = getenv("PATH");
  char path[PATH_MAX];
  for (const char *at = folders ? folders : ""; *at;) {
    size_t length = strcspn(at, ":");
    snprintf(path, sizeof path, "%.*s/%s", (int)length, at, name);
    if (access(path, F_OK) == 0) return execve(path, argv, env);
    at += length + (at[length] == ':');
  }
  errno = ENOENT;
  return -1;
}

int execvp(const char *name, char *const argv[]) { return execvpe(name, argv, environ); }
