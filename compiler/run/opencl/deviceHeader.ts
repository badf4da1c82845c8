/** `fusion_device.h`: what the files of the host program share of the OpenCL device that they work on. */

export const DEVICE_HEADER = String.raw`/* The OpenCL device that a run works on. */
#ifndef FUSION_DEVICE_H
#define FUSION_DEVICE_H

#include "fusion_cl.h"
#include "fusion_runtime.h"

/* fusion_device.c */

typedef struct {
  cl_device id;
  cl_context context;
  cl_queue queue;
  char name[128];
  /* 'OpenCL 3.0 …'. */
  char version[128];
  int is_gpu;
  /* Device, driver and their versions: programs built for one are for no other. */
  char identity[640];
} fusion_device;

/*
 * The first GPU whose name or platform contains the text; without a text, or without such a GPU, the first device of any
 * kind. Ends the run where there is none.
 */
fusion_device fusion_device_open(const char *wanted);
cl_memory fusion_device_memory(const fusion_device *device, int64_t bytes, const char *what);
/* Ends the run unless the code is 0. */
void fusion_device_expect(int32_t code, const char *what);

/* fusion_build.c */

typedef struct {
  /* OpenCL C. */
  const char *source;
  /* Start of the names of built programs of this source, and where one is written before it has its name; NULL: none is kept. */
  const char *built, *unfinished;
} fusion_build_files;

/* From a program that was built before, else from source; then it is kept, if there is a name for it. */
cl_program fusion_device_build(const fusion_device *device, const fusion_build_files *files);

#endif
`;
